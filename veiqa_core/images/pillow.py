"""What Pillow opens: which frame, which way up, and how its kind of pixels becomes levels."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import attrs
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from . import colour, deep, limits, tiff_tags
from .counting import AtPage, Frames, frames, pages
from .decoded import Decoded, Unreadable
from .formats import BY_SUFFIX, PILLOW

Picture = PIL.Image.Image
Remarks = tuple[str, ...]

_INTEGERS = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_ORIENTATION = 0x0112
_TURNS = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}

logging.getLogger("PIL").addHandler(logging.NullHandler())  # its remarks on metadata are not for standard error


@attrs.frozen
class ByPillow:
    """Reads files by Pillow.

    Attributes:
        suffix: the file's, for formats without a signature.
    """

    suffix: str

    def count(self, stream: BinaryIO) -> int:
        """How many frames there are."""
        with opened(stream, self.suffix) as image:
            tiff_tags.check(image)
            return frames(image, stream).found

    def decode(self, stream: BinaryIO, frame: int | None) -> Decoded:
        """A frame, counted from 1; for None the first, with a remark where there are others."""
        with self._at(stream, frame or 1) as (image, there):
            tiff_tags.check(image)
            remarks: Remarks = (f"first of {there.found} frames",) if frame is None and there.found > 1 else ()
            remarks += there.remarks
            if deep.is_cut(image):
                remarks += ("has 16 bits a channel, of which the upper 8 are read",)
            levels = deep.levels(image, lambda: self._again(stream, frame or 1), _upright)
            made = of_picture(image) if levels is None else _of_deep(levels, image)
            return Decoded(made.levels, remarks + made.remarks)

    @contextmanager
    def _again(self, stream: BinaryIO, frame: int) -> Iterator[Picture]:
        """The frame once more, not yet loaded."""
        with self._at(stream, frame) as (image, _):
            yield image

    @contextmanager
    def _at(self, stream: BinaryIO, frame: int) -> Iterator[tuple[Picture, Frames]]:
        """A frame that is not yet loaded, and what frames there are.

        Raises:
            Unreadable: there is no such frame, or it is too large.
        """
        with opened(stream, self.suffix) as image:
            there = frames(image, stream)
            if not 1 <= frame <= there.found:
                raise Unreadable(f"has no frame {frame}: it has {there.found}")
            if image.format != "TIFF" or frame == 1:
                if there.found > 1:
                    image.seek(frame - 1)
                limits.check_size(*image.size)
                yield image, there
                return
        page = AtPage(stream, pages(stream)[frame - 1])
        with opened(page, self.suffix) as image:
            yield image, there


def of_picture(image: Picture) -> Decoded:
    """A Pillow image as it is: its current frame, with its profile and orientation applied."""
    profile = image.info.get("icc_profile") or None
    transparent = image.info.get("transparency")
    grey = tiff_tags.Grey.of(image)
    image = _upright(image)
    if image.mode in _INTEGERS:
        levels = grey.levels(np.asarray(image))
        if isinstance(transparent, int) and levels.dtype == np.uint16:
            levels = np.where(levels == transparent, np.uint16(65535), levels)
        made, remarks = colour.deep_to_srgb(levels, profile)
        return Decoded(made, grey.remarks + remarks)
    if image.mode == "F":
        return Decoded(*colour.deep_to_srgb(np.asarray(image), profile))
    return Decoded(*colour.to_srgb(image, profile))


def _of_deep(levels: NDArray[np.uint16], image: Picture) -> Decoded:
    """Grey with opacity, RGB, or RGB with opacity, in 16 bits."""
    channels = levels.shape[-1]
    opacity = levels[..., -1] if channels in (2, 4) else None
    colours = levels[..., 0] if channels == 2 else levels[..., :3]
    transparent = image.info.get("transparency")
    if opacity is None and isinstance(transparent, tuple):
        opacity = np.where((colours == transparent).all(-1), np.uint16(0), np.uint16(65535))
    made, remarks = colour.deep_to_srgb(colours, image.info.get("icc_profile") or None)
    return Decoded(made if opacity is None else colour.on_white(made, opacity), remarks)


def _upright(image: Picture) -> Picture:
    """An image loaded, and turned as its EXIF data say; what else they hold may be damaged."""
    image.load()
    try:
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged metadata raise nearly everything, and do not hide the picture
        turn = None
    return image if turn is None else image.transpose(turn)


@contextmanager
def opened(stream: BinaryIO | AtPage, suffix: str) -> Iterator[Picture]:
    """A file, not yet loaded.

    Raises:
        PIL.UnidentifiedImageError: it is none of the formats that are read.
        Unreadable: it is too large.
    """
    by_suffix = (BY_SUFFIX[suffix],) if suffix in BY_SUFFIX else ()
    with warnings.catch_warnings(), limits.own_limit():
        warnings.simplefilter("ignore")  # Pillow's remarks on harmless metadata, and on its own limit
        stream.seek(0)
        with PIL.Image.open(cast(BinaryIO, stream), formats=PILLOW + by_suffix) as image:
            limits.check_size(*image.size)
            yield image
