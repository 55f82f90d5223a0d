"""What components compute, held against the values that are known of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator

import attrs

from .contracts import KnownValue
from .errors import VeiqaError
from .extension.catalogue import Registered
from .extension.registry import Part
from .isolation.attempts import attempt


@attrs.frozen(eq=False)
class Check:
    """The outcome of one known value.

    Attributes:
        item: the component that was measured.
        known: what it must give; None where its known values cannot be had.
        ours: what it gives; None where it gave nothing.
        problem: why there is no value.
    """

    item: Registered
    known: KnownValue | None = None
    ours: float | None = None
    problem: VeiqaError | None = None

    @property
    def component(self) -> str:
        """Kind and name, as the command line takes them."""
        return f"{self.item.kind}/{self.item.label}"

    @property
    def subject(self) -> str:
        """What was measured."""
        return "known values" if self.known is None else self.known.subject

    @property
    def error(self) -> float | None:
        """How far the value is from what it must be."""
        return None if self.known is None or self.ours is None else abs(self.ours - self.known.expected)

    @property
    def passed(self) -> bool:
        """Whether the value is within its tolerance."""
        return self.known is not None and self.error is not None and self.error <= self.known.tolerance


def verify(items: Iterable[Registered]) -> Iterator[Check]:
    """Check all known values of components in their order. Whatever fails, the rest is still checked."""
    for item in items:
        if item.component.known_values:
            yield from _checks(item)


def _checks(item: Registered) -> Iterator[Check]:
    part = Part(item, item.component.params())
    known_values = attempt(part, functools.partial(_known_values, item))
    if isinstance(known_values, VeiqaError):
        yield Check(item, problem=known_values)
        return
    for known in known_values:
        value = attempt(part, functools.partial(_measured, known))
        if isinstance(value, VeiqaError):
            yield Check(item, known, problem=value)
        else:
            yield Check(item, known, value)


def _known_values(item: Registered) -> list[KnownValue]:
    where = item.component.known_values
    given = list(item.load_name(where)())
    for known in given:
        if not isinstance(known, KnownValue):
            raise TypeError(f"{where} gives {type(known).__name__} where a KnownValue is due")
        if not (math.isfinite(known.expected) and known.tolerance >= 0):
            raise ValueError(f"{where}: {known.subject!r} expects {known.expected} within {known.tolerance}")
    return given


def _measured(known: KnownValue) -> float:
    value = float(known.measure())
    if not math.isfinite(value):
        raise ValueError(f"{known.subject!r} gave {value}")
    return value
