"""Ordinary least squares."""

from __future__ import annotations

import attrs
import numpy as np

from veiqa_core.contracts import FloatArray

from .fitted import FittedMapper, deleted, numbers, standard


@attrs.frozen(eq=False)
class Plane:
    """An intercept, and a weight for each similarity."""

    coefficients: FloatArray = numbers(1)

    def __attrs_post_init__(self) -> None:
        if len(self.coefficients) < 2:
            raise ValueError(f"coefficients: an intercept and weights are needed, not {len(self.coefficients)} numbers")

    @property
    def branches(self) -> int:
        return len(self.coefficients) - 1

    def score(self, similarities: FloatArray) -> FloatArray:
        score: FloatArray = self.coefficients[0] + (similarities * self.coefficients[1:]).sum(axis=1)
        return score

    def slope(self, similarities: FloatArray) -> FloatArray:
        return np.tile(self.coefficients[1:], (len(similarities), 1))


class Linear(FittedMapper[Plane]):
    """Intercept plus a weight for each similarity; where branches say the same, the smallest weights."""

    name = "linear"
    _model_type = Plane

    def _least(self, branches: int) -> int:
        return branches + 1

    def _fit(self, similarities: FloatArray, quality: FloatArray) -> Plane:
        x, *inputs = standard(similarities)
        y, *target = standard(quality)
        weights = np.linalg.lstsq(x, y, rcond=None)[0].astype(np.float64)
        return Plane(unscaled(weights, *inputs, *target))

    def _left_out(self, model: Plane, similarities: FloatArray, quality: FloatArray) -> FloatArray:
        return deleted(quality - model.score(similarities), len(model.coefficients))


def unscaled(
    weights: FloatArray, centre: FloatArray, scale: FloatArray, level: FloatArray, height: FloatArray
) -> FloatArray:
    """The coefficients for similarities and quality as they were before :func:`~veiqa_mappers.fitted.standard`."""
    weights = height * weights / scale
    return np.concatenate([[level - centre @ weights], weights])
