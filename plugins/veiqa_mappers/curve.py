"""The S-shaped curve of the logistic mappers, and how well one fits once everything linear is fitted with it.

In ``y = b s(k (x - c))`` plus a constant, or plus a line, all but the steepness k and the centre c is linear. With the
linear part eliminated (variable projection; Golub and Pereyra, SIAM J. Numerical Analysis 10(2), 1973) a sum of squares
over the pairs (k, c) is left. It has many minima; ``search`` says where to start, :meth:`Profile.descend` goes down.
Pairs are given as ``(log k, c)``, several at once as ``[S, 2]``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import attrs
import numpy as np

from veiqa_core.contracts import FloatArray

# Over x in [-1, 1] the curve's limits are a cubic (flat, beside a line), an exponential (far out) and a step. The
# bounds lie where what is missing to the limit is as small as what rounding adds; the step comes earlier.
FLATTEST, STEEPEST = 5e-4, 1e12
FURTHEST = 18.0

_AT_ONCE = 12_000  # curves times points
_LONGEST = 4.0  # a step of the descent, in log k and in widths of the curve


def sigmoid(x: FloatArray, steepness: Any, centre: Any) -> FloatArray:
    """``1/2 - 1/(1 + exp(k (x - c)))``, as half of a tanh: no overflow."""
    curve: FloatArray = np.tanh(steepness / 2 * (x - centre))
    curve /= 2
    return curve


class Shape(NamedTuple):
    """``rise * sigmoid(x, steepness, centre) + slope * x + constant``."""

    rise: float
    steepness: float
    centre: float
    slope: float
    constant: float

    def unscaled(self, middle: float, half: float, level: float, height: float) -> Shape:
        """The shape ``level + height * y`` over ``middle + half * x``."""
        slope = height * self.slope / half
        return Shape(
            rise=height * self.rise,
            steepness=self.steepness / half,
            centre=middle + half * self.centre,
            slope=slope,
            constant=level + height * self.constant - slope * middle,
        )


def bounded(pairs: FloatArray) -> FloatArray:
    """The pairs ``[S, 2]``, those beyond the bounds brought to them."""
    log_steepness = np.clip(pairs[:, 0], np.log(FLATTEST), np.log(STEEPEST))
    furthest = 1 + FURTHEST * np.exp(-log_steepness)
    return np.stack([log_steepness, np.clip(pairs[:, 1], -furthest, furthest)], axis=1)


@attrs.frozen(eq=False)
class Profile:
    """The sum of squares that a pair leaves at best.

    Attributes:
        x: where, ``[N]``, in order, within [-1, 1].
        basis: an orthonormal basis ``[m, N]`` of the constants, or of the lines.
        rest: what is to be fitted, ``[N]``, without its part in the basis.
    """

    x: FloatArray
    basis: FloatArray
    rest: FloatArray

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray, *, linear: bool) -> Profile:
        """Of points in order of x; beside a constant or, if ``linear``, beside a line."""
        rows = [np.ones_like(x), x - x.mean()] if linear else [np.ones_like(x)]
        basis = np.stack([row / np.linalg.norm(row) for row in rows if row.any()])
        rest = y - (y @ basis.T) @ basis
        if np.linalg.norm(rest) < 1e-12 * np.linalg.norm(y):
            rest = np.zeros_like(y)  # what rounding leaves of a perfect line
        return cls(x, basis, rest)

    def outside(self, rows: FloatArray) -> FloatArray:
        """The rows ``[..., N]`` without their part in the basis."""
        parts: FloatArray = rows - (rows @ self.basis.T) @ self.basis
        return parts

    def losses(self, pairs: FloatArray) -> FloatArray:
        """The sums of squares ``[S]``."""
        (losses,) = self._in_parts(self._losses, pairs)
        return losses

    def shape(self, pair: FloatArray, y: FloatArray) -> Shape:
        """The shape with this pair that is nearest to y, of which this is the profile."""
        steepness, centre = float(np.exp(pair[0])), float(pair[1])
        curve = sigmoid(self.x, steepness, centre)
        rise = float(self._fit(curve, self.outside(curve))[0])
        columns = np.stack([np.ones_like(self.x), self.x][: len(self.basis)], axis=1)
        line, *_ = np.linalg.lstsq(columns, y - rise * curve, rcond=None)
        constant, slope = (*line, 0.0)[:2]
        return Shape(rise, steepness, centre, float(slope), float(constant))

    def descend(self, pairs: FloatArray, steps: int, tolerance: float = 0.0) -> tuple[FloatArray, FloatArray]:
        """Go down from each of the pairs: Newton's method, turned from saddles, in a trust region.

        Args:
            pairs: where to start, ``[S, 2]``.
            steps: at most so many.
            tolerance: stop where a step promises to gain less than this part of the sum of squares.

        Returns:
            The pairs reached, and their sums of squares ``[S]``, none larger than at its start.
        """
        pairs = bounded(pairs)
        losses, gradients, hessians = self._in_parts(self._expand, pairs)
        least = 1e-16 * float(self.rest @ self.rest)
        longest = np.ones(len(pairs))
        moving = np.arange(len(pairs))
        for _ in range(steps):
            change, gain = _newton(gradients[moving], hessians[moving], longest[moving])
            going = gain > tolerance * losses[moving] + least
            moving, change = moving[going], change[going]
            if not len(moving):
                break
            tried = bounded(pairs[moving] + change * _units(pairs[moving]))
            found = self._in_parts(self._expand, tried)
            better = found[0] < losses[moving]
            longest[moving] = np.where(better, np.minimum(2 * longest[moving], _LONGEST), longest[moving] / 4)
            moved = moving[better]
            pairs[moved] = tried[better]
            for kept, new in zip((losses, gradients, hessians), found, strict=True):
                kept[moved] = new[better]
        return pairs, losses

    def _in_parts(self, work: Callable[[FloatArray], tuple[FloatArray, ...]], pairs: FloatArray) -> list[FloatArray]:
        """What ``work`` finds for the pairs, done with so few at a time that a processor's cache holds them."""
        count = max(1, _AT_ONCE // len(self.x))
        found = [work(pairs[start : start + count]) for start in range(0, len(pairs), count)]
        return [np.concatenate(values) for values in zip(*found, strict=True)]

    def _losses(self, pairs: FloatArray) -> tuple[FloatArray]:
        curve = sigmoid(self.x, np.exp(pairs[:, :1]), pairs[:, 1:])
        _, _, error = self._fit(curve, self.outside(curve))
        return (_dot(error, error),)

    def _fit(self, curve: FloatArray, part: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Best heights ``[...]`` of curves ``[..., N]``, squared lengths of their parts outside the basis, errors."""
        length2 = np.maximum(_dot(part, part), 1e-20 * _dot(curve, curve) + 1e-300)  # a curve may be in the basis
        height = part @ self.rest / length2
        return height, length2, self.rest - height[..., None] * part

    def _expand(self, pairs: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Sums of squares ``[S]``, gradients ``[S, 2]`` and Hessians ``[S, 2, 2]`` by steps in :func:`_units`."""
        steepness = np.exp(pairs[:, :1])
        z = steepness * (self.x - pairs[:, 1:])
        curve = np.tanh(z / 2) / 2
        rise = 0.25 - curve * curve  # the derivative by z
        bend = curve * rise  # minus half the second
        part, by_k, by_c = self.outside(np.stack([curve, z * rise, -rise]))
        height, length2, error = self._fit(curve, part)
        first = np.stack([_dot(by_k, error), _dot(by_c, error)], axis=1)
        slant = _dot(error, rise)
        bent = bend * z
        second = _symmetric(
            first[:, 0] - 2 * _dot(error * z, bent), 2 * _dot(error, bent) - slant, -2 * _dot(error, bend)
        )
        gram = _symmetric(_dot(by_k, by_k), _dot(by_k, by_c), _dot(by_c, by_c))
        along = np.stack([_dot(by_k, part), _dot(by_c, part)], axis=1)
        mixed = height[:, None] * along - first  # by a step and the height, which is eliminated
        height, length2 = height[:, None, None], length2[:, None, None]
        hessian = 2 * (height * (height * gram - second) - mixed[:, :, None] * mixed[:, None, :] / length2)
        scale = np.concatenate([np.ones_like(steepness), np.minimum(steepness, 1.0)], axis=1)  # of z, by the units
        gradient = -2 * height[:, :, 0] * first * scale
        return _dot(error, error), gradient, hessian * scale[:, :, None] * scale[:, None, :]


def _units(pairs: FloatArray) -> FloatArray:
    """What a step of 1 is, ``[S, 2]``: a factor of e for k, and for c a width of the curve within the data's."""
    return np.stack([np.ones(len(pairs)), np.minimum(np.exp(-pairs[:, 0]), 1.0)], axis=1)


def _newton(gradients: FloatArray, hessians: FloatArray, longest: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Steps ``[S, 2]``, downhill along both axes of curvature, and what they promise to gain ``[S]``."""
    curvature, axes = np.linalg.eigh(hessians)
    slope = np.einsum("sij,si->sj", axes, gradients)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(slope == 0, 0.0, -slope / np.abs(curvature))
    steps = np.clip(steps, -longest[:, None], longest[:, None])
    return np.einsum("sij,sj->si", axes, steps), -(slope * steps).sum(axis=1)


def _dot(rows: FloatArray, others: FloatArray) -> FloatArray:
    products: FloatArray = np.einsum("...n,...n->...", rows, others)
    return products


def _symmetric(first: FloatArray, mixed: FloatArray, second: FloatArray) -> FloatArray:
    return np.stack([np.stack([first, mixed], axis=-1), np.stack([mixed, second], axis=-1)], axis=-2)
