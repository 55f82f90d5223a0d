"""The figure that a search makes as good as it can, of many candidates at once."""

from __future__ import annotations

import attrs
import numpy as np

from ..contracts import FloatArray
from ..errors import VeiqaError
from ..evaluation import agreement
from ..extension.registry import Part
from ..scoring.mapping import fitted_prediction

NAMES = tuple(agreement.COLUMN_FIGURES)


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
            found[known] = agreement.COLUMN_FIGURES[self.name](scores[:, known], quality)
        return -found if self.name == "rmse" else found

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
