"""BRISQUE: 36 statistics of locally normalised levels, and the release's mapping of them to a score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from veiqa_core.api import NoParams, WeightsError

from .common import Array, gaussian, grey, halved, measure_each, normalised
from .fits import AsymmetricGaussian, generalised_gaussian
from .libsvm import Machine, Scaling
from .records import BRISQUE_FEATURES, BRISQUE_MIN_SIZE, BrisqueScoreParams

SHIFTS = ((0, 1), (1, 0), (1, 1), (-1, 1))
_KERNEL = gaussian(7, 7 / 6)


class Brisque:
    """The features of the blind image spatial quality evaluator (Mittal, Moorthy and Bovik, IEEE TIP 21(12), 2012).

    Exact to the authors' release where an image has no exactly flat area, and without its rounding noise where it has
    (:func:`veiqa_methods.common.normalised`). A feature without samples to fit, because the image is flat, is 0.
    """

    def __init__(self, params: NoParams) -> None:
        """Nothing is set."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the 36 features."""
        return BRISQUE_FEATURES

    def measure(self, images: Tensor) -> Tensor:
        """Features float64 ``[N, 36]`` of a batch ``[N, 3, H, W]``.

        Raises:
            ImageError: a side is below 16.
        """
        return measure_each(self, images, BRISQUE_MIN_SIZE)

    def features(self, image: Array) -> Array:
        """Features ``[36]`` of an image ``[3, H, W]`` of levels."""
        return features(image)


class BrisqueScore:
    """The score of BRISQUE's release, by its own files: ``model``, its allmodel, and ``ranges``, its allrange.

    All is in double precision; the release rounds the features to six decimals on their way.
    """

    def __init__(self, params: BrisqueScoreParams) -> None:
        if not (params.model and params.ranges):
            files = "-p method.model=FILE -p method.ranges=FILE"
            raise WeightsError(f"brisque-score needs its release's allmodel and allrange: {files}")
        self._scaling = Scaling.read(Path(params.ranges), len(BRISQUE_FEATURES))
        self._machine = Machine.read(Path(params.model), len(BRISQUE_FEATURES))
        self.digest = f"{self._machine.digest} {self._scaling.digest}"

    @property
    def outputs(self) -> tuple[str, ...]:
        """The one output."""
        return ("brisque-score",)

    def measure(self, images: Tensor) -> Tensor:
        """Scores float64 ``[N, 1]`` of a batch ``[N, 3, H, W]``; lower is better.

        Raises:
            ImageError: a side is below 16.
        """
        return measure_each(self, images, BRISQUE_MIN_SIZE)

    def features(self, image: Array) -> Array:
        """The score ``[1]`` of an image ``[3, H, W]`` of levels."""
        return self._machine.values(self._scaling.scaled(features(image)))


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
