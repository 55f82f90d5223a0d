"""White noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .eight_bit import from_uint8, to_uint8
from .plugin import WhiteNoiseParams


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
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape, dtype=np.float32)
