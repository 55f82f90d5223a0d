"""Maps and pictures of big images are made smaller: to be shown, and to be compared.

They shrink by powers of two, to the means of squares, until they have at most so many cells.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""

_SHOWN = 4_000_000  # cells of the biggest map or picture that is shown as it is
_COMPARED = 2**24  # cells of the biggest map that is compared as it is


def picture(maps: Tensor) -> Tensor:
    """Maps ``[C, h, w]`` as they are shown: no bigger than the biggest picture."""
    return shrunk(maps, picture_stride((maps.shape[-2], maps.shape[-1])))


def picture_stride(size: tuple[int, int]) -> int:
    """By how much an image of some height and width is shrunk to be shown."""
    return _stride(size, _SHOWN)


def comparable(maps: Tensor) -> Tensor:
    """Maps ``[C, h, w]`` as they are compared: no bigger than memory holds what a metric makes of them.

    An image of 67 megapixels is the first whose maps of stride 2 are shrunk.
    """
    return shrunk(maps, _stride(tuple(maps.shape[-2:]), _COMPARED))


def comparable_size(size: tuple[int, int]) -> tuple[int, int]:
    """The height and width to which maps are brought that are compared at the size of an image."""
    stride = _stride(size, _COMPARED)
    return math.ceil(size[0] / stride), math.ceil(size[1] / stride)


def shrunk(maps: Tensor, stride: int) -> Tensor:
    """The means of squares of maps ``[C, h, w]``."""
    return (
        maps if stride == 1 else torch.cat([F.avg_pool2d(one, stride, ceil_mode=True) for one in torch.split(maps, 1)])
    )


def _stride(size: tuple[int, ...], most: int) -> int:
    """The smallest power of two that leaves at most so many cells."""
    height, width = size
    stride = 1
    while math.ceil(height / stride) * math.ceil(width / stride) > most:
        stride *= 2
    return stride
