"""The records of this plugin's components, a module a family; none imports the code of a component.

The ranges in the trait ``strength`` of the first generators are about those of the LIVE database: blur of sigma 0.4 to
15, JPEG from 3 bits per pixel to 0.2, JPEG2000 from 3 to 0.03; but noise of deviation 0.01 to 0.7, beyond which hardly
anything is left to see. Those of the others begin where the change is hard to see and end where it spoils the image.
"""

from __future__ import annotations

from . import blur, codecs, colour, enhancement, levels, loss, mixtures, noise, sampling, tone

FAMILIES = (blur, noise, codecs, levels, sampling, enhancement, tone, colour, loss, mixtures)
COMPONENTS = tuple(component for family in FAMILIES for component in family.COMPONENTS)
