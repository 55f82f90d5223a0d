"""Who hears of what a function does: how far it is, and what is to be known beside its result."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, TypeVar

import attrs

Item = TypeVar("Item")

Progress = Callable[[str, int, int], object]
"""Takes what is done, such as ``"measuring csv"``, how many items are done, and how many there are."""
Report = Callable[[str], object]
"""Takes a line."""
Track = Callable[[str, str], Any]
"""Makes what shows how far a list of items is from what is done and what they are, as
:func:`veiqa_core.results.progress.progress` does."""


@attrs.frozen
class Hearing:
    """What takes the lines and the progress of a function.

    Attributes:
        note: takes what is worth to be known.
        warn: takes what went wrong and is no reason to end.
        track: shows progress.
    """

    note: Report
    warn: Report
    track: Track

    @classmethod
    def of(cls, progress: Progress | None, note: Report | None) -> Hearing:
        """For a function of Python: lines go to ``note``, or become warnings of Python."""
        report = _warned if note is None else note
        return cls(report, report, lambda label, unit: _counted(label, progress))


class VeiqaWarning(UserWarning):
    """What is to be known beside a result."""


def _warned(text: str) -> None:
    warnings.warn(text, VeiqaWarning, stacklevel=2)


def _counted(label: str, progress: Progress | None) -> Any:
    def track(items: Iterable[Item], total: int | None = None, executor: object = None) -> Iterator[Item]:
        if progress is None:
            yield from items
            return
        count = len(items) if total is None and isinstance(items, Sized) else (total or 0)
        progress(label, 0, count)
        for done, item in enumerate(items, 1):
            yield item
            progress(label, done, count)

    return track
