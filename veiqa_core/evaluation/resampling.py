"""How uncertain the figures of agreement are: the bootstrap over contents.

A sample is written as the number of times that it holds each point. So the figures of all samples come from a few
operations on arrays.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from ..contracts import FloatArray
from ..scoring.mapping import ROUNDING
from .agreement import FEWEST

_SURE = 0.95
_CELLS = 2**21
"""Numbers of an array that is worked on at once."""
_FEW = 1500
"""Points up to which looking at all pairs takes less time than sorting them for each sample."""

Counts = FloatArray
"""How many times ``[R, n]`` each of R samples holds each of n points."""


def bootstrap(
    figures: Callable[[Counts], Mapping[str, FloatArray]], clusters: Sequence[object], *, times: int, seed: int
) -> dict[str, tuple[float, float] | None]:
    """95 % percentile intervals of figures, whole clusters being drawn with replacement; arguments as for
    :func:`drawn`."""
    return {name: interval(values) for name, values in drawn(figures, clusters, times=times, seed=seed).items()}


def drawn(
    figures: Callable[[Counts], Mapping[str, FloatArray]], clusters: Sequence[object], *, times: int, seed: int
) -> dict[str, FloatArray]:
    """Figures ``[times]`` of bootstrap samples, whole clusters being drawn with replacement.

    Images of one content are rated and distorted alike, so contents, not images, are what another sample would change.

    Args:
        figures: the figures ``[R]`` of samples, NaN where one does not exist.
        clusters: for each point, what it is drawn together with.
        times: how many samples are drawn.
    """
    found: dict[str, list[FloatArray]] = {}
    every = max(1, _CELLS // len(clusters))
    samples = resampled(clusters, times=times, seed=seed)
    for _ in range(0, times, every):
        some = [np.bincount(sample, minlength=len(clusters)) for sample in itertools.islice(samples, every)]
        for name, values in figures(np.array(some, dtype=np.float64)).items():
            found.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def resampled(clusters: Sequence[object], *, times: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Indices of the points of bootstrap samples, whole clusters being drawn with replacement."""
    names, members = np.unique([str(cluster) for cluster in clusters], return_inverse=True)
    points = [np.flatnonzero(members == index) for index in range(len(names))]
    rng = np.random.default_rng(seed)
    for _ in range(times):
        yield np.concatenate([points[index] for index in rng.integers(len(points), size=len(points))])


def correlations(scores: FloatArray, quality: FloatArray, counts: Counts) -> FloatArray:
    """Pearson's linear correlations ``[R]`` of scores and quality ``[n]`` or ``[R, n]``; NaN where a side is constant
    or fewer than three points are there."""
    x, y = _centred(scores, counts), _centred(quality, counts)
    with np.errstate(invalid="ignore"):
        found: FloatArray = np.clip((counts * x * y).sum(axis=1), -1.0, 1.0)
    found[_say_nothing(scores, quality, counts)] = np.nan
    return found


def rank_correlations(scores: FloatArray, quality: FloatArray, counts: Counts) -> FloatArray:
    """Spearman's rank correlations ``[R]``, ties at their mean rank; NaN as for :func:`correlations`."""
    found = correlations(_ranks(scores, counts), _ranks(quality, counts), counts)
    found[_say_nothing(scores, quality, counts)] = np.nan
    return found


def concordances(scores: FloatArray, quality: FloatArray, counts: Counts) -> FloatArray:
    """Kendall's rank correlations (tau-b) ``[R]``; NaN as for :func:`correlations`."""
    found = _by_pairs(scores, quality, counts) if len(scores) <= _FEW else _by_sorting(scores, quality, counts)
    found[_say_nothing(scores, quality, counts)] = np.nan
    return found


def root_mean_squares(scores: FloatArray, quality: FloatArray, counts: Counts) -> FloatArray:
    """Root mean squared errors ``[R]`` in units of quality; NaN without points, or where no number holds one."""
    wrong = np.where(counts > 0, np.abs(scores - quality), 0)
    size = wrong.max(axis=1, initial=0, keepdims=True)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        mean = (counts * (wrong / np.where(size, size, 1)) ** 2).sum(axis=1) / counts.sum(axis=1)
        found: FloatArray = size[:, 0] * np.sqrt(mean)
    found[~np.isfinite(found)] = np.nan
    return found


