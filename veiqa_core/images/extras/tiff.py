"""TIFF by tifffile: grey or RGB as float, 16-bit channels one after another, BigTIFF."""

from __future__ import annotations

import logging
from typing import Any, BinaryIO

import numpy as np
import PIL.Image
import tifffile
from numpy.typing import NDArray

from .. import colour, limits
from ..counting import AtPage, pages
from ..decoded import Decoded, Unreadable

_DNG, _ORIENTATION, _PROFILE = 50706, 274, 34675
_ASSOCIATED, _UNASSOCIATED = 1, 2

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # its remarks on metadata are not for standard error


def count(stream: BinaryIO) -> int:
    """How many pages there are."""
    with _opened(stream):  # which finds out whether it is one
        return max(1, len(pages(stream)))


def decode(stream: BinaryIO, frame: int | None) -> Decoded:
    """A page, counted from 1; for None the first, with a remark where there are others."""
    offsets = pages(stream)
    found = max(1, len(offsets))
    if frame is not None and not 1 <= frame <= found:
        raise Unreadable(f"has no frame {frame}: it has {found}")
    with _opened(AtPage(stream, offsets[frame - 1]) if frame is not None and frame > 1 else stream) as file:
        page: Any = file.pages.first
        limits.check_size(page.imagewidth, page.imagelength)
        remarks = (f"first of {found} frames",) if frame is None and found > 1 else ()
        values, opacity = _channels(page)
        profile = page.tags.valueof(_PROFILE)
        turn = page.tags.valueof(_ORIENTATION) or 1
    profile = profile if isinstance(profile, bytes) else None
    if values.dtype == np.uint8:
        levels, more = colour.to_srgb(PIL.Image.fromarray(values), profile)
    else:
        levels, more = colour.deep_to_srgb(values, profile)
    if opacity is not None:
        levels = colour.on_white(levels, opacity)
    return Decoded(_upright(levels, int(turn)), remarks + more)


def _channels(page: Any) -> tuple[NDArray[Any], NDArray[np.uint16] | None]:
    """Levels ``[H, W]`` or ``[H, W, 3]`` and opacity, if there is one."""
    kinds = {tifffile.PHOTOMETRIC.MINISBLACK: 1, tifffile.PHOTOMETRIC.MINISWHITE: 1, tifffile.PHOTOMETRIC.RGB: 3}
    if _DNG in page.tags:
        raise Unreadable("is a camera's raw file; name it .dng")
    if page.photometric not in kinds:
        raise Unreadable(f"holds {page.photometric.name} pixels; save it as grey or RGB")
    channels = kinds[page.photometric]
    values = page.asarray()
    if values.dtype not in (np.uint8, np.uint16) and values.dtype.kind != "f":
        raise Unreadable(f"holds {values.dtype}; save it with 8 or 16 bits or floats in [0, 1] a channel")
    if values.ndim == 3 and page.axes.startswith("S"):  # channels one after another
        values = np.moveaxis(values, 0, -1)
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[-1] < channels:
        raise Unreadable(f"holds an array of {values.shape}; save one grey or RGB image")
    extra = tuple(int(item) for item in page.extrasamples)[:1]
    if extra == (_ASSOCIATED,) or (extra == (_UNASSOCIATED,) and values.dtype.kind == "f"):
        raise Unreadable("its colours are premultiplied or its opacity is a float; lay it on a background first")
    opacity = values[..., channels].astype(np.uint16) if extra == (_UNASSOCIATED,) else None
    if opacity is not None and values.dtype == np.uint8:
        opacity *= 257
    colours = values[..., :channels]
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        colours = (1 if values.dtype.kind == "f" else np.iinfo(values.dtype).max) - colours
    return np.ascontiguousarray(colours if channels == 3 else colours[..., 0]), opacity


def _upright(levels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turned as TIFF's orientation says, 1 being upright."""
    if orientation in (5, 6, 7, 8):
        levels = levels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        levels = levels[::-1]
    if orientation in (2, 3, 6, 7):
        levels = levels[:, ::-1]
    return levels


def _opened(stream: Any) -> tifffile.TiffFile:
    """A file to read, or :class:`AtPage`, which can be read as one."""
    stream.seek(0)
    return tifffile.TiffFile(stream)
