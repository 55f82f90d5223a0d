"""How much every two competitors differ, and whether they can be told apart."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from ..contracts import FloatArray
from ..measuring.table import Indices
from ..text import p_value
from .agreement import FIGURES
from .columns import FEWEST_CONTENTS
from .dependent import Test, holm, meng, variance_ratio, williams
from .evaluate import Evaluation
from .resampling import Clusters, Counts, Track, drawn, interval, untracked
from .sampled import SAMPLED_FIGURES, Sampled

LEVEL = 0.05
"""Competitors whose corrected p value is below this are told apart."""

VERDICT = "srocc"
"""The figure by which competitors are told apart."""

_SAMPLES = 2000
_PER_PAIR = 100  # samples for each pair, so that a corrected p value can be small
TESTS = {"plcc": "Williams's t", "srocc": "Meng, Rosenthal and Rubin's Z", "rmse": "F test of residuals' variances"}


@attrs.frozen
class Difference:
    """How much one figure of a competitor is above another's.

    Attributes:
        value: the first minus the second, over the images that all have a score of; None where a figure is missing.
        interval: 95 % percentile interval of the paired bootstrap by content.
        p: two-sided, of that bootstrap.
        p_holm: the same, corrected for the number of pairs.
        test: of :data:`TESTS`, images being taken for independent; None where there is none.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    p: float | None = None
    p_holm: float | None = None
    test: Test | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        test = None if self.test is None else {"statistic": _finite(self.test.statistic), "p": self.test.p}
        ends = None if self.interval is None else list(self.interval)
        return {"difference": self.value, "interval95": ends, "p": self.p, "p_holm": self.p_holm, "test": test}


@attrs.frozen
class Pair:
    """Two competitors.

    Attributes:
        images: how many every competitor has a score of.
        differences: by figure.
    """

    first: str
    second: str
    images: int
    differences: Mapping[str, Difference]

    @property
    def apart(self) -> bool | None:
        """Whether they are told apart; None where that cannot be said."""
        p = self.differences[VERDICT].p_holm
        return None if p is None else p < LEVEL

    @property
    def in_words(self) -> str:
        """Whether they are told apart."""
        own = self.differences[VERDICT]
        if own.value is None:
            return f"{self.first} and {self.second}: one has no SROCC."
        if own.p_holm is None or not self.apart:
            apart = "are not told apart: SROCC differs" if own.p_holm is not None else "are not tested: SROCC differs"
            return f"{self.first} and {self.second} {apart} by {abs(own.value):.3f}{_with_p(own.p_holm)}."
        better, worse = (self.first, self.second) if own.value > 0 else (self.second, self.first)
        return f"{better} ranks better than {worse}: SROCC is higher by {abs(own.value):.3f}{_with_p(own.p_holm)}."

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        differences = {name: own.to_dict() for name, own in self.differences.items()}
        return {"first": self.first, "second": self.second, "n": self.images, "told_apart": self.apart} | differences


def _with_p(value: float | None) -> str:
    if value is None:
        return ""
    shown = p_value(value)
    return f", p {shown}" if shown.startswith("<") else f", p = {shown}"


def over_samples(evaluations: Mapping[str, Evaluation], seed: int, track: Track = untracked) -> tuple[Pair, ...]:
    """Every two, over the pooled predictions of all splits.

    Args:
        track: shows how many bootstrap samples are done.
    """
    names = list(itertools.combinations(evaluations, 2))
    if not names:
        return ()
    sides = {figure: own for figure in FIGURES if (own := _Sides.of(figure, evaluations)) is not None}
    samples = _samples(evaluations, sides, max(_SAMPLES, _PER_PAIR * len(names)), seed, track)
    found = {figure: own.differences(names, samples) for figure, own in sides.items()}
    images = int(np.logical_and.reduce([np.isfinite(own.columns.raw_scores) for own in evaluations.values()]).sum())
    return tuple(
        Pair(
            first,
            second,
            images,
            {figure: found[figure][place] if figure in found else Difference(None) for figure in FIGURES},
        )
        for place, (first, second) in enumerate(names)
    )


