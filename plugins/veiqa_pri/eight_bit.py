"""Images as an 8-bit file holds them: every PRI is made from such values and gives such values.

In NumPy, because on so little work torch's threads wait for one another longer than they compute.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_uint8(images: Tensor) -> NDArray[np.uint8]:
    """The nearest whole multiples of 1/255, ties to even, as 0 to 255; values outside [0, 1] are clipped."""
    levels = images.numpy() * np.float32(255)
    np.rint(levels, out=levels)
    np.clip(levels, 0, 255, out=levels)
    return levels.astype(np.uint8)


def from_uint8(levels: NDArray[Any]) -> Tensor:
    """Whole numbers 0 to 255 of any type as float32 k/255, each correctly rounded, in a contiguous tensor."""
    images = levels.astype(np.float32, order="C")
    images /= 255
    return torch.from_numpy(images)
