"""Support vector regression of what a linear trend leaves."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from veiqa_core.api import FitError
from veiqa_core.contracts import FloatArray

from .fitted import FittedMapper, numbers, standard
from .linear import Plane, unscaled
from .plugin import TrendSvrParams
from .svr import ProjectedRbfModel, projected_regression


@attrs.frozen(eq=False)
class Trend(ProjectedRbfModel):
    """A plane, and radial basis functions over linear combinations of the similarities."""

    coefficients: FloatArray = numbers(1)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self._plane.branches != len(self.directions.T):
            raise ValueError(f"coefficients: {len(self.directions.T) + 1} numbers are needed")

    def score(self, similarities: FloatArray) -> FloatArray:
        score: FloatArray = self._plane.score(similarities) + super().score(similarities)
        return score

    def slope(self, similarities: FloatArray) -> FloatArray:
        slope: FloatArray = self._plane.slope(similarities) + super().slope(similarities)
        return slope

    @property
    def _plane(self) -> Plane:
        return Plane(self.coefficients)


class TrendSvr(FittedMapper[Trend]):
    """A ridge regression of some values, and ``pca-svr`` on all of them of what it leaves.

    Far from the data support vector regression is level, so images unlike those fitted on all get the same score. Here
    they get that of the trend. It is made of values that mean quality by themselves, such as a network's own logits.
    """

    name = "trend-svr"
    _model_type = Trend

    def __init__(self, params: TrendSvrParams) -> None:
        super().__init__(params)
        self._params = params
        self._names: tuple[str, ...] = ()

    def fit(
        self,
        similarities: FloatArray,
        quality: FloatArray,
        contents: Sequence[str] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """Fit to similarities ``[N, B]`` and quality ``[N]``.

        Args:
            contents: as for :meth:`.FittedMapper.fit`.
            names: how the ``B`` values are called, by which those of the trend are found.

        Raises:
            FitError: there are too few points, values that are not finite, or none that the trend could be made of.
        """
        self._names = tuple(names)
        super().fit(similarities, quality, contents)

    def _least(self, branches: int) -> int:
        return 2

    def _fit(self, similarities: FloatArray, quality: FloatArray) -> Trend:
        from sklearn.linear_model import Ridge  # slow to import, and needed for a fit only

        chosen = self._chosen(similarities.shape[1])
        x, *inputs = standard(similarities)
        y, *target = standard(quality)
        weights = np.zeros(x.shape[1])
        weights[chosen] = Ridge(alpha=self._params.strength * len(y)).fit(x[:, chosen], y).coef_
        plane = Plane(unscaled(weights, *inputs, *target))
        rest = projected_regression(similarities, quality - plane.score(similarities), self._params)
        return Trend(**attrs.asdict(rest, recurse=False), coefficients=plane.coefficients)

    def _chosen(self, branches: int) -> NDArray[np.intp]:
        """The values that make the trend."""
        patterns = self._params.trend
        if patterns == ("*",):
            return np.arange(branches)
        if len(self._names) != branches:
            raise FitError(f"{self.name} finds the values of its trend by their names, which are not known here")
        found = [any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns) for name in self._names]
        if not any(found):
            raise FitError(f"{self.name}: trend: no value is called {' or '.join(patterns)}; one is {self._names[0]}")
        return np.flatnonzero(found)
