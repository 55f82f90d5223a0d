"""The figure that a search makes as good as it can, of many candidates at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import numpy as np
from scipy.stats import rankdata

from ..contracts import FloatArray, canonical_array
from ..errors import VeiqaError
from ..evaluation import agreement
from ..extension.registry import Part
from ..scoring.mapping import fitted_prediction


def _correlations(scores: FloatArray, quality: FloatArray) -> FloatArray:
    """Pearson's correlation ``[C]`` of columns ``[n, C]`` with quality; NaN where a side is constant."""
    columns = canonical_array(scores.T)  # summed one by one: each has its figure whatever columns stand beside it
    x, y = columns - columns.mean(axis=1, keepdims=True), canonical_array(quality) - canonical_array(quality).mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = (x * y).sum(axis=1) / np.sqrt((x * x).sum(axis=1)) / np.sqrt((y * y).sum())
    found[~np.isfinite(found)] = np.nan
    found[np.ptp(scores, axis=0) == 0] = np.nan
    return np.clip(found, -1, 1)


def _rank_correlations(scores: FloatArray, quality: FloatArray) -> FloatArray:
    return _correlations(rankdata(scores, axis=0), rankdata(quality))


def _concordances(scores: FloatArray, quality: FloatArray) -> FloatArray:
    found = [agreement.krocc(column, quality) for column in scores.T]
    return np.array([np.nan if value is None else value for value in found])


def _errors(scores: FloatArray, quality: FloatArray) -> FloatArray:
    wrong: FloatArray = np.sqrt(np.mean((canonical_array(scores.T) - quality) ** 2, axis=1))
    return -wrong


_FIGURES: Mapping[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "srocc": _rank_correlations,
    "plcc": _correlations,
    "krocc": _concordances,
    "rmse": _errors,
}
NAMES = tuple(_FIGURES)


@attrs.frozen
class Objective:
    """What is to be as high as possible: a correlation with quality, or minus the RMSE.

    SROCC and KROCC rank by the similarities themselves, in that direction of the two that agrees better: which one it
    is, a fitted mapper finds out too (Ahmed et al. 2024, eq. 6). PLCC and RMSE are taken after the mapper.

    Attributes:
        mapper: of one similarity.
    """

    name: str
    mapper: Part

    @property
    def ranks(self) -> bool:
        """Whether only the order of scores counts."""
        return self.name in ("srocc", "krocc")

    def scores(self, similarities: FloatArray, quality: FloatArray) -> FloatArray:
        """Scores ``[n, C]`` whose figures are the objective; NaN columns for candidates that have none."""
        if len(quality) < agreement.FEWEST:
            return np.full_like(similarities, np.nan)
        if self.ranks:
            return similarities * np.where(self.figures(similarities, quality) < 0, -1.0, 1.0)
        return np.stack([self._mapped(column, quality) for column in similarities.T], axis=1)

    def figures(self, scores: FloatArray, quality: FloatArray) -> FloatArray:
        """The objective ``[C]`` of scores ``[n, C]``, higher being better; NaN where there is none."""
        found = np.full(scores.shape[1], np.nan)
        known = np.isfinite(scores).all(axis=0)
        if len(quality) >= agreement.FEWEST and known.any():
            found[known] = _FIGURES[self.name](scores[:, known], quality)
        return found

    def reported(self, value: float) -> float:
        """The figure as it is reported: RMSE without its sign."""
        return -value if self.name == "rmse" else value

    def _mapped(self, column: FloatArray, quality: FloatArray) -> FloatArray:
        if not np.isfinite(column).all():
            return np.full_like(column, np.nan)
        try:
            return fitted_prediction(self.mapper, column[:, None], quality, column[:, None]).score
        except VeiqaError:
            return np.full_like(column, np.nan)
