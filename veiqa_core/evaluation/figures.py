"""The figures of tested predictions: once over all of them, or for each split, of which the median is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..contracts import FloatArray, Prediction
from . import agreement

MAPPINGS = ("none", "logistic4", "logistic5")
"""What is fitted to the scores before PLCC and RMSE."""

_UNCALIBRATED_MAPPING = "logistic5"
_SAMPLES = 1000
_QUARTILES = (0.25, 0.75)
FEWEST_CONTENTS = 5
"""Fewer contents than this, drawn again and again, say nothing about others."""

Values = dict[str, float | None]
Intervals = dict[str, tuple[float, float] | None]


@attrs.frozen(eq=False)
class Predictions:
    """The tested images of one split.

    Attributes:
        quality: ``[n]``, higher being better.
        clusters: what each image is drawn together with in a bootstrap: its content.
        raw: the recipe's own scores.
        mapped, mapped_by_type: these after a mapping fitted to all images of one scale, or to those of one type.
    """

    names: tuple[str, ...]
    quality: FloatArray
    types: tuple[str | None, ...]
    clusters: tuple[str, ...]
    raw: Prediction
    mapped: Mapping[str, FloatArray]
    mapped_by_type: Mapping[str, FloatArray]

    def of_type(self, kind: str) -> Predictions:
        """The images of one type, with the mappings fitted to it."""
        at = np.array([place for place, type_ in enumerate(self.types) if type_ == kind], dtype=np.intp)
        mapped = {name: values[at] for name, values in self.mapped_by_type.items()}
        return Predictions(
            names=tuple(self.names[place] for place in at),
            quality=self.quality[at],
            types=tuple(self.types[place] for place in at),
            clusters=tuple(self.clusters[place] for place in at),
            raw=Prediction(self.raw.score[at], self.raw.low[at], self.raw.high[at]),
            mapped=mapped,
            mapped_by_type=mapped,
        )

    @classmethod
    def pooled(cls, parts: Sequence[Predictions]) -> Predictions:
        """Those of several splits as one."""

        def joined(arrays: Sequence[FloatArray]) -> FloatArray:
            return np.concatenate(arrays)

        raw = {name: joined([getattr(part.raw, name) for part in parts]) for name in ("score", "low", "high")}
        return cls(
            names=sum((part.names for part in parts), ()),
            quality=joined([part.quality for part in parts]),
            types=sum((part.types for part in parts), ()),
            clusters=sum((part.clusters for part in parts), ()),
            raw=Prediction(**raw),
            mapped={name: joined([part.mapped[name] for part in parts]) for name in parts[0].mapped},
            mapped_by_type={
                name: joined([part.mapped_by_type[name] for part in parts]) for name in parts[0].mapped_by_type
            },
        )


@attrs.frozen(eq=False)
class Figures:
    """PLCC, SROCC, KROCC and RMSE of a set of images.

    Attributes:
        count, contents: how many images and contents were tested, repetitions counted once.
        values: the headline figures: PLCC and RMSE after ``mapping``, SROCC and KROCC of the scores themselves.
        mapping: ``none`` where scores are on the scale of quality, otherwise ``logistic5``.
        fit: whether what was fitted was fitted on the tested images.
        intervals: 95 % bootstrap intervals by content, where there are enough, or, where figures were taken for each
            split, their quartiles.
        splits: where figures were taken for each split, how many there are; otherwise 0.
        known: in how many of them each of the headline figures exists; below half of them it is not told.
        mappings: PLCC and RMSE after each mapping, with what it was fitted on; ``none`` has none where scores are on
            no scale of quality.
        coverage: the share of images whose quality lies in the 90 % prediction interval; None where none is known.
    """

    count: int
    contents: int
    values: Values
    mapping: str
    fit: str
    intervals: Intervals
    splits: int
    known: Mapping[str, int]
    mappings: Mapping[str, Mapping[str, float | str | None]]
    coverage: float | None

    @property
    def spread(self) -> bool:
        """Whether figures were taken for each split, and the median is told."""
        return self.splits > 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        known = {"splits": {"count": self.splits, **self.known}} if self.spread else {}
        intervals = {name: None if ends is None else list(ends) for name, ends in self.intervals.items()}
        return {
            "n": self.count,
            "contents": self.contents,
            **self.values,
            "mapping": self.mapping,
            "fit": self.fit,
            "quartiles" if self.spread else "interval95": intervals,
            **known,
            "mappings": {name: dict(values) for name, values in self.mappings.items()},
            "coverage90": self.coverage,
        }


def figures(
    parts: Sequence[Predictions],
    *,
    pooled: bool,
    calibrated: bool,
    one_scale: bool,
    own_unit: bool,
    fits: Mapping[str, str],
    seed: int,
) -> Figures:
    """The figures of the predictions of all splits.

    Args:
        pooled: take them once over all splits, with bootstrap intervals; otherwise for each, with median and quartiles.
        calibrated: whether the recipe's own scores are on the scale of quality.
        one_scale: whether they can be ranked against each other; otherwise the mapped ones are.
        own_unit: whether the recipe's own scores, where calibrated, are in units of this dataset's quality.
        fits: for each mapping what it was fitted on.
    """
    mapping = "none" if calibrated else _UNCALIBRATED_MAPPING
    everything = Predictions.pooled(parts)
    own_unit &= calibrated
    taken = [_Columns(part, mapping, one_scale, own_unit) for part in ([everything] if pooled else parts)]
    scored = np.flatnonzero(np.isfinite(everything.raw.score))
    known: Mapping[str, int] = {}
    if pooled:
        values, intervals = taken[0].values(), taken[0].intervals(everything.clusters, seed)
    else:
        each = [columns.values() for columns in taken]
        known = {name: sum(item[name] is not None for item in each) for name in agreement.FIGURES}
        values, intervals = _median(each)
    medians, _ = _median([columns.mapped_values() for columns in taken])
    return Figures(
        count=len({everything.names[index] for index in scored}),
        contents=len({everything.clusters[index] for index in scored}),
        values=values,
        mapping=mapping,
        fit=fits[mapping],
        intervals=intervals,
        splits=0 if pooled else len(parts),
        known=known,
        mappings={
            name: {"plcc": medians[f"{name} plcc"], "rmse": medians[f"{name} rmse"], "fit": fits[name]}
            for name in MAPPINGS
        },
        coverage=_coverage(everything) if own_unit else None,
    )


class _Columns:
    """Scores and quality side by side, without the images for which there is no score."""

    def __init__(self, part: Predictions, mapping: str, one_scale: bool, own_unit: bool) -> None:
        self._quality = part.quality
        self._scores = {"none": part.raw.score, **part.mapped}
        self._mapping = mapping
        self._ranked = "none" if one_scale else mapping
        self._own_unit = own_unit

    def values(self, sample: NDArray[np.intp] | slice = slice(None)) -> Values:
        """The headline figures of some of the images."""
        return {
            name: self._figure(name, self._mapping if name in ("plcc", "rmse") else self._ranked, sample)
            for name in agreement.FIGURES
        }

    def mapped_values(self) -> Values:
        """PLCC and RMSE after each mapping; without one there is no PLCC across scales."""
        found = {f"{name} {figure}": self._figure(figure, name) for name in MAPPINGS for figure in ("plcc", "rmse")}
        if self._ranked != "none":
            found["none plcc"] = None
        return found

    def intervals(self, clusters: Sequence[str], seed: int) -> Intervals:
        """Bootstrap intervals of the headline figures; none where too few contents have a score."""
        scored = np.isfinite(self._scores["none"])
        if len({cluster for cluster, there in zip(clusters, scored, strict=True) if there}) < FEWEST_CONTENTS:
            return dict.fromkeys(agreement.FIGURES)
        return agreement.bootstrap(self.values, clusters, times=_SAMPLES, seed=seed)

    def _figure(self, figure: str, mapping: str, sample: NDArray[np.intp] | slice = slice(None)) -> float | None:
        if figure == "rmse" and mapping == "none" and not self._own_unit:
            return None
        scores, quality = self._scores[mapping][sample], self._quality[sample]
        known = np.isfinite(scores)
        return agreement.FIGURES[figure](scores[known], quality[known])


def _median(values: Sequence[Values]) -> tuple[Values, Intervals]:
    """Median and quartiles of each figure over the splits that have it; none where fewer than half of them do."""
    medians: Values = {}
    quartiles: Intervals = {}
    for name in values[0]:
        known = [value for item in values if (value := item[name]) is not None]
        told = 0 < 2 * len(known) >= len(values)
        medians[name] = float(np.median(known)) if told else None
        quartiles[name] = tuple(map(float, np.quantile(known, _QUARTILES))) if told else None  # type: ignore[assignment]
    return medians, quartiles


def notes_on_intervals(groups: Mapping[str, Figures]) -> list[str]:
    """Which groups have no bootstrap interval, for they show too few contents."""
    kinds = [kind for kind, own in groups.items() if not own.spread and 0 < own.contents < FEWEST_CONTENTS]
    return [f"{', '.join(kinds)}: no 95 % intervals from fewer than {FEWEST_CONTENTS} contents"] if kinds else []


def notes_on_splits(groups: Mapping[str, Figures]) -> list[str]:
    """Which figures of which groups exist in some of the splits only, or in so few that they are not told."""
    alike: dict[tuple[bool, str], list[str]] = {}
    for kind, figures in groups.items():
        for count in sorted({count for count in figures.known.values() if count < figures.splits}):
            names = ", ".join(name.upper() for name, own in figures.known.items() if own == count)
            told = 2 * count >= figures.splits
            how = f"{names} over the {count} of {figures.splits} splits" if told else f"no {names}"
            alike.setdefault((told, how), []).append(kind)
    few = "too few images of a type in most splits, or ones with the same score"
    return [
        f"{', '.join(kinds)}: {how} in which they exist" if told else f"{', '.join(kinds)}: {how}: {few}"
        for (told, how), kinds in alike.items()
    ]


def _coverage(part: Predictions) -> float | None:
    known = np.isfinite(part.raw.low) & np.isfinite(part.raw.high)
    if not known.any():
        return None
    inside = (part.raw.low <= part.quality) & (part.quality <= part.raw.high)
    return float(inside[known].mean())
