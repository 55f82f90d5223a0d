"""The figures of agreement of many bootstrap samples at once.

What does not depend on the sample is found once, what does not depend on the scores once for all columns of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from ..contracts import FloatArray
from ..scoring.mapping import ROUNDING
from .agreement import FEWEST
from .resampling import Clusters, Counts

_CELLS = 2**17
"""Numbers of an array that is worked on at once."""
_FEW = 1500
"""Points or clusters up to which looking at all pairs takes less time than sorting the points of each sample."""
_FEW_CLUSTERS = 64
"""Clusters up to which ranks take less time as sums over these than by counting points."""
_MANY = 20_000
"""Points from which on looking at all pairs takes longer, however few the clusters."""

Sampled = Callable[[Counts], FloatArray]
"""A figure ``[C, R]`` of C columns of scores in R samples."""


def correlations(scores: FloatArray, quality: FloatArray, clusters: Clusters) -> Sampled:
    """Pearson's linear correlations of scores ``[C, n]`` and quality ``[n]``; NaN where a side is constant or fewer
    than three points are there."""
    first, *others = (_Column.of(own, clusters) for own in (quality, *scores))

    def sampled(counts: Counts) -> FloatArray:
        held = clusters.held(counts)
        y, known = first.centred(counts, held), _enough(counts) & ~first.constant(held)
        return np.array(
            [_products(counts, own.centred(counts, held), y, known & ~own.constant(held)) for own in others]
        )

    return sampled


def rank_correlations(scores: FloatArray, quality: FloatArray, clusters: Clusters) -> Sampled:
    """Spearman's rank correlations, ties at their mean rank; NaN as for :func:`correlations`."""
    first, *others = ((_Column.of(own, clusters), _Ranks(own, clusters)) for own in (quality, *scores))

    def sampled(counts: Counts) -> FloatArray:
        held = clusters.held(counts)
        y, known = first[1].centred(counts, held), _enough(counts) & ~first[0].constant(held)
        return np.array(
            [_products(counts, ranks.centred(counts, held), y, known & ~own.constant(held)) for own, ranks in others]
        )

    return sampled


def concordances(scores: FloatArray, quality: FloatArray, clusters: Clusters) -> Sampled:
    """Kendall's rank correlations (tau-b); NaN as for :func:`correlations`."""
    by_pairs = len(clusters.starts) <= _FEW and len(quality) <= _MANY
    kendall = (_by_pairs if by_pairs else _by_sorting)(scores, quality, clusters)
    first, *others = (_Column.of(own, clusters) for own in (quality, *scores))

    def sampled(counts: Counts) -> FloatArray:
        held, found = clusters.held(counts), kendall(counts)
        known = _enough(counts) & ~first.constant(held)
        found[~np.array([known & ~own.constant(held) for own in others])] = np.nan
        return found

    return sampled


def root_mean_squares(scores: FloatArray, quality: FloatArray, clusters: Clusters) -> Sampled:
    """Root mean squared errors in units of quality; NaN without points, or where no number holds one."""
    columns = [_Column.of(np.abs(own - quality), clusters) for own in scores]

    def sampled(counts: Counts) -> FloatArray:
        held, total = clusters.held(counts), counts.sum(axis=1)
        found = np.empty((len(columns), len(counts)))
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            for row, own in zip(found, columns, strict=True):
                mean = (counts * own.scaled(counts, held) ** 2).sum(axis=1) / total
                row[:] = own.size(held)[:, 0] * np.sqrt(mean)
        found[~np.isfinite(found)] = np.nan
        return found

    return sampled


SAMPLED_FIGURES: Mapping[str, Callable[[FloatArray, FloatArray, Clusters], Sampled]] = {
    "plcc": correlations,
    "srocc": rank_correlations,
    "krocc": concordances,
    "rmse": root_mean_squares,
}
"""What finds the figures of samples, from columns of scores ``[C, n]`` and quality ``[n]``, all of them finite."""


