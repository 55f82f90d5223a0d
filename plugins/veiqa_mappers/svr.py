"""Support vector regression."""

from __future__ import annotations

import attrs
import numpy as np

from veiqa_core.contracts import FloatArray

from .fitted import FittedMapper, numbers, out_of_fold, standard
from .plugin import SvrParams


@attrs.frozen(eq=False)
class Bells:
    """An intercept, and weights ``[V]`` of bells ``exp(-((q - v) / width)**2)`` around vectors, given by branch."""

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
        score: FloatArray = self.intercept + self._bells(similarities).sum(axis=1)
        return score

    def slope(self, similarities: FloatArray) -> FloatArray:
        bells = self._bells(similarities)
        apart = (
            (q[:, None] - v) / width / width
            for q, v, width in zip(similarities.T, self.vectors, self.widths, strict=True)
        )
        return np.stack([-2 * (bells * distance).sum(axis=1) for distance in apart], axis=1)

    def _bells(self, similarities: FloatArray) -> FloatArray:
        """The weighted bells ``[N, V]``."""
        distance = np.zeros((len(similarities), len(self.weights)))
        for q, v, width in zip(similarities.T, self.vectors, self.widths, strict=True):
            distance += ((q[:, None] - v) / width) ** 2
        return self.weights * np.exp(-distance)


class Svr(FittedMapper[Bells]):
    """Support vector regression with bells (radial basis functions): branches may act on each other.

    Similarities and quality are brought to standard deviations of 1 before. Far from the data the score is level.
    """

    name = "svr"
    _model_type = Bells

    def __init__(self, params: SvrParams) -> None:
        super().__init__(params)
        self._params = params

    def _least(self, branches: int) -> int:
        return 2

    def _solve(self, similarities: FloatArray, quality: FloatArray) -> tuple[Bells, FloatArray]:
        return self._bells(similarities, quality), out_of_fold(self._bells, similarities, quality)

    def _bells(self, similarities: FloatArray, quality: FloatArray) -> Bells:
        from sklearn.svm import SVR  # slow to import, and needed for a fit only

        x, _, scale = standard(similarities)
        y, level, height = standard(quality)
        gamma = 1 / x.shape[1] if self._params.gamma is None else self._params.gamma
        machine = SVR(kernel="rbf", C=self._params.c, epsilon=self._params.epsilon, gamma=gamma, tol=1e-5).fit(x, y)
        return Bells(
            vectors=np.ascontiguousarray(similarities[machine.support_].T),
            weights=height * machine.dual_coef_[0],
            widths=scale / gamma**0.5,
            intercept=level + height * machine.intercept_[0],
        )
