"""Numbers and names as pages show them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

DASH = "–"
"""What stands where a value is missing."""


def number(value: float | None, digits: int = 3) -> str:
    """A number; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:z.{digits}f}".replace("-", "−")


def interval(ends: Iterable[float] | None, digits: int = 3) -> str:
    """An interval, its lower end first; a dash where an end is missing."""
    known = [] if ends is None else sorted(map(float, ends))
    if not known or not all(map(math.isfinite, known)):
        return DASH
    return f"{number(known[0], digits)} to {number(known[1], digits)}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number and what it counts."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def sentence_case(text: str) -> str:
    """A text with its first letter in upper case and all others as they are."""
    return text[:1].upper() + text[1:]


def key_parts(key: str) -> list[str]:
    """The parts of a branch's key, after each of which a line may be broken."""
    return re.split(r"(?<=[/@(,])", key)


def flat(values: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Versions and the like, which may be nested: names, texts, and whether the text is a key or a digest."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((str(inner), str(text), True) for inner, text in value.items())
        else:
            yield name, str(value), False