@attrs.frozen(eq=False)
class _Column:
    """Values of all points, and the least and greatest of each cluster."""

    values: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, values: FloatArray, clusters: Clusters) -> _Column:
        sorted_ = values[clusters.order]
        return cls(values, np.minimum.reduceat(sorted_, clusters.starts), np.maximum.reduceat(sorted_, clusters.starts))

    def constant(self, held: Counts) -> NDArray[np.bool_]:
        """In which samples values are all the same, to rounding."""
        low, high = self._ends(held)
        size = self.size(held)[:, 0]
        same: NDArray[np.bool_] = high / size - low / size <= ROUNDING
        return same

    def size(self, held: Counts) -> FloatArray:
        """The greatest magnitude in each sample as a column, 1 for 0."""
        low, high = self._ends(held)
        size = np.maximum(high, -low)
        return np.where(size > 0, size, 1)[:, None]

    def scaled(self, counts: Counts, held: Counts) -> FloatArray:
        """Values ``[R, n]`` over their size, so that squares neither vanish nor overflow; 0 where a sample does not
        hold them."""
        scaled: FloatArray = np.where(counts > 0, self.values, 0.0)
        scaled /= self.size(held)
        return scaled

    def centred(self, counts: Counts, held: Counts) -> FloatArray:
        """Values ``[R, n]`` about their mean at length 1 in each sample."""
        return _centred(self.scaled(counts, held), counts)

    def _ends(self, held: Counts) -> tuple[FloatArray, FloatArray]:
        there = held > 0
        low: FloatArray = np.where(there, self.low, np.inf).min(axis=1, initial=np.inf)
        high: FloatArray = np.where(there, self.high, -np.inf).max(axis=1, initial=-np.inf)
        return low, high


class _Ranks:
    """The ranks of points in samples."""

    def __init__(self, values: FloatArray, clusters: Clusters) -> None:
        _, self._group = np.unique(values, return_inverse=True)
        by_cluster = np.lexsort((self._group, clusters.of_points))
        ends = np.append(clusters.starts, len(values))[1:]
        self._last = by_cluster[ends - 1]  # of each cluster, the point that ranks highest
        self._ranks = self._by_clusters(clusters) if len(clusters.starts) <= _FEW_CLUSTERS else self._by_counting()

    def centred(self, counts: Counts, held: Counts) -> FloatArray:
        """Ranks ``[R, n]`` from 1, equal ones at their mean rank, about their mean at length 1 in each sample."""
        ranks = self._ranks(counts, held)
        greatest = np.where(held > 0, ranks[:, self._last], 0).max(axis=1, initial=0, keepdims=True)
        ranks /= np.where(greatest, greatest, 1)
        return _centred(ranks, counts)

    def _by_clusters(self, clusters: Clusters) -> Callable[[Counts, Counts], FloatArray]:
        """As sums over clusters of the points below: half numbers, which sums hold exactly."""
        equal = np.zeros((self._group.max(initial=-1) + 1, len(clusters.starts)))
        np.add.at(equal, (self._group, clusters.of_points), 1)
        below = (equal.cumsum(axis=0) - equal / 2)[self._group]
        return lambda counts, held: (below @ held.T + 0.5).T

    def _by_counting(self) -> Callable[[Counts, Counts], FloatArray]:
        order = np.argsort(self._group, kind="stable")
        starts = np.flatnonzero(np.diff(self._group[order], prepend=-1))

        def ranks(counts: Counts, held: Counts) -> FloatArray:
            sizes = np.add.reduceat(counts[:, order], starts, axis=1)
            found: FloatArray = (sizes.cumsum(axis=1) - (sizes - 1) / 2)[:, self._group]
            return found

        return ranks


def _enough(counts: Counts) -> NDArray[np.bool_]:
    """Which samples have points enough for a correlation."""
    enough: NDArray[np.bool_] = counts.sum(axis=1) >= FEWEST
    return enough


