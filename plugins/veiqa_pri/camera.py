"""Noise of a camera's sensor."""

from __future__ import annotations

from .light import LIGHT, levels_of
from .one_by_one import OneByOne, Pixels, generator, rounded
from .records.noise import CameraNoiseParams


class CameraNoise(OneByOne):
    """Each value's light as a count of photons (Poisson) that is read with a Gaussian error (Foi et al. 2008).

    The image is taken as sRGB: photons are counted in linear light.
    """

    def __init__(self, params: CameraNoiseParams) -> None:
        self._photons, self._read = params.photons, params.read

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Take an image with few photons."""
        random = generator(seed)
        counted = random.poisson(self._photons * LIGHT[pixels]) + self._read * random.standard_normal(pixels.shape)
        return rounded(levels_of(counted / self._photons))
