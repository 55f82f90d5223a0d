"""The logistic curves that quality assessment fits to human ratings."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Generic, TypeVar

import attrs
import numpy as np

from veiqa_core.contracts import FloatArray

from .curve import Shape, sigmoid
from .fitted import POINT, FittedMapper, Model, deleted, numbers
from .search import best_shapes


@attrs.frozen(eq=False)
class Curve5:
    """``b1 (1/2 - 1/(1 + exp(b2 (q - b3)))) + b4 q + b5``."""

    coefficients: FloatArray = numbers(1)

    def __attrs_post_init__(self) -> None:
        if len(self.coefficients) != 5:
            raise ValueError(f"coefficients: logistic5 keeps 5, not {len(self.coefficients)}")

    @property
    def branches(self) -> int:
        return 1

    def score(self, similarities: FloatArray) -> FloatArray:
        b1, b2, b3, b4, b5 = self.coefficients
        q = similarities[:, 0]
        score: FloatArray = b1 * sigmoid(q, b2, b3) + b4 * q + b5
        return score

    def slope(self, similarities: FloatArray) -> FloatArray:
        b1, b2, b3, b4, _ = self.coefficients
        slope: FloatArray = b1 * b2 * (0.25 - sigmoid(similarities, b2, b3) ** 2) + b4
        return slope


@attrs.frozen(eq=False)
class Curve4:
    """``(b1 - b2) / (1 + exp(-(q - b3) / |b4|)) + b2``."""

    coefficients: FloatArray = numbers(1)

    def __attrs_post_init__(self) -> None:
        if len(self.coefficients) != 4:
            raise ValueError(f"coefficients: logistic4 keeps 4, not {len(self.coefficients)}")
        if self.coefficients[3] == 0:
            raise ValueError("coefficients: b4, the width of the curve, must not be zero")

    @property
    def branches(self) -> int:
        return 1

    def score(self, similarities: FloatArray) -> FloatArray:
        b1, b2, b3, b4 = self.coefficients
        score: FloatArray = (b1 - b2) * (sigmoid(similarities[:, 0], 1 / abs(b4), b3) + 0.5) + b2
        return score

    def slope(self, similarities: FloatArray) -> FloatArray:
        b1, b2, b3, b4 = self.coefficients
        slope: FloatArray = (b1 - b2) / abs(b4) * (0.25 - sigmoid(similarities, 1 / abs(b4), b3) ** 2)
        return slope


C = TypeVar("C", bound=Model)


class _Logistic(FittedMapper[C], Generic[C]):
    """A sigmoid beside a constant or a line, of one similarity."""

    _linear: ClassVar[bool]
    _count: ClassVar[int]

    def _least(self, branches: int) -> int:
        return self._count

    def _fit(self, similarities: FloatArray, quality: FloatArray) -> C:
        """Fit in standard units, where any data are of size 1, and take what fits best after the way back."""
        order = np.argsort(similarities[:, 0], kind="stable")
        x, middle, half = _standard(similarities[order, 0])
        y, level, height = _standard(quality[order])
        shapes = best_shapes(x, y, linear=self._linear)
        curves = [self._curve(shape.unscaled(middle, half, level, height)) for shape in shapes]
        errors = [quality - curve.score(similarities) for curve in curves]
        return curves[int(np.argmin([float(error @ error) for error in errors]))]

    def _left_out(self, model: C, similarities: FloatArray, quality: FloatArray) -> FloatArray:
        return deleted(quality - model.score(similarities), self._count)

    @abstractmethod
    def _curve(self, shape: Shape) -> C:
        """The curve of this shape."""


class Logistic5(_Logistic[Curve5]):
    """``b1 (1/2 - 1/(1 + exp(b2 (q - b3)))) + b4 q + b5`` (Ahmed et al. 2024, eq. 6).

    Beyond the data the line ``b4 q`` goes on.
    """

    name = "logistic5"
    _model_type = Curve5
    _linear = True
    _count = 5

    def _curve(self, shape: Shape) -> Curve5:
        return Curve5(np.array(shape))


class Logistic4(_Logistic[Curve4]):
    """``(b1 - b2) / (1 + exp(-(q - b3) / |b4|)) + b2``, which stays between b1 and b2 (VQEG 2003)."""

    name = "logistic4"
    _model_type = Curve4
    _linear = False
    _count = 4

    def _curve(self, shape: Shape) -> Curve4:
        top, bottom = shape.constant + shape.rise / 2, shape.constant - shape.rise / 2
        return Curve4(np.array([top, bottom, shape.centre, 1 / shape.steepness]))


def _standard(values: FloatArray) -> tuple[FloatArray, float, float]:
    """The values brought to [-1, 1], with the middle and half the length of their range.

    A range that is a point, to rounding or to what the coefficients can hold, is brought to 0, with a length of 1.
    """
    low, high = float(values.min()), float(values.max())
    half = high / 2 - low / 2
    middle = low + half
    if half <= max(4 * np.finfo(float).eps * abs(middle), POINT):
        return np.zeros_like(values), middle, 1.0
    return (values - middle) / half, middle, half