def _centred(values: FloatArray, counts: Counts) -> FloatArray:
    """Values ``[R, n]`` about their mean at length 1 in each sample, in the same array."""
    with np.errstate(invalid="ignore", divide="ignore"):
        values -= (counts * values).sum(axis=1, keepdims=True) / counts.sum(axis=1, keepdims=True)
        squares = counts * values
        squares *= values
        values /= np.sqrt(squares.sum(axis=1, keepdims=True))
    return values


def _products(counts: Counts, x: FloatArray, y: FloatArray, known: NDArray[np.bool_]) -> FloatArray:
    """Correlations ``[R]`` of what is centred; NaN where they are not known."""
    with np.errstate(invalid="ignore"):
        product = counts * x
        product *= y
        found: FloatArray = np.clip(product.sum(axis=1), -1.0, 1.0)
    found[~known] = np.nan
    return found


def _by_pairs(scores: FloatArray, quality: FloatArray, clusters: Clusters) -> Sampled:
    """By the signs of all differences, summed over the points of every two clusters, which whole numbers hold
    exactly."""
    y, *columns = (np.unique(own, return_inverse=True)[1] for own in (quality, *scores))
    different = _different(y, clusters)
    sums = [(_agreeing(x, y, clusters), _different(x, clusters)) for x in columns]
    # Beyond, these figures stand in for kendalltau's, which counts each pair once: so the last bits are the same.
    each = 1 if len(quality) <= _FEW else 2

    def sampled(counts: Counts) -> FloatArray:
        held = clusters.held(counts)

        def total(pairs: FloatArray) -> FloatArray:
            whole: FloatArray = (held * (held @ pairs)).sum(axis=1) / each
            return whole

        root = np.sqrt(total(different))
        found = np.empty((len(sums), len(counts)))
        with np.errstate(invalid="ignore", divide="ignore"):
            for row, (agreeing, own) in zip(found, sums, strict=True):
                row[:] = np.clip(total(agreeing) / np.sqrt(total(own)) / root, -1.0, 1.0)
        return found

    return sampled


def _agreeing(x: NDArray[np.intp], y: NDArray[np.intp], clusters: Clusters) -> FloatArray:
    """How many more pairs of a point of one cluster and one of another ``[K, K]`` rank alike than the other way."""
    x, y = x[clusters.order].astype(np.float64), y[clusters.order].astype(np.float64)
    found = np.zeros((len(clusters.starts), len(clusters.starts)))
    for row, points in zip(found, np.split(np.arange(len(x)), clusters.starts[1:]), strict=False):
        for part in np.array_split(points, math.ceil(len(points) * len(x) / _CELLS)):
            signs = np.sign(np.subtract.outer(x[part], x))
            signs *= np.sign(np.subtract.outer(y[part], y))
            row += np.add.reduceat(signs.sum(axis=0), clusters.starts)
    return found


def _different(values: NDArray[np.intp], clusters: Clusters) -> FloatArray:
    """How many pairs of a point of one cluster and one of another ``[K, K]`` have different values."""
    having = np.zeros((len(clusters.starts), values.max(initial=-1) + 1))
    np.add.at(having, (clusters.of_points, values), 1)
    sizes = having.sum(axis=1)
    found: FloatArray = np.outer(sizes, sizes) - having @ having.T
    return found


def _by_sorting(scores: FloatArray, quality: FloatArray, clusters: Clusters) -> Sampled:
    """Each sample's points by themselves."""

    def sampled(counts: Counts) -> FloatArray:
        found = np.full((len(scores), len(counts)), np.nan)
        for sample, column in zip(counts, found.T, strict=True):
            at = np.repeat(np.arange(len(quality)), sample.astype(np.intp))
            if len(at) >= FEWEST:
                column[:] = [kendalltau(own[at], quality[at]).statistic for own in scores]
        return found

    return sampled
