"""The search for the curve that fits best: many starts, and rounds in which they descend and the best go on.

The starts are the valleys of a table of curves that rise between two of the points, and the limits of the curve, which
can be found directly: steps from cumulative sums, cubics by regression, exponentials along a scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter

from veiqa_core.contracts import FloatArray

from .curve import FLATTEST, FURTHEST, Profile, Shape, bounded

_THINNED = 256  # points that the table is made with
_TABLE = 160_000  # curves times points in the table
_KNOTS = (10, 64)  # at least and at most
# Values of k (x - c) at one knot and another: the middle of the curve, its halves, its tails, and pieces of those.
_RISES = ((-2, 2), (0, 4), (-4, 0), (3, 7), (-7, -3), (1, 2), (-2, -1), (2, 3), (-3, -2), (4, 5), (-5, -4))
_VALLEYS, _STEPS = 64, 16
_EXPONENTIALS = np.geomspace(1e-2, 1e5, 24)
_FLAT = np.geomspace(FLATTEST, 0.5, 11)
_DESCENDING = (24, 96, 72_000)  # curves in the first round: at least, at most, and times points
_ROUNDS = ((1, 4, 0.0), (3, 4, 0.0), (8, 40, 1e-8))  # the part of those that go on, their steps, their tolerance
_SAME = 1e-9  # sums of squares closer than this part are of one valley


def best_shapes(x: FloatArray, y: FloatArray, *, linear: bool) -> list[Shape]:
    """The shapes that fit best beside a constant or, if ``linear``, a line; the best first, by what is computed here.

    Args:
        x: where, ``[N]``, in order, within [-1, 1].
        y: what to fit, ``[N]``, of a size near 1.
    """
    profile = Profile.of(x, y, linear=linear)
    if x[0] == x[-1] or not profile.rest.any():
        return [profile.shape(np.zeros(2), y)]
    valleys = _valleys(x, y, linear)
    starts = [_ranked(valleys, profile.losses(valleys))[:_VALLEYS], _steps(profile), _exponentials()]
    pairs = bounded(np.concatenate([*starts, _cubics(profile)] if linear else starts))
    losses = profile.losses(pairs)
    least, most, budget = _DESCENDING
    count = max(least, min(most, budget // len(x)))
    for part, steps, tolerance in _ROUNDS:
        pairs, losses = profile.descend(_ranked(pairs, losses)[: count // part], steps, tolerance)
    return [profile.shape(pair, y) for pair in _ranked(pairs, losses)]


def _ranked(pairs: FloatArray, losses: FloatArray) -> FloatArray:
    """The pairs in order of their sums of squares, one of each valley."""
    order = np.argsort(losses, kind="stable")
    ranked = losses[order]
    distinct = np.concatenate([[True], ranked[1:] > ranked[:-1] * (1 + _SAME)])
    ordered: FloatArray = pairs[order[distinct]]
    return ordered


def _valleys(x: FloatArray, y: FloatArray, linear: bool) -> FloatArray:
    """Curves that rise between two knots, those that fit better than what rises between their neighbours."""
    thin = _spread(len(x), _THINNED)
    profile = Profile.of(x[thin], y[thin], linear=linear)
    values = np.unique(x)
    size = np.clip(int((2 * _TABLE / len(_RISES) / len(thin)) ** 0.5), *_KNOTS)
    knots = np.concatenate([[-3.0], values[_spread(len(values), int(size))], [3.0]])
    first, last = np.triu_indices(len(knots), 1)
    found = []
    for low, high in _RISES:
        steepness = (high - low) / (knots[last] - knots[first])
        pairs = bounded(np.stack([np.log(steepness), knots[first] - low / steepness], axis=1))
        table = np.full((len(knots), len(knots)), np.inf)
        table[first, last] = profile.losses(pairs)
        found.append(pairs[(minimum_filter(table, size=3, mode="nearest") == table)[first, last]])
    return np.concatenate(found)


def _spread(count: int, most: int) -> NDArray[np.intp]:
    """Ranks: all, or about ``most`` at even distances and more of them at the ends, where heavy tails are."""
    if count <= most:
        return np.arange(count)
    ends = np.array([1, 2, 4])
    return np.unique(np.concatenate([np.linspace(0, count - 1, most).astype(int), ends, count - 1 - ends]))


def _steps(profile: Profile) -> FloatArray:
    """The best steps between two values of x, or through one at its best height; sharp, and soft enough to move."""
    x, between, through, height = _explained(profile)
    gaps = np.diff(x)
    inner = 1 + np.flatnonzero((height[1:-1] > 1e-6) & (height[1:-1] < 1 - 1e-6))
    best = np.argsort(-np.concatenate([between, through[inner]]), kind="stable")[:_STEPS]
    z = np.concatenate([np.zeros(len(gaps)), np.log(height[inner] / (1 - height[inner]))])[best]
    place = np.concatenate([(x[:-1] + x[1:]) / 2, x[inner]])[best]
    width = np.concatenate([gaps, np.minimum(gaps[inner - 1], gaps[inner])])[best]
    steepness = (np.array([[60.0], [8.0]]) + np.abs(z)) / width
    return np.stack([np.log(steepness), place - z / steepness], axis=-1).reshape(-1, 2)


def _explained(profile: Profile) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """What steps explain of the sum of squares, from cumulative sums.

    Returns:
        The distinct values ``[V]`` of x; what a step between each and the next explains, ``[V - 1]``; what a step at
        each explains with the value there free, ``[V]``; and the height of that value, as a part of the step's.
    """
    first = np.flatnonzero(np.diff(profile.x, prepend=-np.inf))
    counts = np.diff(first, append=len(profile.x)).astype(np.float64)
    # Products of "here" (1 at one value) and "after" (1 at all larger ones), without their parts in the basis.
    here, here_basis = np.add.reduceat(profile.rest, first), np.add.reduceat(profile.basis, first, axis=1)
    after, after_basis = here.sum() - np.cumsum(here), here_basis.sum(1, keepdims=True) - np.cumsum(here_basis, 1)
    here2 = np.maximum(counts - (here_basis**2).sum(0), 1e-9)
    after2 = np.maximum(counts.sum() - np.cumsum(counts) - (after_basis**2).sum(0), 1e-9)
    both = -(here_basis * after_basis).sum(0)
    determinant = np.maximum(here2 * after2 - both**2, 1e-9 * here2 * after2)
    step, point = (after * here2 - here * both) / determinant, (here * after2 - after * both) / determinant
    height = np.divide(point, step, out=np.zeros_like(step), where=step != 0)
    return profile.x[first], after[:-1] ** 2 / after2[:-1], step * after + point * here, height


def _exponentials() -> FloatArray:
    """Curves as far out as they may be, on both sides."""
    furthest = 1 + FURTHEST / _EXPONENTIALS
    rates = np.log(_EXPONENTIALS)
    return np.concatenate([np.stack([rates, side * furthest], axis=1) for side in (-1, 1)])


def _cubics(profile: Profile) -> FloatArray:
    """Flat curves that are, beside a line, nearly the best cubic."""
    powers = profile.outside(np.stack([profile.x**2, profile.x**3]))
    (square, cube), *_ = np.linalg.lstsq(powers.T, profile.rest, rcond=None)
    # At x = 0 the third derivative over the second, k (1/4 - 3 s^2) / s, is the cubic's: a quadratic equation for s.
    ratio = 3 * cube / (square * _FLAT) if square else np.full_like(_FLAT, np.inf)
    larger = np.abs(ratio) + np.sqrt(ratio**2 + 3)
    roots = np.copysign(np.stack([1 / (2 * larger), larger / 6]), ratio * [[1], [-1]])
    flat = np.broadcast_to(_FLAT, roots.shape)[within := np.abs(roots) < 0.4999]
    return np.stack([np.log(flat), -2 * np.arctanh(2 * roots[within]) / flat], axis=1)
