"""BRISQUE: 36 statistics of locally normalised levels, and the release's mapping of them to a score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from veiqa_core.api import WeightsError

from .common import Array, gaussian, grey, halved, measure_each, normalised
from .fits import AsymmetricGaussian, generalised_gaussian
from .libsvm import Machine, Scaling
from .records import BRISQUE_FEATURES, BRISQUE_MIN_SIZE, BrisqueParams

SHIFTS = ((0, 1), (1, 0), (1, 1), (-1, 1))
_KERNEL = gaussian(7, 7 / 6)


class Brisque:
    """The blind/referenceless image spatial quality evaluator (Mittal, Moorthy and Bovik, IEEE TIP 21(12), 2012).

    Gives the 36 features, which a mapper maps to a score; with ``model`` and ``ranges``, files of the authors'
    release, its score instead, all in double precision (the release rounds the features to 6 decimals on its way).

    Exact to the release where an image has no exactly flat area, and without its rounding noise where it has
    (:func:`veiqa_methods.common.normalised`). A feature without samples to fit, because the image is flat, is 0.
    """

    def __init__(self, params: BrisqueParams) -> None:
        if bool(params.model) != bool(params.ranges):
            raise WeightsError("brisque needs both files of its release, model=allmodel and ranges=allrange, or none")
        self._machine: Machine | None = None
        if params.model:
            self._scaling = Scaling.read(Path(params.ranges), 36)
            self._machine = Machine.read(Path(params.model), 36)
        self.digest = f"{self._machine.digest} {self._scaling.digest}" if self._machine else ""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the 36 features, or of the one score."""
        return ("brisque",) if self._machine else BRISQUE_FEATURES

    def measure(self, images: Tensor) -> Tensor:
        """Features float64 ``[N, 36]`` or scores ``[N, 1]``, lower better, of a batch ``[N, 3, H, W]``.

        Raises:
            ImageError: a side is below 16.
        """
        return measure_each(self, images, BRISQUE_MIN_SIZE)

    def features(self, image: Array) -> Array:
        """Features ``[36]`` or score ``[1]`` of an image ``[3, H, W]`` of levels."""
        found = features(image)
        return self._machine.values(self._scaling.scaled(found)) if self._machine else found


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
