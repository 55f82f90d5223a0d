"""Plain measures of one fault each: how blurred an image is, and how noisy."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from .common import Array, Index, grey, without_noise
from .parameters import BlurEffectParams
from .records import BLUR_MIN_SIZE, NOISE_MIN_SIZE

_ROOT = math.sqrt(3)
_DETAIL = np.array([1 - _ROOT, _ROOT - 3, 3 + _ROOT, -1 - _ROOT]) / (4 * math.sqrt(2))  # Daubechies's, of four taps


class BlurEffect(Index):
    """How little of the gradients another blur takes away (Crete et al., SPIE 6492, 2007), by scikit-image.

    Of the grey image, the larger of the values along rows and along columns: 0 for no blur, 1 for the strongest. A
    direction without any gradient counts as 1, and so does a flat image.
    """

    outputs = ("blur-effect",)
    min_size = BLUR_MIN_SIZE

    def __init__(self, params: BlurEffectParams) -> None:
        self._size = params.size

    def features(self, image: Array) -> Array:
        """The value ``[1]`` of an image ``[3, H, W]`` of levels."""
        from skimage.measure import blur_effect  # which takes long to import

        with np.errstate(invalid="ignore", divide="ignore"):
            along = np.asarray(blur_effect(grey(image) / 255, h_size=self._size, reduce_func=None))
        return np.array([np.nan_to_num(along, nan=1.0).max()])


class NoiseSigma(Index):
    """The deviation of white noise, from the finest diagonal wavelet details (Donoho and Johnstone, Biometrika 1994).

    Of the grey image, on the scale of 0 to 255: the median size of the details of Daubechies's wavelet of four taps,
    over that of a normal variable of deviation 1, as in scikit-image's ``estimate_sigma``. Details of exactly flat
    areas are left out; they are 0 here, not rounding noise. An image without any details has no noise.
    """

    outputs = ("noise-sigma",)
    min_size = NOISE_MIN_SIZE

    def features(self, image: Array) -> Array:
        """The deviation ``[1]`` of an image ``[3, H, W]`` of levels."""
        details = without_noise(_details(np.ascontiguousarray(_details(grey(image)).T)))
        there = np.abs(details[details != 0])
        return np.array([np.median(there) / stats.norm.ppf(0.75) if there.size else 0.0])


def _details(values: Array) -> Array:
    """Details along the rows of what is mirrored at the border, its edge repeated, at every second place."""
    width = values.shape[1]
    padded = np.pad(values, ((0, 0), (2, 3)), mode="symmetric")
    places = np.arange((width + 3) // 2) * 2
    found: Array = sum(weight * padded[:, places + tap] for tap, weight in enumerate(_DETAIL))
    return found
