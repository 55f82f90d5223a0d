"""CIELAB, by scikit-image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .one_by_one import Pixels, rounded


def to_lab(pixels: Pixels) -> NDArray[np.float64]:
    """L from 0 to 100, a and b ``[H, W, 3]`` of sRGB pixels under D65."""
    from skimage.color import rgb2lab

    return np.asarray(rgb2lab(pixels))


def from_lab(lab: NDArray[np.float64]) -> Pixels:
    """The nearest sRGB pixels; what sRGB does not hold is clipped, negative Z first, of which scikit-image warns."""
    from skimage.color import lab2rgb

    lightness, a, b = np.moveaxis(lab, -1, 0)
    b = np.minimum(b, 199.999999 * ((lightness + 16) / 116))  # beyond 200 times it Z would be negative
    return rounded(255 * lab2rgb(np.stack([lightness, a, b], axis=-1)))
