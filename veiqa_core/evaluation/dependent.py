"""Tests whether two methods that were tried on the same images differ.

Both correlations share the ratings, so they depend on each other. All of these tests take images for independent of
each other, which those of one content are not: the paired bootstrap by content (:mod:`.comparison`) allows for that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np
from scipy import stats

from ..contracts import FloatArray

FEWEST = 4
"""Images below which no test of correlations has a degree of freedom."""


@attrs.frozen
class Test:
    """A test's statistic and its two-sided p value."""

    statistic: float
    p: float


def williams(first: float, second: float, between: float, count: int) -> Test | None:
    """Williams's t, with count - 3 degrees of freedom, of two correlations with the same ratings.

    Williams, J. Royal Statistical Society B 21(2), 1959, as Steiger, Psychological Bulletin 87(2), 1980, recommends it
    (eq. 7).

    Args:
        first, second: correlations of either method's scores with the ratings.
        between: the correlation of the two methods' scores.
        count: of images.

    Returns:
        None where there are too few images; a p of 1 where both methods rank alike.
    """
    if count < FEWEST:
        return None
    if first == second or between >= 1:
        return Test(0.0, 1.0)
    determinant = 1 - first**2 - second**2 - between**2 + 2 * first * second * between
    mean = (first + second) / 2
    spread = 2 * (count - 1) / (count - 3) * max(determinant, 0.0) + mean**2 * (1 - between) ** 3
    statistic = (first - second) * math.sqrt((count - 1) * (1 + between) / spread) if spread > 0 else math.inf
    return Test(statistic, float(2 * stats.t.sf(abs(statistic), count - 3)))


def meng(first: float, second: float, between: float, count: int) -> Test | None:
    """Meng, Rosenthal and Rubin's Z of two correlations with the same ratings, arguments as for :func:`williams`.

    Psychological Bulletin 111(1), 1992, eqs. 1 to 3. It works on Fisher's transforms, so it is apt for correlations
    near 1, and is used with rank correlations.

    Returns:
        None where there are too few images or a correlation is 1; a p of 1 where both methods rank alike.
    """
    if count < FEWEST or max(abs(first), abs(second)) >= 1:
        return None
    if first == second or between >= 1:
        return Test(0.0, 1.0)
    mean = (first**2 + second**2) / 2
    factor = min(1.0, (1 - between) / (2 * (1 - mean)))
    height = (1 - factor * mean) / (1 - mean)
    statistic = (math.atanh(first) - math.atanh(second)) * math.sqrt((count - 3) / (2 * (1 - between) * height))
    return Test(statistic, float(2 * stats.norm.sf(abs(statistic))))


def variance_ratio(first: FloatArray, second: FloatArray) -> Test | None:
    """The F test of the variances of two methods' residuals, as VQEG (FR-TV phase II, 2003) and Sheikh, Sabir and Bovik
    (IEEE Trans. Image Processing 15(11), 2006) use it. It takes residuals for normal and the two for independent.

    Args:
        first, second: residuals ``[n]``.

    Returns:
        None where there are fewer than two residuals, or either has no variance.
    """
    if len(first) < 2:
        return None
    over, under = float(np.var(first, ddof=1)), float(np.var(second, ddof=1))
    if not (over > 0 and under > 0 and math.isfinite(over / under)):
        return None
    freedom = len(first) - 1
    ratio = over / under
    tail = min(stats.f.sf(ratio, freedom, freedom), stats.f.cdf(ratio, freedom, freedom))
    return Test(ratio, float(min(1.0, 2 * tail)))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """p values corrected for their number by Holm (Scandinavian J. Statistics 6(2), 1979); None stays None."""
    known = sorted((p, place) for place, p in enumerate(values) if p is not None)
    found: list[float | None] = [None] * len(values)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        found[place] = largest
    return found
