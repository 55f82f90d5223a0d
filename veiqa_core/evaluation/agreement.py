"""How well scores agree with quality as people see it: the four figures of the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.stats import kendalltau, rankdata

from ..contracts import FloatArray, canonical_array
from ..scoring.mapping import constant, constant_rows

FEWEST = 3
"""Fewer points than this say nothing about agreement."""


def why_none(scores: FloatArray, quality: FloatArray) -> str | None:
    """Why no correlation exists; None where one does."""
    if len(scores) < FEWEST:
        return f"fewer than {FEWEST} images have a score"
    if constant(quality):
        return "all ratings are the same"
    if constant(scores):
        return "all scores are the same"
    return None


def correlations(scores: FloatArray, quality: FloatArray) -> FloatArray:
    """Pearson's linear correlations ``[C]`` in [-1, 1] of columns ``[n, C]``; NaN where a side is constant."""
    x, y = _centred(scores.T), _centred(quality[None])
    found: FloatArray = np.clip((x * y).sum(axis=1), -1.0, 1.0)  # summed row by row: no column changes another's figure
    return found


def rank_correlations(scores: FloatArray, quality: FloatArray) -> FloatArray:
    """Spearman's rank correlations ``[C]``, ties at their mean rank; NaN as for :func:`correlations`."""
    found = correlations(rankdata(scores, axis=0), rankdata(quality))
    found[constant_rows(scores.T) | constant_rows(quality[None])] = np.nan
    return found


def concordances(scores: FloatArray, quality: FloatArray) -> FloatArray:
    """Kendall's rank correlations (tau-b) ``[C]``; NaN as for :func:`correlations`."""
    found = np.array([kendalltau(column, quality).statistic for column in scores.T], dtype=np.float64)
    found[constant_rows(scores.T) | constant_rows(quality[None])] = np.nan
    return found


def root_mean_squares(scores: FloatArray, quality: FloatArray) -> FloatArray:
    """Root mean squared errors ``[C]`` in units of quality; NaN where no number holds one."""
    wrong = canonical_array(scores.T) - canonical_array(quality)
    size = _size(wrong)
    with np.errstate(over="ignore"):
        found: FloatArray = size[:, 0] * np.sqrt(np.mean((wrong / np.where(size, size, 1)) ** 2, axis=1))
    found[~np.isfinite(found)] = np.nan
    return found


COLUMN_FIGURES: Mapping[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "plcc": correlations,
    "srocc": rank_correlations,
    "krocc": concordances,
    "rmse": root_mean_squares,
}
"""The figures ``[C]`` of many columns of scores ``[n, C]``; ``n`` must not be 0."""


def plcc(scores: FloatArray, quality: FloatArray) -> float | None:
    """Pearson's linear correlation in [-1, 1]; None as :func:`why_none` says."""
    return _of_one("plcc", scores, quality) if why_none(scores, quality) is None else None


def srocc(scores: FloatArray, quality: FloatArray) -> float | None:
    """Spearman's rank correlation in [-1, 1], ties at their mean rank; None as for :func:`plcc`."""
    return _of_one("srocc", scores, quality) if why_none(scores, quality) is None else None


def krocc(scores: FloatArray, quality: FloatArray) -> float | None:
    """Kendall's rank correlation (tau-b) in [-1, 1]; None as for :func:`plcc`."""
    return _of_one("krocc", scores, quality) if why_none(scores, quality) is None else None


def rmse(scores: FloatArray, quality: FloatArray) -> float | None:
    """Root mean squared error in units of quality; None without points, or where no number holds it."""
    return _of_one("rmse", scores, quality) if len(scores) else None


FIGURES: Mapping[str, Callable[[FloatArray, FloatArray], float | None]] = {
    "plcc": plcc,
    "srocc": srocc,
    "krocc": krocc,
    "rmse": rmse,
}


def _of_one(name: str, scores: FloatArray, quality: FloatArray) -> float | None:
    (value,) = COLUMN_FIGURES[name](np.asarray(scores)[:, None], np.asarray(quality))
    return None if np.isnan(value) else float(value)


def _size(rows: FloatArray) -> FloatArray:
    """The greatest absolute value of each row, as a column."""
    size: FloatArray = np.abs(rows).max(axis=1, initial=0, keepdims=True)
    return size


def _centred(rows: FloatArray) -> FloatArray:
    """Each row about its mean at length 1; NaN where it is constant."""
    rows = canonical_array(rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = rows / _size(rows)  # so that squares neither vanish nor overflow
        unit = unit - unit.mean(axis=1, keepdims=True)
        centred: FloatArray = unit / np.sqrt((unit * unit).sum(axis=1, keepdims=True))
    centred[constant_rows(rows)] = np.nan
    return centred
