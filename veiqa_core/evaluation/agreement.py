"""How well scores agree with quality as people see it: the four figures of the field, and their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, rankdata

from ..contracts import FloatArray, canonical_array
from ..scoring.mapping import constant

FEWEST = 3
"""Fewer points than this say nothing about agreement."""

_SURE = 0.95


def why_none(scores: FloatArray, quality: FloatArray) -> str | None:
    """Why no correlation exists; None where one does."""
    if len(scores) < FEWEST:
        return f"fewer than {FEWEST} images have a score"
    if constant(quality):
        return "all ratings are the same"
    if constant(scores):
        return "all scores are the same"
    return None


def plcc(scores: FloatArray, quality: FloatArray) -> float | None:
    """Pearson's linear correlation in [-1, 1]; None as :func:`why_none` says."""
    if why_none(scores, quality) is not None:
        return None
    return float(np.clip(_centred(scores) @ _centred(quality), -1.0, 1.0))


def srocc(scores: FloatArray, quality: FloatArray) -> float | None:
    """Spearman's rank correlation in [-1, 1], ties at their mean rank; None as for :func:`plcc`."""
    if why_none(scores, quality) is not None:
        return None
    return plcc(rankdata(scores), rankdata(quality))


def krocc(scores: FloatArray, quality: FloatArray) -> float | None:
    """Kendall's rank correlation (tau-b) in [-1, 1]; None as for :func:`plcc`."""
    if why_none(scores, quality) is not None:
        return None
    return float(kendalltau(scores, quality).statistic)


def rmse(scores: FloatArray, quality: FloatArray) -> float | None:
    """Root mean squared error in units of quality; None without points, or where no number holds it."""
    if not len(scores):
        return None
    wrong = canonical_array(scores) - canonical_array(quality)
    size = float(np.abs(wrong).max())
    error = size * float(np.sqrt(np.mean((wrong / size) ** 2))) if size else 0.0
    return error if math.isfinite(error) else None


FIGURES: Mapping[str, Callable[[FloatArray, FloatArray], float | None]] = {
    "plcc": plcc,
    "srocc": srocc,
    "krocc": krocc,
    "rmse": rmse,
}


def bootstrap(
    figures: Callable[[NDArray[np.intp]], Mapping[str, float | None]],
    clusters: Sequence[object],
    *,
    times: int,
    seed: int,
) -> dict[str, tuple[float, float] | None]:
    """95 % percentile intervals of figures, whole clusters being drawn with replacement.

    Images of one content are rated and distorted alike, so contents, not images, are what another sample would change.

    Args:
        figures: the figures of the points of given indices, in which points may repeat.
        clusters: for each point, what it is drawn together with.
        times: how many samples are drawn.
    """
    drawn: dict[str, list[float]] = {}
    for sample in resampled(clusters, times=times, seed=seed):
        for name, value in figures(sample).items():
            drawn.setdefault(name, []).append(math.nan if value is None else value)
    return {name: _interval(np.array(values)) for name, values in drawn.items()}


def resampled(clusters: Sequence[object], *, times: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Indices of the points of bootstrap samples, whole clusters being drawn with replacement."""
    names, members = np.unique([str(cluster) for cluster in clusters], return_inverse=True)
    points = [np.flatnonzero(members == index) for index in range(len(names))]
    rng = np.random.default_rng(seed)
    for _ in range(times):
        yield np.concatenate([points[index] for index in rng.integers(len(points), size=len(points))])


def _interval(values: FloatArray) -> tuple[float, float] | None:
    """None where the figure was not there in more samples than lie outside the interval."""
    known = values[np.isfinite(values)]
    if len(known) < _SURE * len(values) or len(known) == 0:
        return None
    low, high = np.quantile(known, [(1 - _SURE) / 2, (1 + _SURE) / 2])
    return float(low), float(high)


def _centred(values: FloatArray) -> FloatArray:
    """The values about their mean at length 1."""
    values = canonical_array(values)
    unit = values / np.abs(values).max()  # so that squares neither vanish nor overflow
    unit = unit - unit.mean()
    centred: FloatArray = unit / np.linalg.norm(unit)
    return centred
