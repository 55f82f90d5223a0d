"""Least squares with small weights."""

from __future__ import annotations

import attrs
import numpy as np

from veiqa_core.contracts import FloatArray

from .fitted import FittedMapper, numbers, standard
from .linear import Plane, unscaled
from .plugin import RidgeParams

_STRENGTHS = np.geomspace(1e-4, 1e2, 19)


@attrs.frozen(eq=False)
class Shrunk(Plane):
    """A plane, and the strength with which its weights were held small."""

    strength: FloatArray = numbers(0)


class Ridge(FittedMapper[Shrunk]):
    """Intercept plus a weight for each similarity, the weights held small; where branches say nearly the same.

    In units of the standard deviations, the mean squared error plus ``strength`` times the sum of the squared weights
    is least. A strength that is not given is the one of a scale with the least squared errors at points left out.
    """

    name = "ridge"
    _model_type = Shrunk

    def __init__(self, params: RidgeParams) -> None:
        super().__init__(params)
        self._strengths = _STRENGTHS if params.strength is None else np.array([params.strength])

    def _least(self, branches: int) -> int:
        return 3

    def _fit(self, similarities: FloatArray, quality: FloatArray) -> Shrunk:
        from sklearn.linear_model import Ridge as Solver  # slow to import, and needed for a fit only

        x, *inputs = standard(similarities)
        y, *target = standard(quality)
        errors = left_out(x, y, self._strengths)
        strength = self._strengths[int((errors**2).sum(axis=1).argmin())]
        weights: FloatArray = Solver(alpha=strength * len(y)).fit(x, y).coef_
        return Shrunk(unscaled(weights, *inputs, *target), strength)

    def _left_out(self, model: Shrunk, similarities: FloatArray, quality: FloatArray) -> FloatArray:
        y, _, height = standard(quality)
        errors: FloatArray = height * left_out(standard(similarities)[0], y, model.strength[None])[0]
        return errors


def left_out(x: FloatArray, y: FloatArray, strengths: FloatArray) -> FloatArray:
    """The absolute error at each point of a ridge regression without it, in closed form.

    Args:
        x, y: points ``[N, B]`` and targets ``[N]``, both of mean 0.
        strengths: weights ``[S]`` of the penalty.

    Returns:
        The errors ``[S, N]``.
    """
    directions, lengths, _ = np.linalg.svd(x, full_matrices=False)
    kept = lengths**2 / (lengths**2 + len(y) * strengths[:, None])
    errors = y - (kept * (y @ directions)) @ directions.T
    leverage = 1 / len(y) + kept @ (directions**2).T
    away: FloatArray = np.abs(errors) / (1 - leverage)
    return away
