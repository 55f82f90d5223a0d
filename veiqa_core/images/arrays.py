"""Arrays and tensors become an image's values."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .decoded import Unreadable, quoted


def values_of(array: NDArray[Any]) -> Tensor:
    """``[1, 3, H, W]``, uint8 or float32 in [0, 1], from an array ``[H, W]``, ``[H, W, 1]`` or ``[H, W, 3]``.

    uint8 stays, uint16 is divided by its maximum; floats must be finite and lie in [0, 1].

    Raises:
        Unreadable: it is no such array.
    """
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3):
        hint = _layout_hint(array.shape)
        raise Unreadable(f"one grey or RGB image [H, W, 3] is needed, not an array of shape {array.shape}{hint}")
    if 0 in array.shape:
        raise Unreadable(f"has no pixels: its shape is {array.shape}")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype == np.uint16:
        array = array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
    elif array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
        raise Unreadable(f"holds {array.dtype}; use uint8, uint16, or floats in [0, 1]{_type_hint(array)}")
    elif array.dtype != np.uint8 and (not np.isfinite(array).all() or array.min() < 0 or array.max() > 1):
        raise Unreadable(f"float pixels must be finite and lie in [0, 1]{_range_hint(array)}")
    planes = np.moveaxis(np.broadcast_to(array, (*array.shape[:2], 3)), -1, 0)
    kind = torch.uint8 if array.dtype == np.uint8 else torch.float32
    values = torch.empty(1, *planes.shape, dtype=kind, device="cpu")  # torch's memory is aligned, NumPy's is not
    values[0].numpy()[...] = planes
    return values


def _layout_hint(shape: tuple[int, ...]) -> str:
    """What would mend an array of another layout, where that can be told."""
    if len(shape) == 3 and shape[0] in (1, 3):
        return ": its channels come first; give numpy.moveaxis(array, 0, -1), or a torch tensor"
    if len(shape) == 3 and shape[-1] == 4:
        return ": if the fourth channel is opacity, give array[..., :3]"
    if len(shape) == 3 and shape[-1] == 2:
        return ": if the second channel is opacity, give array[..., 0]"
    if len(shape) == 4:
        return ": of a batch, give one image after another"
    return ""


def _type_hint(array: NDArray[Any]) -> str:
    if array.dtype == np.bool_:
        return ": of a mask, give array.astype(float)"
    if np.issubdtype(array.dtype, np.integer) and array.size and array.min() >= 0 and array.max() <= 255:
        return ": all values are in 0 to 255; give array.astype(numpy.uint8)"
    return ""


def _range_hint(array: NDArray[Any]) -> str:
    if not np.isfinite(array).all() or array.min() < 0:
        return ""
    return ": if white is 255, divide by 255" if 1 < array.max() <= 255 else ""


def unit(values: Tensor) -> Tensor:
    """Values in [0, 1], float32, of 8-bit levels; floats are there already."""
    return values if values.dtype == torch.float32 else values.to(torch.float32).div_(255)


def array_of(tensor: Tensor) -> NDArray[Any]:
    """A tensor ``[H, W]``, ``[1, H, W]``, ``[3, H, W]``, or a batch of one of them, as an array, its channels last.

    Raises:
        Unreadable: it holds no pixels, or several images.
    """
    if tensor.ndim == 4 and len(tensor) == 1:
        tensor = tensor[0]
    if tensor.ndim not in (2, 3) or (tensor.ndim == 3 and len(tensor) not in (1, 3)):
        raise Unreadable(f"one image [3, H, W] is needed, not a tensor of shape {list(tensor.shape)}")
    try:
        array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().cpu().resolve_neg().numpy()
    except Exception as error:
        raise Unreadable(f"this tensor holds no pixels that can be read: {quoted(error)}") from error
    return np.moveaxis(array, 0, -1) if array.ndim == 3 else array