@attrs.frozen(eq=False)
class _Sides:
    """What one figure is taken from: the scores of each competitor, and quality, of images that all have a score of."""

    figure: str
    at: Indices
    scores: Mapping[str, FloatArray]
    quality: FloatArray

    @classmethod
    def of(cls, figure: str, evaluations: Mapping[str, Evaluation]) -> _Sides | None:
        """None where the figure means nothing of some competitor."""
        scores = {name: found for name, own in evaluations.items() if (found := own.columns.scores(figure)) is not None}
        if len(scores) < len(evaluations):
            return None
        at = np.flatnonzero(np.logical_and.reduce([np.isfinite(own) for own in scores.values()]))
        quality = next(iter(evaluations.values())).columns.quality[at]
        return cls(figure, at, {name: own[at] for name, own in scores.items()}, quality)

    def sampled(self, clusters: Sequence[str]) -> Sampled:
        """What finds the figure of every competitor in samples of all images."""
        own = Clusters.of([clusters[place] for place in self.at])
        found = SAMPLED_FIGURES[self.figure](np.array(list(self.scores.values())), self.quality, own)
        return lambda counts: found(counts[:, self.at])

    def differences(self, names: Sequence[tuple[str, str]], samples: Mapping[str, FloatArray]) -> list[Difference]:
        """Of each of some pairs."""
        made = [self._difference(first, second, samples) for first, second in names]
        corrected = holm([own.p for own in made])
        return [attrs.evolve(own, p_holm=p) for own, p in zip(made, corrected, strict=True)]

    def _difference(self, first: str, second: str, samples: Mapping[str, FloatArray]) -> Difference:
        left, right = self.scores[first], self.scores[second]
        one, two = (FIGURES[self.figure](side, self.quality) for side in (left, right))
        if one is None or two is None:
            return Difference(None)
        test = _test(self.figure, left, right, self.quality, one, two)
        if not samples:
            return Difference(one - two, test=test)
        of_pair = samples[f"{self.figure} {first}"] - samples[f"{self.figure} {second}"]
        ends = interval(of_pair)
        return Difference(one - two, ends, None if ends is None else _two_sided(of_pair), test=test)


def _samples(
    evaluations: Mapping[str, Evaluation], sides: Mapping[str, _Sides], times: int, seed: int, track: Track
) -> dict[str, FloatArray]:
    """Every figure of every competitor in the same bootstrap samples; none where too few contents have a score."""
    clusters = next(iter(evaluations.values())).clusters
    if not sides or any(len({clusters[place] for place in own.at}) < FEWEST_CONTENTS for own in sides.values()):
        return {}
    taken = {figure: own.sampled(clusters) for figure, own in sides.items()}

    def figures(counts: Counts) -> dict[str, FloatArray]:
        return {
            f"{figure} {name}": values
            for figure, own in taken.items()
            for name, values in zip(evaluations, own(counts), strict=True)
        }

    return drawn(figures, clusters, times=times, seed=seed, track=track)


def _two_sided(samples: FloatArray) -> float:
    """How often a difference of samples has either sign, doubled; those of zero count for both sides.

    The sample at hand is counted with the others, so that no p value is 0 (Davison and Hinkley, Bootstrap Methods and
    their Application, 1997, sec. 4.2).
    """
    known = samples[np.isfinite(samples)]
    tail = min((known <= 0).sum(), (known >= 0).sum())
    return float(min(1.0, 2 * (tail + 1) / (len(known) + 1)))


def _test(figure: str, left: FloatArray, right: FloatArray, quality: FloatArray, one: float, two: float) -> Test | None:
    if figure == "rmse":
        return variance_ratio(quality - left, quality - right)
    if figure not in TESTS:
        return None
    between = FIGURES[figure](left, right)
    if between is None:
        return None
    return (williams if figure == "plcc" else meng)(one, two, between, len(left))


def over_splits(evaluations: Mapping[str, Evaluation]) -> tuple[Pair, ...]:
    """Every two by the median of what they differ by in the splits, with quartiles."""
    return tuple(
        Pair(
            first,
            second,
            min(evaluations[first].overall.count, evaluations[second].overall.count),
            {
                figure: _over_splits(
                    [own.values()[figure] for own in evaluations[first].by_split],
                    [own.values()[figure] for own in evaluations[second].by_split],
                )
                for figure in FIGURES
            },
        )
        for first, second in itertools.combinations(evaluations, 2)
    )


def _over_splits(first: Sequence[float | None], second: Sequence[float | None]) -> Difference:
    known = [a - b for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if 2 * len(known) < len(first) or not known:
        return Difference(None)
    low, high = np.quantile(known, [0.25, 0.75])
    return Difference(float(np.median(known)), (float(low), float(high)))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
