"""Fewer pixels, fewer levels, less contrast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .eight_bit import from_uint8, to_uint8
from .plugin import ContrastParams, PixelateParams, QuantiseParams


class Pixelate:
    """Means of squares of pixels, shown as squares: the image at a lower resolution.

    Squares at the right and lower border are cut where the sides are no multiples. Means are rounded to the nearest of
    256 levels, ties upwards.
    """

    def __init__(self, params: PixelateParams) -> None:
        self._side = params.size

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Pixelate an image batch; ``seeds`` are not used."""
        levels = to_uint8(images).astype(np.int64)
        height, width = levels.shape[-2:]
        rows, columns = (np.arange(0, length, self._side) for length in (height, width))
        sums = np.add.reduceat(np.add.reduceat(levels, rows, axis=-2), columns, axis=-1)
        counts = np.outer(np.diff(rows, append=height), np.diff(columns, append=width))
        means = (2 * sums + counts) // (2 * counts)
        whole = means.repeat(self._side, axis=-2).repeat(self._side, axis=-1)
        return from_uint8(whole[..., :height, :width])


class Quantise:
    """Each channel rounded to a few levels that lie evenly between 0 and 255; ties upwards, no dither."""

    def __init__(self, params: QuantiseParams) -> None:
        steps = params.levels - 1
        value = np.arange(256)
        nearest = (2 * value * steps + 255) // 510
        self._table = (510 * nearest + steps) // (2 * steps)

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Quantise an image batch; ``seeds`` are not used."""
        return from_uint8(self._table[to_uint8(images)])


class Contrast:
    """Every value drawn towards the mean of its image, over all channels."""

    def __init__(self, params: ContrastParams) -> None:
        self._factor = params.factor

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Lower the contrast of an image batch; ``seeds`` are not used."""
        levels = to_uint8(images).astype(np.float64)
        mean = levels.sum(axis=(1, 2, 3), keepdims=True) / levels[0].size  # a sum of whole numbers, exact in any order
        drawn = np.floor(mean + self._factor * (levels - mean) + 0.5)
        return from_uint8(to_uint8(torch.from_numpy(drawn.astype(np.float32) / np.float32(255))))
