"""HEIF, by libheif through pillow-heif: turned and cropped as the file says, 10 and 12 bits as 16."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import pillow_heif

from .. import colour, limits
from ..decoded import Decoded, Unreadable

_FORMS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


def count(stream: BinaryIO) -> int:
    """How many pictures there are."""
    return len(_opened(stream))


def decode(stream: BinaryIO, frame: int | None) -> Decoded:
    """A picture, counted from 1; for None the primary one, with a remark where there are others."""
    file = _opened(stream)
    frames = len(file)
    remarks: tuple[str, ...] = ()
    if frame is None:
        picture = file[file.primary_index]
        remarks = (f"the primary one of {frames} frames",) if frames > 1 else ()
    elif 1 <= frame <= frames:
        picture = file[frame - 1]
    else:
        raise Unreadable(f"has no frame {frame}: it has {frames}")
    limits.check_size(*picture.size)
    profile = picture.info.get("icc_profile") or None
    name, _, depth = picture.mode.partition(";")
    if depth != "16" or name not in _FORMS:
        levels, more = colour.to_srgb(picture.to_pillow(), profile)
        return Decoded(levels, remarks + more)
    values: Any = np.asarray(picture)
    channels = _FORMS[name]
    values = values.reshape(*values.shape[:2], channels)
    colours = values[..., 0] if channels < 3 else values[..., :3]
    levels, more = colour.deep_to_srgb(np.ascontiguousarray(colours), profile)
    return Decoded(levels if channels % 2 else colour.on_white(levels, values[..., -1]), remarks + more)


def _opened(stream: BinaryIO) -> Any:
    stream.seek(0)
    file = pillow_heif.open_heif(stream, convert_hdr_to_8bit=False)
    if len(file) == 0:
        raise Unreadable("holds no picture")
    return file
