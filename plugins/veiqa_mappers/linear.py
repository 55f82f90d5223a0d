"""Ordinary least squares."""

from __future__ import annotations

import numpy as np

from veiqa_core.contracts import FloatArray

from .fitted import FittedMapper


class Linear(FittedMapper):
    """Intercept plus a weight for each similarity; where branches say the same, the smallest weights."""

    name = "linear"

    def _count(self, branches: int) -> int:
        return branches + 1

    def _solve(self, similarities: FloatArray, quality: FloatArray) -> FloatArray:
        centre, level = similarities.mean(axis=0), quality.mean()
        scale = np.abs(similarities - centre).max(axis=0)
        scale[scale == 0] = 1.0
        weights, *_ = np.linalg.lstsq((similarities - centre) / scale, quality - level, rcond=None)
        weights = weights / scale
        return np.concatenate([[level - centre @ weights], weights])

    def _evaluate(self, coefficients: FloatArray, similarities: FloatArray) -> FloatArray:
        score: FloatArray = coefficients[0] + (similarities * coefficients[1:]).sum(axis=1)
        return score

    def _slope(self, coefficients: FloatArray, similarities: FloatArray) -> FloatArray:
        return np.tile(coefficients[1:], (len(similarities), 1))
