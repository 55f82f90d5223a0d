"""DICOM, by pydicom: the picture that the file's own window or table shows.

Grey: the modality's rescaling, then the first VOI table or window of the file. Without one, values stored in 8 bits are
shown as they are, and deeper ones from the frame's smallest to its largest, which is reported. MONOCHROME1 is inverted.
Colour: palettes are looked up, YBR becomes RGB, an ICC profile is applied.
"""

from __future__ import annotations

import io
import logging
import warnings
from typing import Any, BinaryIO

import numpy as np
import PIL.Image
import pydicom
from numpy.typing import NDArray
from pydicom import encaps, pixels

from .. import colour, limits
from ..decoded import Decoded, Unreadable

logging.getLogger("pydicom").addHandler(logging.NullHandler())  # its remarks on metadata are not for standard error


def count(stream: BinaryIO) -> int:
    """How many frames there are."""
    return _frames(_read(stream))


def decode(stream: BinaryIO, frame: int | None) -> Decoded:
    """A frame, counted from 1; for None the first, with a remark where there are others."""
    data = _read(stream)
    frames = _frames(data)
    if frame is not None and not 1 <= frame <= frames:
        raise Unreadable(f"has no frame {frame}: it has {frames}")
    remarks = (f"first of {frames} frames",) if frame is None and frames > 1 else ()
    limits.check_size(int(data.get("Columns") or 0), int(data.get("Rows") or 0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stored = pixels.pixel_array(data, index=(frame or 1) - 1)
        levels, more = _shown(data, stored)
    return Decoded(levels, remarks + more)


def _shown(data: Any, stored: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    kind = str(data.get("PhotometricInterpretation", ""))
    if kind in ("MONOCHROME1", "MONOCHROME2"):
        levels, remarks = _grey(data, stored)
        return (1 - levels if kind == "MONOCHROME1" else levels), remarks
    if kind == "PALETTE COLOR":
        stored = pixels.apply_color_lut(stored, data)[..., :3]
    if stored.dtype == np.uint8:
        return colour.to_srgb(PIL.Image.fromarray(np.ascontiguousarray(stored)), data.get("ICCProfile"))
    if stored.dtype != np.uint16:
        raise Unreadable(f"holds colours as {stored.dtype}; 8 or 16 bits a channel are read")
    return colour.deep_to_srgb(stored, data.get("ICCProfile"))


def _grey(data: Any, stored: NDArray[Any]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """In [0, 1], 0 being the end that the window shows first."""
    tables = data.get("VOILUTSequence")
    values = pixels.apply_modality_lut(stored, data)
    if tables:
        bits = int(tables[0].LUTDescriptor[2])
        shown = pixels.apply_voi(values, data) / (2**bits - 1)
    elif data.get("WindowCenter") is not None and data.get("WindowWidth") is not None:
        center, width = _first(data.WindowCenter), _first(data.WindowWidth)
        shown = _windowed(values.astype(np.float64), center, width, str(data.get("VOILUTFunction") or "LINEAR"))
    elif int(data.BitsStored) <= 8 and stored.dtype.kind == "u":
        shown = stored / (2 ** int(data.BitsStored) - 1)
    else:
        low, high = float(values.min()), float(values.max())
        shown = (values - low) / (high - low) if high > low else np.zeros(values.shape)
        remarks = ("names no window: shown from its smallest to its largest value",)
        return np.clip(shown, 0, 1).astype(np.float32), remarks
    return np.clip(shown, 0, 1).astype(np.float32), ()


def _windowed(values: NDArray[np.float64], center: float, width: float, function: str) -> NDArray[np.float64]:
    """The standard's functions (PS3.3, C.11.2.1), with 0 and 1 as the ends of what is shown."""
    if width < 1 or (function != "LINEAR" and width <= 0):
        raise Unreadable(f"its window has a width of {width:g}")
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(-4 * (values - center) / width)))
    if function == "LINEAR_EXACT":
        return (values - center) / width + 0.5
    if width == 1:
        return (values > center - 0.5).astype(np.float64)
    return (values - (center - 0.5)) / (width - 1) + 0.5


def _first(value: Any) -> float:
    return float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)


def _frames(data: Any) -> int:
    frames = max(1, int(data.get("NumberOfFrames") or 1))
    if frames > 1 and frames > _held(data):
        raise Unreadable(f"names {frames} frames and does not hold them")
    return frames


def _held(data: Any) -> int:
    """The most frames that the pixel data may hold."""
    syntax = data.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        buffer = io.BytesIO(data.PixelData)
        encaps.parse_basic_offsets(buffer)
        return int(encaps.parse_fragments(buffer)[0])
    size = int(data.Rows) * int(data.Columns) * int(data.SamplesPerPixel) * int(data.BitsAllocated)  # in bits
    if str(data.get("PhotometricInterpretation", "")) == "YBR_FULL_422":
        size = size * 2 // 3
    return 8 * len(data.PixelData) // max(1, size)


def _read(stream: BinaryIO) -> Any:
    stream.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(stream)
    if "PixelData" not in data:
        raise Unreadable("is DICOM without a picture")
    return data
