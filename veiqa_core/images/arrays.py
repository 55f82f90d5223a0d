"""Arrays and tensors become pixels: RGB in [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .decoded import Unreadable, quoted


def pixels_of(array: NDArray[Any]) -> Tensor:
    """``[1, 3, H, W]`` float32 from levels ``[H, W]``, ``[H, W, 1]`` or ``[H, W, 3]``.

    uint8 and uint16 are divided by their type's maximum; floats must be finite and lie in [0, 1], and stay as they are.

    Raises:
        Unreadable: it is no such array.
    """
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3):
        raise Unreadable(f"one grey or RGB image is needed, not an array of shape {array.shape}")
    if 0 in array.shape:
        raise Unreadable(f"has no pixels: its shape is {array.shape}")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype in (np.uint8, np.uint16):
        array = array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
    elif not np.issubdtype(array.dtype, np.floating):
        raise Unreadable(f"holds {array.dtype}; use uint8, uint16, or floats in [0, 1]")
    elif not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
        raise Unreadable("float pixels must be finite and lie in [0, 1]")
    planes = np.moveaxis(np.broadcast_to(array, (*array.shape[:2], 3)), -1, 0)
    return torch.from_numpy(np.array(planes, dtype=np.float32, order="C"))[None]


def array_of(tensor: Tensor) -> NDArray[Any]:
    """A tensor ``[H, W]``, ``[1, H, W]`` or ``[3, H, W]`` as an array with its channels last.

    Raises:
        Unreadable: it holds no pixels.
    """
    try:
        array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().cpu().numpy()
    except Exception as error:
        raise Unreadable(f"this tensor holds no pixels that can be read: {quoted(error)}") from error
    return np.moveaxis(array, 0, -1) if array.ndim == 3 else array
