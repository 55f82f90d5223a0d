"""How uncertain the figures of agreement are: the bootstrap over contents.

A sample is written as the number of times that it holds each point. So the figures of many samples come from a few
operations on arrays.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..contracts import FloatArray

_SURE = 0.95
_CELLS = 2**17
"""Numbers of an array that is worked on at once: few enough for a processor's cache."""

Counts = FloatArray
"""How many times ``[R, n]`` each of R samples holds each of n points."""
Track = Callable[[Iterable[Any], int], Iterable[Any]]
"""Gives some items, of which it takes the number, one by one, and shows how far they are."""


def untracked(items: Iterable[Any], total: int) -> Iterable[Any]:
    """Shows nothing."""
    return items


@attrs.frozen(eq=False)
class Clusters:
    """Which points are drawn together.

    Attributes:
        of_points: for each point ``[n]`` the number of its cluster.
        order: the points, one cluster after the other.
        starts: where in this order each of the K clusters begins.
    """

    of_points: NDArray[np.intp]
    order: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, clusters: Sequence[object]) -> Clusters:
        """From what each point is drawn together with."""
        names, members = np.unique([str(cluster) for cluster in clusters], return_inverse=True)
        order = np.argsort(members, kind="stable")
        return cls(members, order, np.searchsorted(members[order], np.arange(len(names))))

    @property
    def points(self) -> list[NDArray[np.intp]]:
        """Of each cluster."""
        return np.split(self.order, self.starts[1:])

    def held(self, counts: Counts) -> Counts:
        """How many times ``[R, K]`` samples hold each cluster."""
        taken: Counts = counts[:, self.order[self.starts]]
        return taken


def bootstrap(
    figures: Callable[[Counts], Mapping[str, FloatArray]], clusters: Sequence[object], *, times: int, seed: int
) -> dict[str, tuple[float, float] | None]:
    """95 % percentile intervals of figures, whole clusters being drawn with replacement; arguments as for
    :func:`drawn`."""
    return {name: interval(values) for name, values in drawn(figures, clusters, times=times, seed=seed).items()}


def drawn(
    figures: Callable[[Counts], Mapping[str, FloatArray]],
    clusters: Sequence[object],
    *,
    times: int,
    seed: int,
    track: Track = untracked,
) -> dict[str, FloatArray]:
    """Figures ``[times]`` of bootstrap samples, whole clusters being drawn with replacement.

    Images of one content are rated and distorted alike, so contents, not images, are what another sample would change.

    Args:
        figures: the figures ``[R]`` of samples, NaN where one does not exist.
        clusters: for each point, what it is drawn together with.
        times: how many samples are drawn.
        track: shows how many are done.
    """
    found: dict[str, list[FloatArray]] = {}
    own = Clusters.of(clusters)
    samples = iter(track(_draws(len(own.starts), times, seed), times))
    for size in _sizes(times, len(clusters)):
        held = [np.bincount(sample, minlength=len(own.starts)) for sample in itertools.islice(samples, size)]
        counts = np.take(np.array(held, dtype=np.float64), own.of_points, axis=1)
        for name, values in figures(counts).items():
            found.setdefault(name, []).append(values)
    next(samples, None)  # what shows progress ends after its last item
    return {name: np.concatenate(values) for name, values in found.items()}


def resampled(clusters: Sequence[object], *, times: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Indices of the points of bootstrap samples, whole clusters being drawn with replacement."""
    points = Clusters.of(clusters).points
    for sample in _draws(len(points), times, seed):
        yield np.concatenate([points[index] for index in sample])


def interval(values: FloatArray) -> tuple[float, float] | None:
    """The 95 % percentile interval of the figures of samples; None where the figure was not there in more samples than
    lie outside the interval."""
    known = values[np.isfinite(values)]
    if len(known) < _SURE * len(values) or len(known) == 0:
        return None
    low, high = np.quantile(known, [(1 - _SURE) / 2, (1 + _SURE) / 2])
    return float(low), float(high)


def _draws(count: int, times: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """As many of ``count`` clusters as there are, again and again."""
    rng = np.random.default_rng(seed)
    for _ in range(times):
        yield rng.integers(count, size=count)


def _sizes(times: int, points: int) -> list[int]:
    """How many samples are worked on at once: no one alone, whose sums NumPy rounds otherwise."""
    blocks = math.ceil(times / max(3, _CELLS // points))
    return [len(part) for part in np.array_split(np.arange(times), blocks)]
