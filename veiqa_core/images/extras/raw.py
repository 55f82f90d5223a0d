"""A camera's raw files, by LibRaw through rawpy.

One rendering: white balance as the camera set it, LibRaw's default demosaicing (AHD), the camera's colours to sRGB with
sRGB's own curve, the sensor's white level as white without brightening, 16 bits a channel, upright.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import rawpy

from .. import limits
from ..decoded import Decoded, Unreadable

_SRGB_CURVE = (2.4, 12.92)


def count(stream: BinaryIO) -> int:
    """One: previews beside the raw data are no frames."""
    return 1


def decode(stream: BinaryIO, frame: int | None) -> Decoded:
    """The picture."""
    if frame not in (None, 1):
        raise Unreadable(f"has no frame {frame}: it has 1")
    stream.seek(0)
    raw: Any = rawpy.RawPy()
    with raw:
        raw.open_buffer(stream)
        limits.check_size(raw.sizes.width, raw.sizes.height)
        raw.unpack()
        levels = raw.postprocess(
            use_camera_wb=True,
            no_auto_bright=True,
            output_color=rawpy.ColorSpace.sRGB,
            gamma=_SRGB_CURVE,
            output_bps=16,
        )
    return Decoded(levels)
