"""BRISQUE: 36 statistics of locally normalised levels, and the release's mapping of them to a score."""

from __future__ import annotations

import numpy as np

from .common import Array, Index, gaussian, grey, halved, normalised
from .fits import AsymmetricGaussian, generalised_gaussian
from .libsvm import ScaledMachine
from .model_files import need
from .parameters import BrisqueScoreParams
from .records import BRISQUE_FEATURES, BRISQUE_MIN_SIZE

SHIFTS = ((0, 1), (1, 0), (1, 1), (-1, 1))
_KERNEL = gaussian(7, 7 / 6)


class Brisque(Index):
    """The features of the blind image spatial quality evaluator (Mittal, Moorthy and Bovik, IEEE TIP 21(12), 2012).

    Exact to the authors' release where an image has no exactly flat area, and without its rounding noise where it has
    (:func:`veiqa_methods.common.normalised`). A feature without samples to fit, because the image is flat, is 0.
    """

    outputs = BRISQUE_FEATURES
    min_size = BRISQUE_MIN_SIZE

    def features(self, image: Array) -> Array:
        """Features ``[36]`` of an image ``[3, H, W]`` of levels."""
        return features(image)


class BrisqueScore(Index):
    """BRISQUE's score by its release's allmodel (``model``) and allrange (``ranges``); lower is better.

    All is in double precision; the release rounds the features to six decimals on their way.
    """

    outputs = ("brisque-score",)
    min_size = BRISQUE_MIN_SIZE

    def __init__(self, params: BrisqueScoreParams) -> None:
        need("brisque-score", "allmodel and allrange", model=params.model, ranges=params.ranges)
        self._machine = ScaledMachine.read(params.model, params.ranges, len(BRISQUE_FEATURES))
        self.digest = self._machine.digest

    def features(self, image: Array) -> Array:
        """The score ``[1]`` of an image ``[3, H, W]`` of levels."""
        return self._machine.values(features(image))


def features(image: Array) -> Array:
    """The 36 features of an image ``[3, H, W]`` of levels."""
    values = grey(image)
    return np.concatenate([_statistics(values), _statistics(halved(values))])


def _statistics(values: Array) -> Array:
    coefficients, _ = normalised(values, _KERNEL, "zero")
    numbers = [generalised_gaussian(coefficients.ravel()), (coefficients**2).mean()]
    for shift in SHIFTS:
        fit = AsymmetricGaussian((coefficients * np.roll(coefficients, shift, axis=(0, 1))).ravel())
        numbers += [fit.shape, fit.skew, fit.left**2, fit.right**2]
    return np.nan_to_num(np.array(numbers, dtype=np.float64), nan=0.0)
