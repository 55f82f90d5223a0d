"""Support vector regression, on the similarities or on their principal components."""

from __future__ import annotations

import attrs
import numpy as np

from veiqa_core.contracts import FloatArray

from .fitted import FittedMapper, numbers, standard
from .plugin import PcaSvrParams, SvrParams


@attrs.frozen(eq=False)
class RbfModel:
    """An intercept, and weights ``[V]`` of radial basis functions ``exp(-((q - v) / width)**2)``.

    The vectors ``v`` that they are around are given by branch.
    """

    vectors: FloatArray = numbers(2)
    weights: FloatArray = numbers(1)
    widths: FloatArray = numbers(1)
    intercept: FloatArray = numbers(0)

    def __attrs_post_init__(self) -> None:
        if self.vectors.shape != (len(self.widths), len(self.weights)):
            raise ValueError(f"vectors: {len(self.widths)} lists of {len(self.weights)} numbers are needed")
        if not (self.widths > 0).all():
            raise ValueError("widths must be above zero")

    @property
    def branches(self) -> int:
        return len(self.widths)

    def score(self, similarities: FloatArray) -> FloatArray:
        score: FloatArray = self.intercept + self._rbf(similarities).sum(axis=1)
        return score

    def slope(self, similarities: FloatArray) -> FloatArray:
        rbf = self._rbf(similarities)
        apart = (
            (q[:, None] - v) / width / width
            for q, v, width in zip(similarities.T, self.vectors, self.widths, strict=True)
        )
        return np.stack([-2 * (rbf * distance).sum(axis=1) for distance in apart], axis=1)

    def _rbf(self, similarities: FloatArray) -> FloatArray:
        """The weighted functions ``[N, V]``."""
        distance = np.zeros((len(similarities), len(self.weights)))
        for q, v, width in zip(similarities.T, self.vectors, self.widths, strict=True):
            distance += ((q[:, None] - v) / width) ** 2
        return self.weights * np.exp(-distance)


class Svr(FittedMapper[RbfModel]):
    """Support vector regression with radial basis functions: branches may act on each other.

    Similarities and quality are brought to standard deviations of 1 before. Far from the data the score is level.
    """

    name = "svr"
    _model_type = RbfModel

    def __init__(self, params: SvrParams) -> None:
        super().__init__(params)
        self._params = params

    def _least(self, branches: int) -> int:
        return 2

    def _fit(self, similarities: FloatArray, quality: FloatArray) -> RbfModel:
        x, _, scale = standard(similarities)
        gamma = _gamma(self._params, x.shape[1])
        support, weights, intercept = _regression(x, quality, self._params, gamma)
        return RbfModel(
            vectors=np.ascontiguousarray(similarities[support].T),
            weights=weights,
            widths=scale / gamma**0.5,
            intercept=intercept,
        )


@attrs.frozen(eq=False)
class ProjectedRbfModel:
    """Radial basis functions over linear combinations of the similarities: those of ``directions`` ``[D, B]``."""

    directions: FloatArray = numbers(2)
    vectors: FloatArray = numbers(2)
    weights: FloatArray = numbers(1)
    widths: FloatArray = numbers(1)
    intercept: FloatArray = numbers(0)

    def __attrs_post_init__(self) -> None:
        rbf = self._rbf  # which checks its own
        if len(self.directions) != rbf.branches:
            raise ValueError(f"directions: {rbf.branches} lists are needed, not {len(self.directions)}")

    @property
    def branches(self) -> int:
        return len(self.directions.T)

    def score(self, similarities: FloatArray) -> FloatArray:
        return self._rbf.score(_projected(similarities, self.directions))

    def slope(self, similarities: FloatArray) -> FloatArray:
        along = self._rbf.slope(_projected(similarities, self.directions))
        return _projected(along, np.ascontiguousarray(self.directions.T))

    @property
    def _rbf(self) -> RbfModel:
        return RbfModel(self.vectors, self.weights, self.widths, self.intercept)


class PcaSvr(FittedMapper[ProjectedRbfModel]):
    """Support vector regression on the principal components of many similarities that say nearly the same.

    The similarities, in standard deviations, are projected on the directions in which they vary most; what is left out
    is mostly noise. What is kept of a fit stays small however many branches there are.
    """

    name = "pca-svr"
    _model_type = ProjectedRbfModel

    def __init__(self, params: PcaSvrParams) -> None:
        super().__init__(params)
        self._params = params

    def _least(self, branches: int) -> int:
        return 2

    def _fit(self, similarities: FloatArray, quality: FloatArray) -> ProjectedRbfModel:
        return projected_regression(similarities, quality, self._params)


def projected_regression(similarities: FloatArray, quality: FloatArray, params: PcaSvrParams) -> ProjectedRbfModel:
    """Support vector regression on the principal components of the similarities."""
    x, _, scale = standard(similarities)
    _, lengths, axes = np.linalg.svd(x, full_matrices=False)
    varying = lengths > lengths[:1] * max(x.shape) * np.finfo(float).eps
    axes = axes[: max(1, min(params.components, int(varying.sum())))]
    directions = axes / scale
    components = _projected(similarities, directions)
    gamma = _gamma(params, x.shape[1])
    support, weights, intercept = _regression(components - components.mean(axis=0), quality, params, gamma)
    return ProjectedRbfModel(
        directions=directions,
        vectors=np.ascontiguousarray(components[support].T),
        weights=weights,
        widths=np.full(len(axes), gamma**-0.5),
        intercept=intercept,
    )


def _projected(values: FloatArray, directions: FloatArray) -> FloatArray:
    """``[N, D]`` of values ``[N, B]`` along directions ``[D, B]``; no matrix product, so that rows keep their bits."""
    return np.stack([(values * direction).sum(axis=1) for direction in directions], axis=1)


def _gamma(params: SvrParams, branches: int) -> float:
    return 1 / branches if params.gamma is None else params.gamma


def _regression(
    x: FloatArray, quality: FloatArray, params: SvrParams, gamma: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Which points support the regression, their weights, and the intercept, in units of the quality."""
    from sklearn.svm import SVR  # slow to import, and needed for a fit only

    y, level, height = standard(quality)
    machine = SVR(kernel="rbf", C=params.c, epsilon=params.epsilon, gamma=gamma, tol=1e-5)
    machine.random_state = 0  # else it draws a seed, which it has no use for, from NumPy's own generator
    machine.fit(x, y)
    return machine.support_, height * machine.dual_coef_[0], level + height * machine.intercept_[0]
