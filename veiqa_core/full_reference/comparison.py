"""Pairs compared by several metrics, each pair a row, and what becomes of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..errors import ImageError, UsageError, near_miss
from ..extension.registry import Part, installed
from ..files.paths import located, public_name
from . import FullReference, MetricValue, measured, read_pair
from .pairs import COPY, ORIGINAL, Pair

Row = dict[str, Any]
"""``original``, ``copy``, ``width``, ``height``, a value by each metric's key, ``error``; None where not known."""

TEXTS = frozenset({ORIGINAL, COPY, "error"})
_FIRST = (ORIGINAL, COPY, "width", "height")


def header(metrics: Sequence[Part]) -> tuple[str, ...]:
    """The columns of rows."""
    return (*_FIRST, *(part.key for part in metrics), "error")


@attrs.frozen
class Comparer:
    """Compares pairs; sent to another process it finds its metrics again by name."""

    metrics: tuple[Part, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return _found_again, (tuple((p.registered.ref, p.identity["params"]) for p in self.metrics),)

    def check(self) -> None:
        """Find out whether each metric can be built.

        Raises:
            UsageError: one cannot.
        """
        for part in self.metrics:
            FullReference(part)

    def __call__(self, pair: Pair) -> Row:
        """The row of a pair. What fails is said in it."""
        named = {ORIGINAL: pair.original, COPY: pair.copy}
        row: Row = {**dict.fromkeys(header(self.metrics))}
        row |= {column: place and public_name(place) for column, place in named.items()}
        if pair.problem is not None or pair.original is None or pair.copy is None:
            return row | {"error": pair.problem}
        try:
            images = read_pair(located(pair.original), located(pair.copy))
        except ImageError as error:
            return row | {"error": str(error)}
        row["width"], row["height"] = images[0].size
        values = [measured(part, *images) for part in self.metrics]
        return row | {item.metric.key: item.value for item in values} | {"error": _problem(values)}


def _found_again(metrics: Sequence[tuple[str, Mapping[str, Any]]]) -> Comparer:
    registry = installed()
    return Comparer(tuple(registry.part("metric", ref, given) for ref, given in metrics))


def _problem(values: Sequence[MetricValue]) -> str | None:
    problems = dict.fromkeys(str(item.error) for item in values if item.error is not None)
    return "; ".join(problems) or None


def closer(part: Part) -> str | None:
    """Which way a metric's values are closer, ``high`` or ``low``; None where neither end is."""
    return str(part.traits["similar"]) if part.traits["identity"] in ("max", "min") else None


def meaning(part: Part) -> str:
    """The same in words."""
    way = closer(part)
    return f"{part.traits['identity']} for identical images" if way is None else f"{way}er is closer"


@attrs.frozen
class Limit:
    """A value that a metric must not pass.

    Attributes:
        key: of the metric.
        value: the limit, which itself is let through.
        least: whether values below it are refused, else those above.
    """

    key: str
    value: float
    least: bool

    def refuses(self, row: Mapping[str, Any]) -> bool:
        """Whether a row lies beyond it."""
        value = row[self.key]
        return value is not None and (value < self.value if self.least else value > self.value)

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.key} {'below' if self.least else 'above'} {self.value:g}"


def limit(metrics: Sequence[Part], name: str, value: float, least: bool) -> Limit:
    """A limit for one of the metrics.

    Raises:
        UsageError: the metric is not among them, or is closer on the other side.
    """
    option, other = ("--fail-under", "--fail-over") if least else ("--fail-over", "--fail-under")
    found = [part for part in metrics if name in (part.key, part.registered.label)]
    if len(found) != 1:
        problem = f"several metrics are called {name}; say its whole key" if found else None
        raise UsageError(f"{option}: {problem or near_miss('metric', name, [part.key for part in metrics])}")
    (part,) = found
    if closer(part) == ("low" if least else "high"):
        raise UsageError(f"{option} {name}: of {name} {meaning(part)}; say {other} {name}={value:g}")
    return Limit(part.key, value, least)


@attrs.define
class Summary:
    """What is known of the values of a metric.

    Attributes:
        worst: the value farthest from that of identical images, and its pair; None without any value.
    """

    part: Part
    count: int = 0
    total: float = 0.0
    worst: tuple[float, str] | None = None

    def add(self, value: float | None, name: str) -> None:
        """Count a pair's value."""
        if value is None:
            return
        self.count += 1
        self.total += value
        if self.worst is None or self.distance(value) > self.distance(self.worst[0]):
            self.worst = value, name

    def distance(self, value: float) -> float:
        """How far a value is from that of identical images, on no scale."""
        way = closer(self.part)
        if way is None:
            return abs(value - float(self.part.traits["identity"]))
        return -value if way == "high" else value

    @property
    def mean(self) -> float:
        """Of all values."""
        return self.total / self.count


def name(row: Mapping[str, Any]) -> str:
    """What a row is called."""
    return Pair(row[ORIGINAL], row[COPY]).name
