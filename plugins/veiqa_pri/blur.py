"""Mean filter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from .eight_bit import from_uint8, to_uint8
from .plugin import MeanBlurParams


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
