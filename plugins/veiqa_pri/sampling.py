"""Fewer pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from .eight_bit import from_uint8, to_uint8
from .one_by_one import OneByOne, Pixels, rounded
from .records.sampling import PixelateParams, ResampleParams


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


class Resample(OneByOne):
    """Reduced by linear interpolation of the smoothed image, at least to a pixel, and enlarged by cubic splines."""

    def __init__(self, params: ResampleParams) -> None:
        self._factor = params.factor

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Reduce and enlarge an image; ``seed`` is not used."""
        from skimage.transform import resize

        height, width, _ = pixels.shape
        small = (max(round(height / self._factor), 1), max(round(width / self._factor), 1))
        reduced = resize(pixels.astype(np.float64), small, order=1, mode="edge", anti_aliasing=True)
        return rounded(resize(reduced, (height, width), order=3, mode="edge", anti_aliasing=False))
