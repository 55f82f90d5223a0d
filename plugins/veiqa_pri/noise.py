"""Noise that is the same everywhere, or follows the value."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .eight_bit import from_uint8, to_uint8
from .one_by_one import OneByOne, Pixels, generator, rounded
from .records.noise import (
    ColourNoiseParams,
    CorrelatedNoiseParams,
    HighFrequencyNoiseParams,
    ImpulseNoiseParams,
    MultiplicativeNoiseParams,
    WhiteNoiseParams,
)

_LUMA = (0.25, 1.0)
"""The noise of KADID-10k is as strong in Y as in Cb and Cr, that of TID2013 is much weaker there."""


class WhiteNoise:
    """Gaussian noise of mean 0 and a given variance, independent for each pixel and channel, then clipped to [0, 1]
    (Ahmed et al. 2024, eq. 2; section 3.2 sets the variance to 0.5)."""

    def __init__(self, params: WhiteNoiseParams) -> None:
        self._deviation = np.float32(math.sqrt(params.variance))

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Add to each image the noise that its seed gives (NumPy's PCG64)."""
        noise = np.stack([_noise(seed, images.shape[1:]) for _, seed in zip(images, seeds, strict=True)])
        noise *= self._deviation
        noise += from_uint8(to_uint8(images)).numpy()
        return from_uint8(to_uint8(torch.from_numpy(noise)))


def _noise(seed: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return generator(seed).standard_normal(shape, dtype=np.float32)


class ColourNoise(OneByOne):
    """White Gaussian noise in Y, Cb and Cr (ITU-R BT.601), so that it is coloured; in Y as strong or weaker."""

    def __init__(self, params: ColourNoiseParams) -> None:
        self._deviation, self._luma = math.sqrt(params.variance), params.luma

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Add the noise to an image."""
        from skimage import color

        random = generator(seed)
        noise = 255 * self._deviation * random.standard_normal(pixels.shape)
        noise[..., 0] *= self._luma or random.uniform(*_LUMA)
        return rounded(255 * color.ycbcr2rgb(color.rgb2ycbcr(pixels) + noise))


class CorrelatedNoise(OneByOne):
    """White Gaussian noise averaged over squares, then brought to its variance again."""

    def __init__(self, params: CorrelatedNoiseParams) -> None:
        self._size = params.size
        self._scale = params.size * math.sqrt(params.variance)  # the mean of size² values has 1/size² of their variance

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Add the noise to an image."""
        _, means = _field(pixels.shape, self._size, seed)
        return rounded(pixels + 255 * self._scale * means)


class HighFrequencyNoise(OneByOne):
    """White Gaussian noise less its mean over the 3x3 pixels around, then brought to its variance again."""

    def __init__(self, params: HighFrequencyNoiseParams) -> None:
        self._scale = math.sqrt(params.variance * 9 / 8)  # the difference has 8/9 of the variance

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Add the noise to an image."""
        noise, means = _field(pixels.shape, 3, seed)
        return rounded(pixels + 255 * self._scale * (noise - means))


def _field(shape: tuple[int, ...], size: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """White noise ``[H, W, C]`` of variance 1, and its means over ``size x size`` pixels, past the border too."""
    from scipy import ndimage  # which takes long to import

    height, width, channels = shape
    reach = size // 2
    noise = generator(seed).standard_normal((height + 2 * reach, width + 2 * reach, channels))
    inner = np.s_[reach : reach + height, reach : reach + width]
    return noise[inner], ndimage.uniform_filter(noise, (size, size, 1))[inner]


class ImpulseNoise(OneByOne):
    """A share of the pixels becomes 0 or 1 with equal chances: black and white dots, or dots of each channel alone."""

    def __init__(self, params: ImpulseNoiseParams) -> None:
        self._share, self._channels = params.share, params.channels

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Strew salt and pepper over an image."""
        from skimage.util import random_noise

        random = generator(seed)
        together = bool(random.integers(2)) if self._channels == "either" else self._channels == "together"
        if not together:
            return rounded(255 * random_noise(pixels, mode="s&p", rng=random, amount=self._share))
        grey = np.full(pixels.shape[:2], 0.5)
        struck = random_noise(grey, mode="s&p", rng=random, amount=self._share)[..., None]
        return np.where(struck == 0.5, pixels, rounded(255 * struck))


class MultiplicativeNoise(OneByOne):
    """Each value times a Gaussian random number of mean 1 of its own."""

    def __init__(self, params: MultiplicativeNoiseParams) -> None:
        self._variance = params.variance

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Multiply an image by the noise."""
        from skimage.util import random_noise

        return rounded(255 * random_noise(pixels, mode="speckle", rng=generator(seed), mean=0, var=self._variance))
