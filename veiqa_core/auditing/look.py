"""What is measured of each image for itself."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from ..datasets import likeness
from ..errors import ImageError
from ..files.ahead import FetchedOnce
from ..files.paths import located, public_name
from ..files.urls import is_url
from ..images import Image, read
from ..images.facts import facts

_MOST = 2**21  # pixels that levels are taken from, spread evenly


@attrs.frozen
class Levels:
    """How the luma (ITU-R BT.601) of an image is spread, from 0, black, to 1, white.

    Attributes:
        dark, bright: the 5th and the 99th percentile.
        contrast: how far the 1st and the 99th percentile are apart.
        entropy: of 256 levels, in bits (Shannon, 1948).
    """

    dark: float
    bright: float
    contrast: float
    entropy: float


@attrs.frozen
class Seen:
    """What is known of an image.

    Attributes:
        name: as results have it.
        error: why it cannot be read; None where it can, and then all of the following is known.
        size: width and height in pixels.
        digest: of its pixels.
        looks: by which it is known again (see :mod:`veiqa_core.datasets.likeness`); None for one that is nearly plain.
        kind: what it is, as a remark, where that is no photo.
        format, fits, profile, wide: as :class:`veiqa_core.images.facts.Facts` has them; format is None where not known.
        url: where it is, with whatever is secret in that, where it was named by a URL.
    """

    name: str
    error: str | None = None
    size: tuple[int, int] = (0, 0)
    digest: str = ""
    looks: str | None = None
    kind: str | None = None
    levels: Levels = Levels(0, 0, 0, 0)
    format: str | None = None
    fits: bool = True
    profile: str | None = None
    wide: bool = False
    url: str | None = attrs.field(default=None, repr=False)

    @property
    def source(self) -> str:
        """The path or URL by which it is read."""
        return self.url or self.name


def look(source: str) -> Seen:
    """Everything that is measured of an image file, by its path or URL. What fails is said in it."""
    name, url = public_name(source), str(source) if is_url(source) else None
    source = source if url is None else FetchedOnce.of(source)
    try:
        image = read(source)
    except ImageError as error:
        return Seen(name, str(error), url=url)
    own = facts(located(source))
    return Seen(
        name=name,
        url=url,
        size=image.size,
        digest=image.digest,
        looks=likeness.look(image),
        kind=image.kind,
        levels=levels(image),
        format=None if own is None else own.format,
        fits=own is None or own.fits,
        profile=None if own is None else own.profile,
        wide=own is not None and own.wide,
    )


def levels(image: Image) -> Levels:
    """How the luma of an image is spread."""
    width, height = image.size
    step = max(1, int(np.ceil(np.sqrt(width * height / _MOST))))
    red, green, blue = image.pixels[0, :, ::step, ::step].numpy()
    luma: NDArray[np.float32] = 0.299 * red + 0.587 * green + 0.114 * blue
    counts = np.bincount(np.rint(luma.ravel() * 255).astype(np.intp), minlength=256)
    ends = np.searchsorted(np.cumsum(counts), np.array([0.01, 0.05, 0.99]) * counts.sum()) / 255
    shares = counts[counts > 0] / counts.sum()
    darkest, dark, bright = ends.tolist()
    return Levels(dark, bright, bright - darkest, float(-(shares * np.log2(shares)).sum()) + 0.0)  # no minus zero
