"""What a TIFF's tags say about its values that Pillow does not act on."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from .decoded import Unreadable

_BITS, _PHOTOMETRIC, _PLANES, _SIGN, _DNG = 258, 262, 284, 339, 50706
_MOST = 65535


class NotForPillow(Exception):
    """Pillow would give something else than the picture: of a camera's raw file a preview, or values mixed up."""

    def __init__(self, raw: bool) -> None:
        super().__init__("not for Pillow")
        self.raw = raw


@attrs.frozen
class Grey:
    """What integers mean.

    Attributes:
        white: the largest.
        inverted: whether 0 is white.
        remarks: what a reader of a score should know of that.
    """

    white: int = _MOST
    inverted: bool = False
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, image: PIL.Image.Image) -> Grey:
        """What an image's tags say, if it has any."""
        bits, *_ = _numbers(image, _BITS) or (16,)
        white = 2**bits - 1 if 8 < bits < 16 else _MOST
        wide = bits == 32 or (image.mode == "I" and image.format is None)  # formats of 16 bits are opened as I, too
        return cls(white, _numbers(image, _PHOTOMETRIC) == (0,), ("32-bit integers taken as 16 bits",) if wide else ())

    def levels(self, values: NDArray[Any]) -> NDArray[Any]:
        """uint16, or floats in [0, 1] where the largest value is not that of 16 bits.

        Raises:
            Unreadable: a value lies beyond.
        """
        if values.min() < 0 or values.max() > self.white:
            raise Unreadable("holds integers beyond 16 bits; save it with 8 or 16 bits a channel")
        values = values.astype(np.uint16)
        values = self.white - values if self.inverted else values
        return values if self.white == _MOST else values.astype(np.float32) / np.float32(self.white)


def check(image: PIL.Image.Image) -> None:
    """Find what Pillow would read, but wrongly.

    Raises:
        NotForPillow: another library can read it.
        Unreadable: it holds no pixels as they are understood here.
    """
    if image.format != "TIFF":
        return
    if _DNG in getattr(image, "tag_v2", ()):
        raise NotForPillow(raw=True)
    bits = _numbers(image, _BITS) or (1,)
    if 2 in _numbers(image, _SIGN) and max(bits) == 8:
        raise Unreadable("holds signed integers; save it with unsigned ones")
    if max(bits) > 8 and _numbers(image, _PLANES) == (2,) and len(bits) > 1:
        raise NotForPillow(raw=False)


def _numbers(image: PIL.Image.Image, tag: int) -> tuple[int, ...]:
    """A tag's whole numbers; none where it is not there."""
    tags = getattr(image, "tag_v2", None)
    value = None if tags is None else tags.get(tag)
    values = value if isinstance(value, tuple) else (value,)
    return tuple(item for item in values if isinstance(item, int))
