"""Generators that take the images of a batch in turn, so that each becomes what it becomes alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .eight_bit import from_uint8, to_uint8

Pixels = NDArray[np.uint8]
"""An image ``[H, W, 3]`` of 8-bit values."""


class OneByOne(ABC):
    """A PRI generator by what it makes of one image."""

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Make each image of a batch worse, with the random numbers that its seed gives.

        Raises:
            ValueError: there are not as many seeds as images.
        """
        pixels = np.ascontiguousarray(to_uint8(images).transpose(0, 2, 3, 1))
        made = [self.spoil(image, seed) for image, seed in zip(pixels, seeds, strict=True)]
        return from_uint8(np.stack(made).transpose(0, 3, 1, 2))

    @abstractmethod
    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Make one image worse, without changing ``pixels``."""


def generator(seed: int) -> np.random.Generator:
    """The random numbers of a seed, wherever they are drawn."""
    return np.random.Generator(np.random.PCG64(seed))


def rounded(levels: NDArray[Any]) -> Pixels:
    """The nearest of 256 levels, ties upwards; values outside 0 to 255 are clipped."""
    return np.clip(np.floor(levels + 0.5), 0, 255).astype(np.uint8)
