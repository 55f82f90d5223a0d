"""Blur of a lens out of focus."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .one_by_one import OneByOne, Pixels, rounded
from .records.blur import LensBlurParams

_LINES = 64  # through each pixel, along which the disc's area is exact


class LensBlur(OneByOne):
    """Mean of a disc around each pixel; a pixel on the disc's edge counts by its share in it.

    The border is replicated outwards. The sums are made by Fourier transforms, which take as long for every radius.
    """

    def __init__(self, params: LensBlurParams) -> None:
        self._kernel = disc(params.radius)

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Blur an image; ``seed`` is not used."""
        from scipy.signal import fftconvolve  # which takes long to import

        reach = len(self._kernel) // 2
        padded = np.pad(pixels.astype(np.float64), ((reach, reach), (reach, reach), (0, 0)), mode="edge")
        return rounded(fftconvolve(padded, self._kernel[..., None], mode="valid", axes=(0, 1)))


def disc(radius: float) -> NDArray[np.float64]:
    """Weights ``[2 * reach + 1, 2 * reach + 1]`` that sum up to 1: each pixel's area inside the disc."""
    reach = math.ceil(radius - 0.5)
    places = np.arange(-reach, reach + 1)
    lines = (places[:, None] + (np.arange(_LINES) + 0.5) / _LINES - 0.5).ravel()
    half = np.sqrt(np.maximum(radius**2 - lines**2, 0))
    inside = np.minimum(places[:, None] + 0.5, half) - np.maximum(places[:, None] - 0.5, -half)
    areas = np.maximum(inside, 0).reshape(len(places), len(places), _LINES).mean(axis=-1)
    return np.asarray(areas / areas.sum())
