"""The logistic curves that quality assessment fits to human ratings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from veiqa_core.contracts import FloatArray

from .curve import fit_sigmoid, sigmoid
from .fitted import FittedMapper

_POINT = 1e-150


class _Logistic(FittedMapper):
    """A sigmoid beside linear terms, of one similarity."""

    _linear: bool

    def _solve(self, similarities: FloatArray, quality: FloatArray) -> FloatArray:
        """Fit in standard units, where any data are of size 1, and come back."""
        x, middle, half = _standard(similarities[:, 0])
        y, level, height = _standard(quality)
        steepness, centre = fit_sigmoid(x, y, linear=self._linear)
        columns = [sigmoid(x, steepness, centre), np.ones_like(x)] + ([x] if self._linear else [])
        best, *_ = np.linalg.lstsq(np.stack(columns, axis=1), y, rcond=None)
        rise, constant, slope = (*best, 0.0)[:3]
        return self._curve(
            rise=height * rise,
            steepness=steepness / half,
            centre=middle + half * centre,
            slope=height * slope / half,
            constant=level + height * constant - height * slope / half * middle,
        )

    @abstractmethod
    def _curve(self, rise: float, steepness: float, centre: float, slope: float, constant: float) -> FloatArray:
        """The coefficients of ``rise * sigmoid(q) + slope * q + constant``."""


class Logistic5(_Logistic):
    """``b1 (1/2 - 1/(1 + exp(b2 (q - b3)))) + b4 q + b5`` (Ahmed et al. 2024, eq. 6).

    Beyond the data the line ``b4 q`` goes on.
    """

    name = "logistic5"
    _linear = True

    def _count(self, branches: int) -> int:
        return 5

    def _curve(self, rise: float, steepness: float, centre: float, slope: float, constant: float) -> FloatArray:
        return np.array([rise, steepness, centre, slope, constant])

    def _evaluate(self, coefficients: FloatArray, similarities: FloatArray) -> FloatArray:
        b1, b2, b3, b4, b5 = coefficients
        q = similarities[:, 0]
        score: FloatArray = b1 * sigmoid(q, b2, b3) + b4 * q + b5
        return score

    def _slope(self, coefficients: FloatArray, similarities: FloatArray) -> FloatArray:
        b1, b2, b3, b4, _ = coefficients
        slope: FloatArray = b1 * b2 * (0.25 - sigmoid(similarities, b2, b3) ** 2) + b4
        return slope


class Logistic4(_Logistic):
    """``(b1 - b2) / (1 + exp(-(q - b3) / |b4|)) + b2``, which stays between b1 and b2 (VQEG 2003)."""

    name = "logistic4"
    _linear = False

    def _count(self, branches: int) -> int:
        return 4

    def _curve(self, rise: float, steepness: float, centre: float, slope: float, constant: float) -> FloatArray:
        return np.array([constant + rise / 2, constant - rise / 2, centre, 1 / steepness])

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave.

        Raises:
            ValueError: the state is not of this mapper, with the field's name.
        """
        super().restore(state)
        if self._coefficients is not None and self._coefficients[3] == 0:
            raise ValueError("coefficients: b4, the width of the curve, must not be zero")

    def _evaluate(self, coefficients: FloatArray, similarities: FloatArray) -> FloatArray:
        b1, b2, b3, b4 = coefficients
        score: FloatArray = (b1 - b2) * (sigmoid(similarities[:, 0], 1 / abs(b4), b3) + 0.5) + b2
        return score

    def _slope(self, coefficients: FloatArray, similarities: FloatArray) -> FloatArray:
        b1, b2, b3, b4 = coefficients
        slope: FloatArray = (b1 - b2) / abs(b4) * (0.25 - sigmoid(similarities, 1 / abs(b4), b3) ** 2)
        return slope


def _standard(values: FloatArray) -> tuple[FloatArray, float, float]:
    """The values brought to [-1, 1], with the middle and half the length of their range.

    A range that is a point, to rounding or to what the coefficients can hold, is brought to 0, with a length of 1.
    """
    low, high = float(values.min()), float(values.max())
    half = high / 2 - low / 2
    middle = low + half
    if half <= max(4 * np.finfo(float).eps * abs(middle), _POINT):
        return np.zeros_like(values), middle, 1.0
    return (values - middle) / half, middle, half
