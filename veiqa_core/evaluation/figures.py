"""The figures of tested predictions: once over all of them, or for each split, of which the median is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from . import agreement
from .columns import (
    FEWEST_CONTENTS,
    MAPPINGS,
    OTHER_UNIT,
    Columns,
    Intervals,
    Predictions,
    Values,
    headline_mapping,
)

_QUARTILES = (0.25, 0.75)
_UNFITTED = "no mapper is fitted"
_IN_OTHER_NOTES = (OTHER_UNIT, _UNFITTED)
"""Reasons that notes on the recipe give."""
_TITLES = {"coverage90": "share in intervals"}


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
        known: in how many of them each of the headline figures exists; below half of them it is not reported.
        mappings: PLCC and RMSE after each mapping, with what it was fitted on; ``none`` has none where scores are on
            no scale of quality.
        coverage: the share of images whose quality lies in the 90 % prediction interval; None where none is known.
        missing: why a figure is missing: of the headline figures by name, of those after a mapping by its name, and of
            ``coverage90``.
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
    missing: Mapping[str, str]

    @property
    def spread(self) -> bool:
        """Whether figures were taken for each split, and the median is reported."""
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
            "missing": dict(self.missing),
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
    mapping = headline_mapping(calibrated)
    everything = Predictions.pooled(parts)
    own_unit &= calibrated
    taken = [Columns(part, mapping, one_scale, own_unit) for part in ([everything] if pooled else parts)]
    scored = np.flatnonzero(np.isfinite(everything.raw.score))
    known: Mapping[str, int] = {}
    if pooled:
        values, intervals = taken[0].values(), taken[0].intervals(everything.clusters, seed)
    else:
        each = [columns.values() for columns in taken]
        known = {name: sum(item[name] is not None for item in each) for name in agreement.FIGURES}
        values, intervals = _median(each)
    medians, _ = _median([columns.mapped_values() for columns in taken])
    coverage = _coverage(everything) if own_unit else None
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
            if f"{name} plcc" in medians
        },
        coverage=coverage,
        missing=_missing(taken, values, medians, _why_uncovered(coverage, calibrated, own_unit)),
    )


def _missing(taken: Sequence[Columns], values: Values, mapped: Values, coverage: str | None) -> dict[str, str]:
    """Why figures are missing; where they are taken for each split, why they most often are.

    Args:
        coverage: why there is none.
    """
    absent = [name for name, value in values.items() if value is None]
    mappings = [name for name in MAPPINGS[1:] if f"{name} plcc" in mapped]
    absent += [name for name in mappings if mapped[f"{name} plcc"] is None or mapped[f"{name} rmse"] is None]
    found: dict[str, str] = {}
    for name in absent:
        reasons = Counter(reason for columns in taken if (reason := columns.why_none(name)) is not None)
        reason = max(reasons, key=reasons.__getitem__, default="it is beyond what a number can hold")
        found[name] = reason if len(taken) == 1 else f"in most splits, {reason}"
    return found if coverage is None else {**found, "coverage90": coverage}


def _median(values: Sequence[Values]) -> tuple[Values, Intervals]:
    """Median and quartiles of each figure over the splits that have it; none where fewer than half of them do."""
    medians: Values = {}
    quartiles: Intervals = {}
    for name in values[0]:
        known = [value for item in values if (value := item[name]) is not None]
        reported = 0 < 2 * len(known) >= len(values)
        medians[name] = float(np.median(known)) if reported else None
        quartiles[name] = tuple(map(float, np.quantile(known, _QUARTILES))) if reported else None  # type: ignore[assignment]
    return medians, quartiles


def notes_on_intervals(groups: Mapping[str, Figures]) -> list[str]:
    """Which groups have no bootstrap interval of some figure, and why."""
    shown = {kind: own for kind, own in groups.items() if not own.spread and own.contents}
    few = [kind for kind, own in shown.items() if own.contents < FEWEST_CONTENTS]
    notes = [f"{', '.join(few)}: no 95 % intervals from fewer than {FEWEST_CONTENTS} contents"] if few else []
    for kind, own in shown.items():
        names = [name.upper() for name, ends in own.intervals.items() if ends is None and own.values[name] is not None]
        if names and kind not in few:
            notes.append(f"{kind}: no 95 % interval of {', '.join(names)}: many samples of so few images have none")
    return notes


def notes_on_missing(groups: Mapping[str, Figures]) -> list[str]:
    """Which figures of which groups are missing, and why, each reason once."""
    alike: dict[tuple[str, str], list[str]] = {}
    for kind, figures in groups.items():
        by_reason: dict[str, list[str]] = {}
        for name, reason in figures.missing.items():
            after = f"figures after {name}" if name in MAPPINGS else _TITLES.get(name, name.upper())
            if reason not in _IN_OTHER_NOTES and not (name in MAPPINGS and reason in by_reason):
                by_reason.setdefault(reason, []).append(after)
        for reason, names in by_reason.items():
            alike.setdefault((", ".join(names), reason), []).append(kind)
    return [f"{', '.join(kinds)}: no {names}: {reason}" for (names, reason), kinds in alike.items()]


def notes_on_splits(groups: Mapping[str, Figures]) -> list[str]:
    """Which figures of which groups exist in some of the splits only."""
    alike: dict[str, list[str]] = {}
    for kind, figures in groups.items():
        for count in sorted({count for count in figures.known.values() if count < figures.splits <= 2 * count}):
            names = ", ".join(name.upper() for name, own in figures.known.items() if own == count)
            alike.setdefault(f"{names} over the {count} of {figures.splits} splits", []).append(kind)
    return [f"{', '.join(kinds)}: {how} in which they exist" for how, kinds in alike.items()]


def _why_uncovered(coverage: float | None, calibrated: bool, own_unit: bool) -> str | None:
    if coverage is not None:
        return None
    if own_unit:
        return "the mapper gives no prediction interval"
    return OTHER_UNIT if calibrated else _UNFITTED


def _coverage(part: Predictions) -> float | None:
    known = np.isfinite(part.raw.low) & np.isfinite(part.raw.high)
    if not known.any():
        return None
    inside = (part.raw.low <= part.quality) & (part.quality <= part.raw.high)
    return float(inside[known].mean())
