"""Monotone regression."""

from __future__ import annotations

import attrs
import numpy as np

from veiqa_core.contracts import FloatArray

from .fitted import POINT, FittedMapper, numbers
from .plugin import IsotonicParams


@attrs.frozen(eq=False)
class Polyline:
    """Straight lines between points, and the levels of the first and the last point beyond them."""

    similarities: FloatArray = numbers(1)
    scores: FloatArray = numbers(1)

    def __attrs_post_init__(self) -> None:
        if not (self.similarities.size and (np.diff(self.similarities) > 0).all()):
            raise ValueError("similarities must be in order, each once, and one at least")
        if self.scores.shape != self.similarities.shape:
            raise ValueError(f"scores: {len(self.similarities)} are needed, not {len(self.scores)}")

    @property
    def branches(self) -> int:
        return 1

    def score(self, similarities: FloatArray) -> FloatArray:
        x, y = self.similarities, self.scores
        q = np.clip(similarities[:, 0], x[0], x[-1])
        left = np.searchsorted(x, q, side="right") - 1
        right = np.minimum(left + 1, len(x) - 1)
        share = (q - x[left]) / np.where(left == right, 1.0, x[right] - x[left])
        score: FloatArray = y[left] + share * (y[right] - y[left])
        return score

    def slope(self, similarities: FloatArray) -> FloatArray:
        """At a point, where the lines on both sides meet, the mean of theirs."""
        slopes = np.concatenate([[0.0], np.diff(self.scores) / np.diff(self.similarities), [0.0]])
        before, after = (np.searchsorted(self.similarities, similarities, side=side) for side in ("left", "right"))
        slope: FloatArray = (slopes[before] + slopes[after]) / 2
        return slope


class Isotonic(FittedMapper[Polyline]):
    """The monotone function nearest to the data, straight between them and level beyond: it assumes no shape."""

    name = "isotonic"
    _model_type = Polyline

    def __init__(self, params: IsotonicParams) -> None:
        super().__init__(params)
        self._directions = ("decreasing", "increasing") if params.direction == "auto" else (params.direction,)

    def _least(self, branches: int) -> int:
        return 2

    def _fit(self, similarities: FloatArray, quality: FloatArray) -> Polyline:
        lines = [_monotone(similarities, quality, increasing=way == "increasing") for way in self._directions]
        errors = [float(((line.score(similarities) - quality) ** 2).sum()) for line in lines]
        return lines[int(np.argmin(errors))]


def _monotone(similarities: FloatArray, quality: FloatArray, *, increasing: bool) -> Polyline:
    from sklearn.isotonic import isotonic_regression  # slow to import, and needed for a fit only

    distinguishable = np.where(np.abs(similarities[:, 0]) < POINT, 0.0, similarities[:, 0])
    x, place, counts = np.unique(distinguishable, return_inverse=True, return_counts=True)
    means = np.bincount(place, quality) / counts
    y = isotonic_regression(means, sample_weight=counts, increasing=increasing)
    change = y[1:] != y[:-1]
    corners = np.concatenate([[True], change[1:] | change[:-1], [True]])[: len(x)]
    return Polyline(x[corners], y[corners])
