"""The S-shaped curve of the logistic mappers, and the search for its steepness and centre.

In ``y = b s(k (x - c))`` plus a constant, or plus a line, everything but k and c is linear. With the linear part
projected out (variable projection) one number remains for each pair (k, c): how much of the rest of y the curve
explains. It has many maxima, so the search starts from many pairs: curves that rise between two quantiles of x, or run
out of them as exponentials, and the best steps of all, which cumulative sums give exactly.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from scipy.optimize import leastsq

from veiqa_core.contracts import FloatArray

# Over x in [-1, 1]: flatter than the first a curve is a line (or a cubic beside a line), steeper than the second its
# centre no longer tells neighbouring numbers apart, and further out than the third it is an exponential.
_FLATTEST, _STEEPEST = np.log(1e-3), np.log(1e10)
_FURTHEST = 15.0

_SAMPLE = 200  # points on which the starts are compared and roughly refined
_STARTS, _STEPS, _FINALISTS = 32, 4, 4
_ROUGH, _FINE = (1e-3, 25), (1e-11, 200)  # tolerance and number of evaluations
_SAME = 1e-3  # finalists must differ by this part of what they explain


def sigmoid(x: FloatArray, steepness: Any, centre: Any) -> FloatArray:
    """``1/2 - 1/(1 + exp(k (x - c)))``, as half of a tanh: no overflow."""
    curve: FloatArray = np.tanh(steepness / 2 * (x - centre))
    curve /= 2
    return curve


def fit_sigmoid(x: FloatArray, y: FloatArray, *, linear: bool) -> tuple[float, float]:
    """Steepness k > 0 and centre c of the curve that fits best beside a constant or, if ``linear``, a line.

    Args:
        x: where, ``[N]``, within [-1, 1].
        y: what to fit, ``[N]``, of a size near 1.
    """
    order = np.argsort(x, kind="stable")
    points = _Points.of(x[order], y[order], linear)
    if not points.rest.any():
        return 1.0, 0.0
    sample = order[:: 1 + len(x) // _SAMPLE]
    thin = _Points.of(x[sample], y[sample], linear)
    rough = [thin.refine(start, *_ROUGH) for start in thin.best(_rises(x))[:_STARTS]]
    starts = points.best(np.concatenate([rough, _steps(points)]), apart=_SAME)[:_FINALISTS]
    refined = [points.refine(start, *_FINE) for start in starts]
    steepness, centre = _bounded(points.best(np.concatenate([refined, starts]))[0])
    return float(steepness), float(centre)


@attrs.frozen(eq=False)
class _Points:
    """Points in the order of x, an orthonormal basis ``[m, N]`` of their linear part, and the rest of y without it.

    A pair is given as ``theta = (log k, c)``, or several as ``[S, 2]``.
    """

    x: FloatArray
    basis: FloatArray
    rest: FloatArray

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray, linear: bool) -> _Points:
        rows = [np.ones_like(x), x - x.mean()] if linear else [np.ones_like(x)]
        basis = np.stack([row / np.linalg.norm(row) for row in rows if row.any()])
        rest = y - (y @ basis.T) @ basis
        if np.linalg.norm(rest) < 1e-12 * np.linalg.norm(y):
            rest = np.zeros_like(y)  # what rounding leaves of a perfect line
        return cls(x, basis, rest)

    def project(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The best height of the curve, the curve, and its part outside the line at length 1 (or 0 if it has none)."""
        steepness, centre = _bounded(theta)
        curve = sigmoid(self.x, steepness[..., None], centre[..., None])
        part = curve - (curve @ self.basis.T) @ self.basis
        length = np.maximum(_norm(part), 1e-10 * _norm(curve) + 1e-300)
        part /= length[..., None]
        return part @ self.rest / length, curve, part

    def best(self, thetas: FloatArray, apart: float = 0.0) -> FloatArray:
        """The pairs, those first whose curves explain the most; of neighbours closer than ``apart`` only the first."""
        _, _, parts = self.project(thetas)
        explained = (parts @ self.rest) ** 2
        order = np.argsort(-explained, kind="stable")
        ranked = explained[order]
        distinct = np.concatenate([[True], ranked[1:] <= (1 - apart) * ranked[:-1]])
        ordered: FloatArray = thetas[order[distinct]]
        return ordered

    def refine(self, theta: FloatArray, tolerance: float, evaluations: int) -> FloatArray:
        """Levenberg-Marquardt from one pair."""
        refined: FloatArray
        refined, _ = leastsq(
            self._residual, theta, Dfun=self._jacobian, col_deriv=True, ftol=tolerance, xtol=1e-9, maxfev=evaluations
        )
        return refined

    def _residual(self, theta: FloatArray) -> FloatArray:
        _, _, part = self.project(theta)
        return self.rest - (part @ self.rest) * part

    def _jacobian(self, theta: FloatArray) -> FloatArray:
        """Derivatives ``[2, N]`` of the residual, in Kaufman's approximation (BIT 15, 1975)."""
        steepness, centre = _bounded(theta)
        height, curve, part = self.project(theta)
        change = height * steepness * (0.25 - curve**2)
        changes = np.stack([change * (centre - self.x), change])
        changes -= (changes @ self.basis.T) @ self.basis
        changes -= (changes @ part)[:, None] * part
        return changes


def _norm(rows: FloatArray) -> FloatArray:
    lengths: FloatArray = np.sqrt(np.einsum("...n,...n->...", rows, rows))
    return lengths


def _bounded(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    steepness = np.exp(np.clip(theta[..., 0], _FLATTEST, _STEEPEST))
    furthest = 1 + _FURTHEST / steepness
    return steepness, np.clip(theta[..., 1], -furthest, furthest)


def _rises(x: FloatArray) -> FloatArray:
    """Pairs whose curves rise between two quantiles of x, before, after or far from them."""
    knots = np.unique(np.concatenate([[-3.0, 3.0], np.quantile(x, np.linspace(0, 1, 11))]))
    first, last = np.triu_indices(len(knots), 1)
    steepness = 4 / (knots[last] - knots[first])
    shifts = np.array([-8.0, -2.0, 0.0, 2.0, 8.0])[:, None] / steepness
    centres = (knots[first] + knots[last]) / 2 + shifts
    return np.stack([np.broadcast_to(np.log(steepness), centres.shape), centres], axis=-1).reshape(-1, 2)


def _steps(points: _Points) -> FloatArray:
    """Pairs for the best gaps of x to step in: as steep as a step, and soft enough to move."""
    gaps = np.flatnonzero(np.diff(points.x) > 0)
    overlap = np.cumsum(points.basis, axis=1)[:, gaps]
    length2 = np.maximum(gaps + 1 - np.einsum("mn,mn->n", overlap, overlap), 1e-9)
    explained = np.cumsum(points.rest)[gaps] ** 2 / length2
    gaps = gaps[np.argsort(-explained, kind="stable")[:_STEPS]]
    left, right = points.x[gaps], points.x[gaps + 1]
    return np.concatenate([np.stack([np.log(rise / (right - left)), (left + right) / 2], axis=1) for rise in (80, 10)])
