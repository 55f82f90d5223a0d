"""How far a choice can be trusted: bootstrap by content, ties, and what chance alone would give."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import attrs
import numpy as np
from scipy.stats import rankdata

from ..contracts import FloatArray
from ..evaluation.resampling import resampled
from ..measuring.table import Indices
from .objective import Objective

_SAMPLES = 500
_SHUFFLES = 200
_SURE = (0.025, 0.975)


@attrs.frozen(eq=False)
class Ranking:
    """Candidates beside the best of them, on the images that it was chosen on.

    Attributes:
        columns: the candidates compared, best first.
        figures: their objectives.
        intervals: ``[k, 2]``, 95 % bootstrap intervals, whole contents being drawn; NaN for a single content, which
            says nothing of others.
        behind: ``[k, 2]``, the same of the winner's objective minus theirs, on the same samples.
        error: the winner's standard error, or NaN.
    """

    columns: Indices
    figures: FloatArray
    intervals: FloatArray
    behind: FloatArray
    error: float

    @property
    def ties(self) -> Indices:
        """The candidates that cannot be distinguished from the winner, itself among them, best first."""
        found: Indices = self.columns[~(self.behind[:, 0] > 0)]
        return found


def ranking(
    objective: Objective, scores: FloatArray, quality: FloatArray, contents: Sequence[str], columns: Indices, seed: int
) -> Ranking:
    """Compare candidates, best first, by their scores ``[n, k]``."""
    figures = objective.figures(scores, quality)
    if len(set(contents)) < 2:
        unknown = np.full((len(columns), 2), np.nan)
        return Ranking(columns, figures, unknown, unknown, math.nan)
    drawn = bootstrap(objective, scores, quality, contents, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # samples without any figure give NaN, as they should
        intervals = np.nanquantile(drawn, _SURE, axis=0).T
        behind = np.nanquantile(drawn[:, :1] - drawn, _SURE, axis=0).T
        error = float(np.nanstd(drawn[:, 0], ddof=1))
    return Ranking(columns, figures, intervals, behind, error)


def bootstrap(
    objective: Objective, scores: FloatArray, quality: FloatArray, contents: Sequence[str], seed: int
) -> FloatArray:
    """The objective ``[samples, k]`` of scores ``[n, k]``, whole contents being drawn with replacement."""
    samples = resampled(contents, times=_SAMPLES, seed=seed)
    return np.array([objective.figures(scores[sample], quality[sample]) for sample in samples])


@attrs.frozen
class ChanceLevel:
    """The absolute SROCC that the best of so many candidates reaches where none has to do with quality.

    Attributes:
        median, high: over shuffles of the ratings among the images; ``high`` is reached in one of twenty.
    """

    median: float
    high: float


def chance_level(similarities: FloatArray, quality: FloatArray, seed: int) -> ChanceLevel | None:
    """The chance level of a search over similarities ``[n, C]``; None where nothing was measured."""
    known = similarities[:, np.isfinite(similarities).all(axis=0)]
    known = known[:, np.ptp(known, axis=0) > 0] if len(known) else known
    if known.shape[1] == 0 or len(quality) < 3 or np.ptp(quality) == 0:
        return None
    ranks, rated = _unit(rankdata(known, axis=0)), _unit(rankdata(quality)[:, None])[:, 0]
    rng = np.random.default_rng(seed)
    best = [float(np.abs(rng.permutation(rated) @ ranks).max()) for _ in range(_SHUFFLES)]
    return ChanceLevel(float(np.median(best)), float(np.quantile(best, 0.95)))


def _unit(columns: FloatArray) -> FloatArray:
    centred = columns - columns.mean(axis=0)
    unit: FloatArray = centred / np.linalg.norm(centred, axis=0)
    return unit
