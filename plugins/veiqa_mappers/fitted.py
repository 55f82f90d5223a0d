"""What fitted mappers share: checks of the data, the state, and the prediction interval."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.special import stdtrit

from veiqa_core.api import FitError, NoParams, UsageError
from veiqa_core.contracts import FloatArray, Prediction


class FittedMapper(ABC):
    """A curve ``quality = f(similarities)`` with a few coefficients.

    The 90 % prediction interval is the score plus and minus Student's t times the residuals' standard deviation; it is
    unknown (NaN) where there are no more points than coefficients.
    """

    name: ClassVar[str]

    def __init__(self, params: NoParams) -> None:
        self._coefficients: FloatArray | None = None
        self._reach = math.nan

    @abstractmethod
    def _count(self, branches: int) -> int:
        """The number of coefficients for so many branches."""

    @abstractmethod
    def _solve(self, similarities: FloatArray, quality: FloatArray) -> FloatArray:
        """The coefficients that fit best in least squares."""

    @abstractmethod
    def _evaluate(self, coefficients: FloatArray, similarities: FloatArray) -> FloatArray:
        """Scores ``[N]``."""

    @abstractmethod
    def _slope(self, coefficients: FloatArray, similarities: FloatArray) -> FloatArray:
        """Derivatives ``[N, B]`` of the scores."""

    def fit(self, similarities: FloatArray, quality: FloatArray) -> None:
        """Fit to similarities ``[N, B]`` and quality ``[N]`` by least squares.

        Raises:
            FitError: there are fewer points than coefficients, or values that are not finite.
        """
        x, y = np.asarray(similarities, dtype=np.float64), np.asarray(quality, dtype=np.float64)
        if x.ndim != 2 or y.shape != x.shape[:1]:
            raise FitError(f"{self.name} takes similarities [N, B] and quality [N], not {x.shape} and {y.shape}")
        needed = self._count(x.shape[1])
        if len(y) < needed:
            raise FitError(f"{self.name} needs at least {needed} points, not {len(y)}")
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise FitError(f"{self.name} cannot be fitted to values that are not finite; leave them out")
        coefficients = self._solve(x, y)
        if not np.isfinite(coefficients).all():
            raise FitError(f"{self.name} cannot hold values of this size; rescale the similarities or the quality")
        self._coefficients = coefficients
        freedom = len(y) - needed
        error = float(np.linalg.norm(y - self._evaluate(coefficients, x)))
        spread = math.inf if freedom == 0 else error / math.sqrt(freedom) * math.sqrt(1 + needed / len(y))
        self._reach = float(stdtrit(freedom, 0.95)) * spread if math.isfinite(spread) else math.nan

    def predict(self, similarities: FloatArray) -> Prediction:
        """Quality of similarities ``[N, B]``, with its 90 % prediction interval. Nothing is clipped."""
        score = self._evaluate(self._fitted(similarities), np.asarray(similarities, dtype=np.float64))
        return Prediction(score, score - self._reach, score + self._reach)

    def sensitivity(self, similarities: FloatArray) -> FloatArray:
        """Derivative ``[N, B]`` of the score with respect to each similarity."""
        return self._slope(self._fitted(similarities), np.asarray(similarities, dtype=np.float64))

    def state(self) -> Mapping[str, Any]:
        """``coefficients``, and ``reach``: half the width of the interval, where it is known."""
        if self._coefficients is None:
            return {}
        reach = {} if math.isnan(self._reach) else {"reach": self._reach}
        return {"coefficients": self._coefficients.tolist(), **reach}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave.

        Raises:
            ValueError: the state is not of this mapper, with the field's name.
        """
        if not state:
            self._coefficients, self._reach = None, math.nan
            return
        unknown = set(state) - {"coefficients", "reach"}
        if unknown:
            raise ValueError(f"unknown field {min(unknown)!r}; {self.name} keeps coefficients and reach")
        coefficients, reach = state.get("coefficients"), state.get("reach", math.nan)
        if not (isinstance(coefficients, list) and all(_is_finite(value) for value in coefficients)):
            raise ValueError(f"coefficients must be a list of finite numbers, not {coefficients!r}")
        branches = len(coefficients) - self._count(0)
        if branches < 0 or self._count(branches) != len(coefficients):
            raise ValueError(f"coefficients: {self.name} keeps {self._count(1)}, not {len(coefficients)}")
        if "reach" in state and not (_is_finite(reach) and reach >= 0):
            raise ValueError(f"reach must be a number of zero or more, not {reach!r}")
        self._coefficients, self._reach = np.array(coefficients, dtype=np.float64), float(reach)

    def _fitted(self, similarities: FloatArray) -> FloatArray:
        if self._coefficients is None:
            raise UsageError(f"mapper {self.name!r} is not fitted yet: fit it, or use a recipe that holds a fitted one")
        branches = np.shape(similarities)[1]
        if self._count(branches) != len(self._coefficients):
            raise UsageError(f"mapper {self.name!r} was fitted to another number of branches than {branches}")
        return self._coefficients


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
