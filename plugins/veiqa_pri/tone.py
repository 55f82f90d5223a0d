"""Brightness, contrast and gamma."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .eight_bit import from_uint8, to_uint8
from .lab import from_lab, to_lab
from .one_by_one import OneByOne, Pixels
from .records.tone import ContrastParams, GammaParams, LightnessParams, RaiseContrastParams


class Contrast:
    """Every value's distance from the mean of its image, over all channels, multiplied."""

    def __init__(self, params: ContrastParams | RaiseContrastParams) -> None:
        self._factor = params.factor

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Change the contrast of an image batch; ``seeds`` are not used."""
        levels = to_uint8(images).astype(np.float64)
        mean = levels.sum(axis=(1, 2, 3), keepdims=True) / levels[0].size  # a sum of whole numbers, exact in any order
        drawn = np.floor(mean + self._factor * (levels - mean) + 0.5)
        return from_uint8(to_uint8(torch.from_numpy(drawn.astype(np.float32) / np.float32(255))))


class Darken(OneByOne):
    """CIE lightness in [0, 1] raised to a power: black, white and the hues stay."""

    def __init__(self, params: LightnessParams) -> None:
        self._exponent = params.exponent

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Change an image's lightness; ``seed`` is not used."""
        lab = to_lab(pixels)
        lab[..., 0] = 100 * np.clip(lab[..., 0] / 100, 0, 1) ** self._exponent
        return from_lab(lab)


class Brighten(Darken):
    """The same with the root of the lightness."""

    def __init__(self, params: LightnessParams) -> None:
        super().__init__(params)
        self._exponent = 1 / params.exponent


class Gamma(OneByOne):
    """Each value in [0, 1] raised to a power."""

    def __init__(self, params: GammaParams) -> None:
        self._gamma = params.gamma

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Change an image's gamma; ``seed`` is not used."""
        from skimage.exposure import adjust_gamma

        return np.asarray(adjust_gamma(pixels, self._gamma))
