"""What decoders give and raise, before a name is known."""

from __future__ import annotations

from typing import Any

import attrs
from numpy.typing import NDArray


class Unreadable(Exception):
    """A source cannot be read; the text says why, without its name."""


@attrs.frozen(eq=False)
class Decoded:
    """A decoded picture.

    Attributes:
        levels: ``[H, W]``, ``[H, W, 1]`` or ``[H, W, 3]`` in sRGB, upright: uint8, uint16, or floats in [0, 1].
        remarks: what a reader of its score should know.
    """

    levels: NDArray[Any]
    remarks: tuple[str, ...] = ()
