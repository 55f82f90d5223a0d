"""From the arrays and tensors that users hold to the image batches that metrics take."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]
Image = Array | Tensor


def image_pair(reference: Image, distorted: Image, min_size: int) -> tuple[Tensor, Tensor]:
    """Both images as float64 batches ``[N, 1 or 3, H, W]`` in [0, 1]; levels k of an integer type are exactly k/max.

    Raises:
        TypeError: they are not both arrays or both tensors.
        ValueError: one is no image, or not in range (the message names it); or they differ in shape, or have a side
            below ``min_size``.
    """
    if isinstance(reference, np.ndarray) and isinstance(distorted, np.ndarray):
        a, b = _from_array(reference, "reference"), _from_array(distorted, "distorted")
    elif isinstance(reference, Tensor) and isinstance(distorted, Tensor):
        a, b = _from_tensor(reference, "reference"), _from_tensor(distorted, "distorted")
    else:
        kinds = f"{type(reference).__name__} and {type(distorted).__name__}"
        raise TypeError(f"reference and distorted must be two NumPy arrays or two torch tensors, not {kinds}")
    if a.shape != b.shape:
        shapes = f"{tuple(reference.shape)} and {tuple(distorted.shape)}"
        raise ValueError(f"reference and distorted must have the same shape, not {shapes}")
    height, width = a.shape[-2:]
    if min(height, width) < min_size:
        raise ValueError(f"reference and distorted have {width}x{height} pixels; at least {min_size} a side are needed")
    return a, b


def _from_array(array: Array, name: str) -> Tensor:
    planes = array[..., None] if array.ndim == 2 else array
    if planes.ndim != 3 or planes.shape[2] not in (1, 3):
        raise ValueError(f"{name}: an array [H, W], [H, W, 1] or [H, W, 3] is needed, not one of shape {array.shape}")
    if array.dtype.type in (np.uint8, np.uint16):
        peak = np.iinfo(array.dtype).max
    elif np.issubdtype(array.dtype, np.floating):
        peak = 1
    else:
        raise ValueError(f"{name}: holds {array.dtype}; use uint8, uint16, or floats in [0, 1]")
    return _in_range(torch.from_numpy(planes.transpose(2, 0, 1)[None].astype(np.float64, order="C") / peak), name)


def _from_tensor(tensor: Tensor, name: str) -> Tensor:
    if tensor.ndim != 4 or tensor.shape[1] not in (1, 3):
        shape = tuple(tensor.shape)
        raise ValueError(f"{name}: a tensor [N, 1, H, W] or [N, 3, H, W] is needed, not one of shape {shape}")
    if not tensor.is_floating_point():
        raise ValueError(f"{name}: holds {tensor.dtype}; use floats in [0, 1]")
    return _in_range(tensor.double(), name)


def _in_range(pixels: Tensor, name: str) -> Tensor:
    if pixels.numel() == 0:
        raise ValueError(f"{name}: has no pixels")
    low, high = pixels.detach().aminmax()
    if not (low >= 0 and high <= 1):  # nor where either is NaN
        raise ValueError(f"{name}: values from {float(low):g} to {float(high):g}; they must lie in [0, 1]")
    return pixels
