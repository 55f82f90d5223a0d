"""Colours of 16 bits a channel, of which Pillow by itself keeps the upper eight.

Where a file can be read a second time as if the two bytes of each value were the other way round, that gives the lower
eight. 16-bit grey without opacity, which Pillow reads whole, is no concern of this module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from .decoded import Unreadable

Picture = PIL.Image.Image

_OTHER_THAN_NATIVE = "B" if sys.byteorder == "little" else "L"
_SWAPPED = {
    f"{colours};16{order}": f"{colours};16{other}"
    for colours in ("RGB", "RGBA")
    for order, other in (("B", "L"), ("L", "B"), ("N", _OTHER_THAN_NATIVE))
}
_GREY_AND_OPACITY = "LA;16B"  # whose four bytes can be read as four channels


def is_cut(image: Picture) -> bool:
    """Whether a file that is not yet loaded has 16 bits a channel, and Pillow can only give the upper eight."""
    name = _layout(image)
    return ";16" in name and not image.mode.startswith("I") and name not in _SWAPPED and name != _GREY_AND_OPACITY


def levels(
    image: Picture, again: Callable[[], AbstractContextManager[Picture]], upright: Callable[[Picture], Picture]
) -> NDArray[np.uint16] | None:
    """``[H, W, C]``, with C being 2 (grey, opacity), 3 (RGB) or 4 (RGB, opacity); None where 16 bits are no matter.

    Args:
        image: a file that is opened and not yet loaded.
        again: opens it once more.
        upright: loads and turns a picture.
    """
    name = _layout(image)
    if name == _GREY_AND_OPACITY and image.mode == "RGBA":
        four = np.asarray(upright(_laid_out(image, "RGBA")))
        return _joined(four[..., 0::2], four[..., 1::2])
    if name not in _SWAPPED or image.mode not in ("RGB", "RGBA"):
        return None
    upper = np.asarray(upright(_laid_out(image, name)))
    with again() as other:
        if _layout(other) != name:
            raise Unreadable("changed while it was read")
        lower = np.asarray(upright(_laid_out(other, _SWAPPED[name])))
    return _joined(upper, lower)


def _joined(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> NDArray[np.uint16]:
    joined = upper.astype(np.uint16)
    joined <<= 8
    joined |= lower
    return joined


def _layout(image: Picture) -> str:
    """Pillow's name for how a file that is not yet loaded stores its values; empty where there is none."""
    tiles = getattr(image, "tile", None)
    if not tiles:
        return ""
    codec, _, _, arguments = tiles[0]
    if codec == "ppm" and tuple(arguments) == ("RGB", 65535):
        return "RGB;16B"
    name = arguments[0] if isinstance(arguments, tuple | list) and arguments else arguments
    return name if isinstance(name, str) else ""


def _laid_out(image: Any, name: str) -> Any:
    """The file to be loaded as if it were stored so."""
    image.tile = [_with_layout(tile, name) for tile in image.tile]
    return image


def _with_layout(tile: Any, name: str) -> Any:
    if tile[0] == "ppm":  # of 65535 levels: as good as raw
        return ("raw", *tile[1:3], (name, 0, 1))
    arguments = name if isinstance(tile[3], str) else type(tile[3])((name, *tile[3][1:]))
    return tile._replace(args=arguments) if hasattr(tile, "_replace") else (*tile[:3], arguments)
