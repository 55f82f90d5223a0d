"""The pseudo-structure similarity of BPRI, and the corners that it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from .common import Array, gaussian, grey, smooth, without_noise
from .parameters import PseudoStructureParams

Mask = NDArray[np.bool_]

_BLOCK = 8
_SIGMA = 0.5
_KERNEL = gaussian(3, _SIGMA)
_REACH = 8  # pixels that scikit-image's filters do not reach beyond
_DEFAULT = PseudoStructureParams()


class PseudoStructure:
    """The share of a pseudo-reference's corners between blocks of 8x8 that an image has, too (PSS).

    Of ``N`` corners of x and ``n`` that both have, ``n / (N + 1)``: 0 to below 1, and ``N / (N + 1)`` at equal images.
    With an image's own JPEG of quality 0 as x it is BPRI's ``blocking``. Images are compared in grey, on whole 8-bit
    levels; maps count as grey images.

    Source: Min, Gu, Zhai, Liu, Yang and Chen, Blind quality assessment based on pseudo-reference image, IEEE Trans.
    Multimedia 20(8), 2018.
    """

    def __init__(self, params: PseudoStructureParams) -> None:
        self._params = params

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """PSS ``[N]`` of maps ``[N, h, w]``, x of the pseudo-reference."""
        return self.compare_images(x[:, None], y[:, None])

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """PSS float64 ``[N]`` of images ``[N, 3 or 1, H, W]`` in [0, 1], a the pseudo-reference."""
        pairs = zip(a, b, strict=True)
        return torch.tensor([overlap(self._corners(y), self._corners(x)) for x, y in pairs], dtype=torch.float64)

    def _corners(self, image: Tensor) -> Mask:
        values: Array = np.rint(255 * image.detach().cpu().numpy().astype(np.float64, order="C"))
        return block_corners(grey(values) if len(values) == 3 else values[0], self._params)


def overlap(image: Mask, worse: Mask) -> float:
    """The share of a pseudo-reference's mask that the image's has, too."""
    return float((image & worse).sum() / (worse.sum() + 1))


def block_corners(values: Array, params: PseudoStructureParams = _DEFAULT) -> Mask:
    """Where corners of levels ``[H, W]`` lie at the corners of blocks of 8x8, on either side of their borders.

    However many there are: their number has no limit.
    """
    rows, columns = ((np.arange(1, size + 1) % _BLOCK) <= 1 for size in values.shape)
    found = _DETECTORS[params.detector](values, params.quality_level) & rows[:, None] & columns
    found[[0, -1]] = found[:, [0, -1]] = False
    return found


def _as_matlab(values: Array, level: float) -> Mask:
    """Peaks of the smaller eigenvalue of the structure tensor (Shi and Tomasi, CVPR 1994), a plateau as its middle.

    Gradients are plain differences, and products of them are smoothed over 3x3.
    """
    across, down = values[1:-1, 2:] - values[1:-1, :-2], values[2:, 1:-1] - values[:-2, 1:-1]
    products = (across * across, down * down, across * down)
    a, b, c = (smooth(np.pad(product, 1, mode="edge"), _KERNEL, "replicate") for product in products)
    least = without_noise((a + b - np.sqrt((a - b) ** 2 + 4 * c * c)) / 2)
    found = np.zeros(values.shape, dtype=bool)
    if least.max() <= 0:
        return found
    highest = least == ndimage.maximum_filter(least, size=3, mode="nearest")
    plateaus, count = ndimage.label(highest & (least >= level * least.max()), np.ones((3, 3)))
    middles = np.array(ndimage.center_of_mass(plateaus > 0, plateaus, np.arange(1, count + 1)))
    places = np.floor(middles + 0.5).astype(np.intp)
    found[places[:, 0], places[:, 1]] = True
    return found


def _as_scikit_image(values: Array, level: float) -> Mask:
    """The same by scikit-image, whose gradients are Sobel's and whose smoothing reaches over 5x5.

    It takes what is beyond the border for 0, so that the border would be the strongest corner: the image is continued.
    """
    from skimage.feature import corner_peaks, corner_shi_tomasi  # which take long to import

    continued = np.pad(values, _REACH, mode="edge")
    inner = slice(_REACH, -_REACH)
    least = without_noise(corner_shi_tomasi(continued, sigma=_SIGMA)[inner, inner])
    found = np.zeros(values.shape, dtype=bool)
    if least.max() <= 0:
        return found
    places = corner_peaks(least, min_distance=1, threshold_rel=level, exclude_border=False)
    found[places[:, 0], places[:, 1]] = True
    return found


_DETECTORS: Mapping[str, Callable[[Array, float], Mask]] = {"matlab": _as_matlab, "scikit-image": _as_scikit_image}
