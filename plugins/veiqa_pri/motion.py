"""Motion blur."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from .eight_bit import from_uint8, to_uint8
from .records.blur import MotionBlurParams

_STEPS = 16  # of the path, in a pixel
_UNIT = 2**32  # what the weights sum up to; 255 * _UNIT is below 2**53, so a float64 holds every sum


class MotionBlur:
    """Mean along a straight path of the camera, centred at each pixel, by bilinear interpolation between pixels.

    The border is replicated outwards. The weights are whole multiples of 2**-32 with the sum 1, so the filtered values
    are exact; they are rounded to the nearest of 256 levels, ties upwards.
    """

    def __init__(self, params: MotionBlurParams) -> None:
        self._weights = _path(params.length, params.angle)

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Blur an image batch; ``seeds`` are not used."""
        height, width = images.shape[-2:]
        reach = max(max(abs(down), abs(right)) for down, right in self._weights)
        padded = np.pad(to_uint8(images), ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
        padded = padded.astype(np.float64)
        sums = np.zeros(tuple(images.shape))
        for (down, right), weight in self._weights.items():
            top, left = reach + down, reach + right
            sums += weight * padded[..., top : top + height, left : left + width]
        return from_uint8(np.floor(sums / _UNIT + 0.5))


def _path(length: float, angle: float) -> dict[tuple[int, int], int]:
    """Weights by offset (down, right), whole numbers that sum up to :data:`_UNIT`; the centre takes what rounding left.

    ``angle`` is in degrees, anticlockwise from the horizontal.
    """
    count = 2 * math.ceil(length * _STEPS / 2) + 1
    weights: dict[tuple[int, int], float] = {}
    for step in range(count):
        along = length * (step / (count - 1) - 0.5)
        down, right = -along * math.sin(math.radians(angle)), along * math.cos(math.radians(angle))
        for row, of_row in _split(down):
            for column, of_column in _split(right):
                weights[row, column] = weights.get((row, column), 0.0) + of_row * of_column / count
    whole = {place: round(_UNIT * weight) for place, weight in sorted(weights.items()) if round(_UNIT * weight)}
    whole[0, 0] = whole.get((0, 0), 0) + _UNIT - sum(whole.values())
    return whole


def _split(position: float) -> tuple[tuple[int, float], tuple[int, float]]:
    """The two whole positions beside a position, with their shares in it."""
    low = math.floor(position)
    return (low, 1 - (position - low)), (low + 1, position - low)
