"""What the methods share: 8-bit levels, grey, filters, resizing as MATLAB does it, and local normalisation.

All is computed in float64 on arrays ``[H, W]``, one image at a time, so that an image has the same bits in any batch.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from veiqa_core.api import ImageError

Array = NDArray[np.float64]
Border = Literal["replicate", "zero", "symmetric"]

_MODES = {"replicate": "nearest", "zero": "constant", "symmetric": "reflect"}
_NOISE = 1e-10  # filters leave some 1e-14 in an exactly flat area; no true difference of 8-bit levels is so small

# The first row of the inverse of [[1, .956, .621], [1, -.272, -.647], [1, -1.106, 1.703]], from RGB to YIQ.
_TO_GREY = np.linalg.inv(np.array([[1, 0.956, 0.621], [1, -0.272, -0.647], [1, -1.106, 1.703]]))[0]


class Index(ABC):
    """A method that measures images one by one, on their 8-bit levels.

    Attributes:
        outputs: the names of its values.
        min_size: pixels of the shortest side that it can measure.
    """

    outputs: tuple[str, ...]
    min_size: int

    def __init__(self, params: object) -> None:  # noqa: B027 - a method without parameters needs no more
        """Nothing is set."""

    @abstractmethod
    def features(self, image: Array) -> Array:
        """The values ``[F]`` of an image ``[3, H, W]`` of levels."""

    def measure(self, images: Tensor) -> Tensor:
        """The values float64 ``[N, F]`` of a batch ``[N, 3, H, W]`` of values in [0, 1].

        Raises:
            ImageError: a side is below ``min_size``.
        """
        height, width = images.shape[-2:]
        if min(height, width) < self.min_size:
            raise ImageError(f"the image has {width}x{height} pixels; at least {self.min_size} a side are needed")
        return torch.from_numpy(np.stack([self.features(levels(image)) for image in images]))


def levels(image: Tensor) -> Array:
    """The nearest 8-bit levels ``[3, H, W]`` of an image in [0, 1]: exact for what an 8-bit file holds."""
    values: Array = image.detach().cpu().numpy().astype(np.float64, order="C")
    return np.clip(np.rint(values * 255), 0, 255)


def grey(image: Array) -> Array:
    """MATLAB's ``rgb2gray`` of levels ``[3, H, W]``: Y of YIQ, rounded half up to whole levels ``[H, W]``."""
    red, green, blue = _TO_GREY
    rounded: Array = np.floor(red * image[0] + green * image[1] + blue * image[2] + 0.5)
    return rounded


def gaussian(size: int, sigma: float) -> Array:
    """Samples ``[size]`` of a Gaussian around its middle, with sum 1: the factor of MATLAB's separable kernel."""
    offsets = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    normal: Array = weights / weights.sum()
    return normal


def correlate(values: Array, down: Array, across: Array, border: Border) -> Array:
    """Correlation with the kernel ``down[:, None] * across``, of the same size.

    The centre of a kernel of even size lies before its middle, as in MATLAB's ``imfilter``.
    """
    for axis, kernel in enumerate((down, across)):
        odd = kernel if kernel.size % 2 else np.concatenate([[0.0], kernel])
        values = ndimage.correlate1d(values, odd, axis=axis, mode=_MODES[border])
    return values


def smooth(values: Array, kernel: Array, border: Border) -> Array:
    """Correlation with one kernel down and across."""
    return correlate(values, kernel, kernel, border)


def halved(values: Array) -> Array:
    """MATLAB's ``imresize`` by 1/2 of real numbers."""
    height, width = values.shape
    return resize(values, (math.ceil(height / 2), math.ceil(width / 2)), (0.5, 0.5))


def resize(
    values: Array, size: tuple[int, int], scales: tuple[float, float] | None = None, whole: bool = False
) -> Array:
    """MATLAB's ``imresize``: bicubic, with antialiasing where it shrinks.

    Args:
        values: ``[H, W]``.
        size: height and width of what is returned.
        scales: of rows and columns; by default what ``size`` makes of them.
        whole: round to whole levels from 0 to 255 after each of the two passes, as happens to 8-bit images.
    """
    scales = scales or (size[0] / values.shape[0], size[1] / values.shape[1])
    for axis in sorted((0, 1), key=lambda axis: scales[axis]):  # the smaller scale first, rows on a tie
        values = _resize_rows(values, size[0], scales[0]) if axis == 0 else _resize_rows(values.T, size[1], scales[1]).T
        if whole:
            values = np.clip(np.floor(values + 0.5), 0, 255)
    return np.ascontiguousarray(values)


def _resize_rows(values: Array, out: int, scale: float) -> Array:
    inside = values.shape[0]
    shrink = min(scale, 1.0)
    support = 4 / shrink
    centres = np.arange(1, out + 1) / scale + 0.5 * (1 - 1 / scale)
    taps = np.floor(centres - support / 2)[:, None] + np.arange(math.ceil(support) + 2)
    weights = shrink * _cubic(shrink * (centres[:, None] - taps))
    weights /= weights.sum(axis=1, keepdims=True)
    places = (taps.astype(np.int64) - 1) % (2 * inside)
    places = np.where(places < inside, places, 2 * inside - 1 - places)  # mirrored, the edge repeated
    rows = np.ascontiguousarray(values)
    result = np.zeros((out, values.shape[1]))
    for tap in range(taps.shape[1]):
        if weights[:, tap].any():
            result += weights[:, tap, None] * rows[places[:, tap]]
    return result


def _cubic(t: Array) -> Array:
    """Keys's kernel with a = -1/2."""
    t = np.abs(t)
    near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t <= 1, near, np.where(t <= 2, far, 0.0))


def without_noise(values: Array) -> Array:
    """Exactly zero where a filter's rounding left next to nothing in a flat area; changes the array in place."""
    values[np.abs(values) < _NOISE] = 0
    return values


def normalised(values: Array, kernel: Array, border: Border) -> tuple[Array, Array]:
    """Coefficients with the local mean subtracted and the local contrast divided out (MSCN), and the contrast.

    In an exactly flat area a coefficient is exactly 0 here. In the authors' programs it is rounding noise, whose sign
    decides on which side fits count it, so that their values depend on the order of summation.
    """
    mean = smooth(values, kernel, border)
    deviation = np.sqrt(np.abs(smooth(values * values, kernel, border) - mean * mean))
    return without_noise(values - mean) / (deviation + 1), deviation


def patches(values: Array, side: int) -> Array:
    """Patches ``[P, side, side]`` of a map whose sides are multiples of ``side``, column by column."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    cut = values[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return np.ascontiguousarray(cut.transpose(2, 0, 1, 3)).reshape(-1, side, side)