SAMPLED_FIGURES: Mapping[str, Callable[[FloatArray, FloatArray, Counts], FloatArray]] = {
    "plcc": correlations,
    "srocc": rank_correlations,
    "krocc": concordances,
    "rmse": root_mean_squares,
}
"""The figures ``[R]`` of samples of scores and quality ``[n]``, all of them finite."""


def interval(values: FloatArray) -> tuple[float, float] | None:
    """The 95 % percentile interval of the figures of samples; None where the figure was not there in more samples than
    lie outside the interval."""
    known = values[np.isfinite(values)]
    if len(known) < _SURE * len(values) or len(known) == 0:
        return None
    low, high = np.quantile(known, [(1 - _SURE) / 2, (1 + _SURE) / 2])
    return float(low), float(high)


def _by_pairs(scores: FloatArray, quality: FloatArray, counts: Counts) -> FloatArray:
    """By the signs of all differences, which whole numbers hold exactly."""
    x, y = (np.unique(side, return_inverse=True)[1] for side in (scores, quality))
    agreeing = np.zeros((3, len(counts)))
    every = max(1, _CELLS // max(1, len(x)))
    for start in range(0, len(x), every):
        part = slice(start, start + every)
        signs = [np.sign(np.subtract.outer(side[part], side)).astype(np.float64) for side in (x, y)]
        for row, product in enumerate((signs[0] * signs[1], np.abs(signs[0]), np.abs(signs[1]))):
            agreeing[row] += (counts[:, part] * (counts @ product.T)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = np.clip(agreeing[0] / np.sqrt(agreeing[1]) / np.sqrt(agreeing[2]), -1.0, 1.0)
    return found


def _by_sorting(scores: FloatArray, quality: FloatArray, counts: Counts) -> FloatArray:
    points = (np.repeat(np.arange(len(scores)), sample.astype(np.intp)) for sample in counts)
    found = [kendalltau(scores[at], quality[at]).statistic if len(at) >= FEWEST else np.nan for at in points]
    return np.array(found, dtype=np.float64)


def _ranks(values: FloatArray, counts: Counts) -> FloatArray:
    """The rank ``[R, n]`` of each point in each sample from 1, equal ones at their mean rank."""
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    sizes = np.add.reduceat(counts[:, order], starts, axis=1)
    ranks: FloatArray = (sizes.cumsum(axis=1) - (sizes - 1) / 2)[:, group]
    return ranks


def _scaled(values: FloatArray, counts: Counts) -> FloatArray:
    """Values ``[R, n]`` over the greatest magnitude in each sample, so that squares neither vanish nor overflow; NaN
    where a sample does not hold them."""
    there = np.where(counts > 0, values, np.nan)
    size = np.nanmax(np.abs(there), axis=1, initial=0, keepdims=True)
    scaled: FloatArray = there / np.where(size, size, 1)
    return scaled


def _say_nothing(scores: FloatArray, quality: FloatArray, counts: Counts) -> NDArray[np.bool_]:
    """Which samples are too small for a correlation, or have all scores or all quality the same."""
    few: NDArray[np.bool_] = counts.sum(axis=1) < FEWEST
    return few | _constant(scores, counts) | _constant(quality, counts)


def _constant(values: FloatArray, counts: Counts) -> NDArray[np.bool_]:
    """In which samples values are all the same, to rounding."""
    scaled = _scaled(values, counts)
    spread = np.nanmax(scaled, axis=1, initial=-math.inf) - np.nanmin(scaled, axis=1, initial=math.inf)
    same: NDArray[np.bool_] = spread <= ROUNDING
    return same


def _centred(values: FloatArray, counts: Counts) -> FloatArray:
    """Values ``[R, n]`` about their mean at length 1 in each sample."""
    scaled = np.nan_to_num(_scaled(values, counts))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (counts * scaled).sum(axis=1, keepdims=True) / counts.sum(axis=1, keepdims=True)
        about = scaled - mean
        centred: FloatArray = about / np.sqrt((counts * about * about).sum(axis=1, keepdims=True))
    return centred
