"""Full-reference metrics in people's place: what scores the images of a synthetic set."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from ..contracts import FloatArray, RatedImage, ScoreMapper
from ..contracts.ratings import ScoreType
from ..errors import FitError, ImageError, UsageError
from ..extension.registry import Part
from ..full_reference import FullReference
from ..images import Image
from ..measuring.quantity import metric_sign
from ..scoring.mapping import constant, fitted_mapper
from .rated_set import Progress, RatedSet

_LEAST = 20  # rated images of a type, below which it shares the curve of all types


class PseudoRating(Protocol):
    """What scores images in people's place.

    Attributes:
        source: what computes the scores, for people.
        identity: the same, with what decides their numbers.
        score_type: ``"mos"`` where high scores are good, else ``"dmos"``.
        scaled: whether scores go from 0 to 100.
        bounded: whether both ends of the scale are known.
    """

    source: str
    identity: str
    score_type: ScoreType
    scaled: bool
    bounded: bool

    def score(self, reference: Image, image: Image, distortion: str | None) -> float:
        """The score of an image with a distortion of some type, None for none; raises what
        :meth:`FullReference.measure` raises."""
        ...

    def range(self, scores: Sequence[float]) -> tuple[float, float]:
        """The lowest and the highest possible score, ``scores`` being those that occur."""
        ...


def as_share(rating: PseudoRating, score: float) -> float:
    """A score as quality from 0 (the worst possible) to 1, of a pseudo-rating whose scores have both ends."""
    low, high = rating.range([score])
    share = (score - low) / (high - low)
    return min(max(share if rating.score_type == "mos" else 1 - share, 0.0), 1.0)


class Metric:
    """The values of one metric, scaled to 0 to 100 where both their ends are known.

    Raises:
        UsageError: the metric cannot be built.
    """

    def __init__(self, metric: Part) -> None:
        self._metric = FullReference(metric)
        self._low, self._high = metric.traits["bounds"]
        self.source = self.identity = metric.key
        self.score_type: ScoreType = "mos" if metric.traits["similar"] == "high" else "dmos"
        self.scaled = self.bounded = None not in (self._low, self._high)

    def score(self, reference: Image, image: Image, distortion: str | None) -> float:
        """The score of an image, whatever its distortion."""
        value = self._metric.measure(reference, image)
        return 100 * (value - self._low) / (self._high - self._low) if self.scaled else value

    def range(self, scores: Sequence[float]) -> tuple[float, float]:
        """The lowest and highest possible score; where the metric has no such end, a whole number beyond ``scores``."""
        if self.scaled:
            return 0, 100
        low = math.ceil(min(scores)) - 1 if self._low is None else self._low
        return low, math.floor(max(scores)) + 1 if self._high is None else self._high


class Calibrated:
    """Metrics brought to the scale of people's ratings, and their mean: what people would likely say.

    For each metric and distortion type a curve is fitted to a rated set whose references are there; a type that is
    rare there takes the curve of all types. A photo without a distortion has the best score.

    Args:
        metrics: which compare ordinary images.
        curve: a mapper of one similarity.
        rated: the rated set.

    Raises:
        UsageError: the set has too few images with references, or a component cannot be built.
    """

    score_type: ScoreType = "mos"
    bounded = True

    def __init__(self, metrics: Sequence[Part], curve: Part, rated: RatedSet, progress: Progress = iter) -> None:
        self._metrics = [FullReference(metric) for metric in metrics]
        self._signs = np.array([metric_sign(metric) for metric in metrics])
        self._ends = rated.ratings.quality_range
        self.scaled = self._ends == (0, 100)
        self.source = f"{' + '.join(metric.key for metric in metrics)} on the scale of {rated.name}"
        items, values = self._measured(rated, progress)
        quality = np.array([rated.ratings.quality(item) for item in items])
        types = np.array([item.distortion or "" for item in items])
        frequent = [str(kind) for kind in np.unique(types) if kind and _suffices(quality[types == kind])]
        fit = functools.partial(_curves, curve)
        try:
            self._of_all = fit(values, quality)
            self._by_type = {kind: fit(values[types == kind], quality[types == kind]) for kind in frequent}
        except FitError as error:
            raise UsageError(f"{rated.root}: its ratings do not calibrate {self.source}: {error}") from error
        curves = {kind: [dict(curve.state()) for curve in found] for kind, found in self._by_type.items()}
        everything = json.dumps([[dict(curve.state()) for curve in self._of_all], curves], sort_keys=True)
        self.identity = f"{self.source}, curves {hashlib.sha256(everything.encode()).hexdigest()[:16]}"

    def score(self, reference: Image, image: Image, distortion: str | None) -> float:
        """The mean of what the curves make of each metric, within the range of the ratings."""
        if distortion is None:
            return self._ends[1]
        values = self._values(reference, image)
        curves = self._by_type.get(distortion, self._of_all)
        made = [float(curve.predict(np.array([[value]])).score[0]) for curve, value in zip(curves, values, strict=True)]
        return min(max(sum(made) / len(made), self._ends[0]), self._ends[1])

    def range(self, scores: Sequence[float]) -> tuple[float, float]:
        """That of the ratings, as quality."""
        return self._ends

    def _values(self, reference: Image, image: Image) -> FloatArray:
        """Each metric's value ``[M]``, larger being more similar."""
        values: FloatArray = self._signs * [metric.measure(reference, image) for metric in self._metrics]
        return values

    def _measured(self, rated: RatedSet, progress: Progress) -> tuple[list[RatedImage], FloatArray]:
        """The rated images whose references are there, with the metrics' values ``[N, M]``."""
        references: Mapping[str, Image] = dict(_references(rated))
        items = [item for item in rated.images if item.reference in references]
        if len(items) < _LEAST:
            raise UsageError(
                f"{rated.root}: {len(items)} rated images have their reference there; to calibrate takes {_LEAST}"
            )
        return items, np.stack(
            [self._values(references[str(item.reference)], rated.read(item.image)) for item in progress(items)]
        )


def _references(rated: RatedSet) -> Iterator[tuple[str, Image]]:
    names: Iterable[str] = dict.fromkeys(item.reference for item in rated.images if item.reference is not None)
    for name in names:
        try:
            yield name, rated.read(name)
        except ImageError:
            continue


def _suffices(quality: FloatArray) -> bool:
    """Whether a curve can be fitted to these ratings of one type."""
    return len(quality) >= _LEAST and not constant(quality)


def _curves(curve: Part, values: FloatArray, quality: FloatArray) -> list[ScoreMapper]:
    return [fitted_mapper(curve, column[:, None], quality) for column in values.T]
