"""Fits of distributions to samples, each by the estimator and on the grid of the methods' authors.

Samples are arrays ``[..., n]``; a fit treats each row on its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

from .common import Array

SHAPES: Array = 0.2 + 0.001 * np.arange(9801, dtype=np.float64)  # 0.2, 0.201, ..., 10
_MOMENTS: Array = gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES))  # squared first over second; rises
_STEPS = 60
_CLOSE = 1e-10  # Newton's steps square the error: after such a step nothing is left of it


def nearest(table: Array, values: Array) -> NDArray[np.int64]:
    """Position of the entry of a rising table that is nearest to each value, the first of two; 0 for NaN."""
    after = np.clip(np.searchsorted(table, values), 1, table.size - 1)
    closer = np.abs(table[after] - values) < np.abs(table[after - 1] - values)
    return np.where(np.isnan(values), 0, np.where(closer, after, after - 1))


def ratio(top: Array, bottom: Array) -> Array:
    """Quotient, NaN where nothing is divided by nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        quotient: Array = top / bottom
    return quotient


def generalised_gaussian(samples: Array) -> Array:
    """Shape of a generalised Gaussian with mean 0, by moments on the grid (Sharifi and Leon-Garcia 1995).

    It is the first shape of the grid, 0.2, where all samples are 0.
    """
    wanted = ratio((samples**2).mean(-1), np.abs(samples).mean(-1) ** 2)
    shapes: Array = SHAPES[nearest(-1 / _MOMENTS, -wanted)]
    return shapes


class AsymmetricGaussian:
    """An asymmetric generalised Gaussian fitted by moments (Lasmar, Stitou and Berthoumieu 2009).

    Attributes:
        shape: alpha, on the grid; its first entry, 0.2, where a side has no samples.
        left, right: root mean squares of the negative and of the positive samples, NaN where there are none.
    """

    def __init__(self, samples: Array) -> None:
        below, above = np.minimum(samples, 0), np.maximum(samples, 0)
        left, right = _squares(below), _squares(above)
        self.left = np.sqrt(ratio(left, np.count_nonzero(below, axis=-1)))
        self.right = np.sqrt(ratio(right, np.count_nonzero(above, axis=-1)))
        side = ratio(self.left, self.right)
        moments = ratio((above - below).mean(-1) ** 2, (left + right) / samples.shape[-1])
        wanted = moments * (side**3 + 1) * (side + 1) / (side**2 + 1) ** 2
        self.shape: Array = SHAPES[nearest(_MOMENTS, wanted)]

    @property
    def width(self) -> Array:
        """From a root mean square to the scale parameter: sqrt(Gamma(1/alpha) / Gamma(3/alpha))."""
        width: Array = np.sqrt(gamma(1 / self.shape) / gamma(3 / self.shape))
        return width

    @property
    def skew(self) -> Array:
        """Mean of the distribution, from the difference of its scales."""
        reach = gamma(2 / self.shape) / gamma(1 / self.shape)
        mean: Array = (self.right - self.left) * self.width * reach
        return mean


def _squares(samples: Array) -> Array:
    total: Array = np.einsum("...n,...n->...", samples, samples)
    return total


def weibull(samples: Array) -> tuple[Array, Array]:
    """Scale and shape of a Weibull distribution by maximum likelihood; samples are positive.

    Where all samples are equal, the scale is their value and the shape infinite.
    """
    logs = np.log(samples)
    mean = logs.mean(-1)
    top = logs.max(-1)
    spread = logs.std(-1)
    alike = np.ptp(logs, axis=-1) == 0
    below = logs - top[..., None]
    shape_inverse = np.where(alike, 1.0, spread * np.sqrt(6) / np.pi)
    for _ in range(_STEPS):
        powers = np.exp(below / shape_inverse[..., None])
        total = powers.sum(-1)
        first = (powers * below).sum(-1) / total
        second = (powers * below * below).sum(-1) / total
        value = shape_inverse + (mean - top) - first
        slope = 1 + (second - first**2) / shape_inverse**2
        step = np.where(alike, 0.0, value / slope)
        shape_inverse = np.where(step < shape_inverse, shape_inverse - step, shape_inverse / 2)
        if np.all(np.abs(step) <= _CLOSE * shape_inverse):
            break
    powers = np.exp(below / shape_inverse[..., None])
    scale = np.exp(top) * powers.mean(-1) ** shape_inverse
    return np.where(alike, samples[..., 0], scale), np.where(alike, np.inf, 1 / shape_inverse)


def nearest_above(falling: Array, values: Array) -> NDArray[np.int64]:
    """Position j in a falling table with ``table[j + 1] < value <= table[j]`` of each value; -1 where there is none."""
    places = np.searchsorted(-falling, -values, side="right") - 1
    return np.where(places >= len(falling) - 1, -1, places)
