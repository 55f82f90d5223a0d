"""Mean filter and Gaussian filter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor

from .eight_bit import from_uint8, to_uint8
from .records.blur import GaussianBlurParams, MeanBlurParams

_REACH = 4  # sigmas on either side of the centre
_UNIT = 2**22  # what a kernel sums up to; 255 * _UNIT**2 is below 2**53, so a float64 holds every sum
_BLOCK = 16  # pixels that are filtered together


class MeanBlur:
    """Mean of the ``size x size`` pixels around each (Ahmed et al. 2024, eq. 1, whose size is 3).

    The border is replicated outwards. Sums are whole numbers and exact; the mean is rounded to the nearest of 256
    levels, never from a tie, because the number of pixels is odd.
    """

    def __init__(self, params: MeanBlurParams) -> None:
        self._size = params.size

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Blur an image batch; ``seeds`` are not used."""
        height, width = images.shape[-2:]
        radius, area = self._size // 2, self._size**2
        margins = ((0, 0), (0, 0), (radius, radius), (radius, radius))
        padded = np.pad(to_uint8(images), margins, mode="edge")
        padded = padded.astype(np.min_scalar_type(255 * area + area // 2))  # no wider than the sums: twice as fast

        columns = padded[..., :height, :].copy()
        for offset in range(1, self._size):
            columns += padded[..., offset : offset + height, :]
        sums = columns[..., :width].copy()
        for offset in range(1, self._size):
            sums += columns[..., offset : offset + width]
        sums += area // 2
        sums //= area
        return from_uint8(sums)


class GaussianBlur:
    """Gaussian filter, its kernel cut at four sigmas, rounded up to whole pixels.

    The border is replicated outwards. The kernel's weights are whole multiples of 2**-22 with the sum 1, so the
    filtered values are exact, in whatever order they are summed; they are rounded to the nearest of 256 levels, ties
    upwards.
    """

    def __init__(self, params: GaussianBlurParams) -> None:
        self._kernel = _gaussian(params.sigma)

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Blur an image batch; ``seeds`` are not used."""
        return from_uint8(np.floor(_filtered(to_uint8(images), self._kernel) / _UNIT**2 + 0.5))


def _filtered(levels: NDArray[np.uint8], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums ``[..., H, W]`` weighted by a kernel down the columns, then along the rows.

    By a short kernel block by block, as products of matrices so small that they take one thread: for sigma 2 in a third
    of the time that value by value takes. Both ways are exact.
    """
    height, width = levels.shape[-2:]
    margin = len(kernel) // 2
    if margin > _BLOCK:
        return _filtered_one_by_one(levels, kernel)
    weights = np.zeros((_BLOCK + 2 * margin, _BLOCK))
    for place in range(_BLOCK):
        weights[place : place + len(kernel), place] = kernel
    down = weights.T @ _blocks(levels, -2, margin).swapaxes(-2, -1)  # [..., blocks, block, W]
    columns = down.reshape(*levels.shape[:-2], -1, width)[..., :height, :]
    along = _blocks(columns, -1, margin) @ weights  # [..., H, blocks, block]
    return along.reshape(*levels.shape[:-1], -1)[..., :width]


def _filtered_one_by_one(levels: NDArray[np.uint8], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy import ndimage  # which takes long to import

    sums = levels.astype(np.float64)
    for axis in (-2, -1):
        sums = ndimage.correlate1d(sums, kernel, axis=axis, mode="nearest")
    return sums


def _blocks(values: NDArray[Any], axis: int, margin: int) -> NDArray[np.float64]:
    """Blocks along an axis, each with its margins, as a last axis; the border is replicated outwards."""
    margins = [(0, 0)] * values.ndim
    margins[axis] = margin, margin - values.shape[axis] % -_BLOCK
    padded = np.pad(values, margins, mode="edge").astype(np.float64, copy=False)
    windows: NDArray[np.float64] = sliding_window_view(padded, _BLOCK + 2 * margin, axis=axis)
    return windows[..., ::_BLOCK, :, :] if axis == -2 else windows[..., ::_BLOCK, :]


def _gaussian(sigma: float) -> NDArray[np.float64]:
    """Weights ``[2 * radius + 1]``, whole numbers that sum up to :data:`_UNIT`; the centre takes what rounding left."""
    radius = math.ceil(_REACH * sigma)
    bell = [math.exp(-0.5 * (distance / sigma) ** 2) for distance in range(radius + 1)]
    total = 2 * math.fsum(bell) - bell[0]
    side = [round(_UNIT * value / total) for value in bell[1:]]
    return np.array([*reversed(side), _UNIT - 2 * sum(side), *side], dtype=np.float64)
