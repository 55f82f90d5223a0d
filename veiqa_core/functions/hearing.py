"""Who hears of what a function does: how far it is, and what is to be known beside its result."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from pathlib import Path
from typing import Annotated, Any, TypedDict, TypeVar

import attrs

from .arguments import Arg

Item = TypeVar("Item")

Progress = Callable[[str, int, int], object]
"""Takes what is done, such as ``"measuring csv"``, how many items are done, and how many there are."""
Report = Callable[[str], object]
"""Takes a line."""
Track = Callable[[str, str], Any]
"""Makes what shows how far a list of items is from what is done and what they are, as
:func:`veiqa_core.results.progress.progress` does."""


class HearingArguments(TypedDict, total=False):
    """Who hears of what a function does."""

    progress: Annotated[
        Progress | None,
        Arg(None, "is called with what is done, how many items are done, and how many there are"),
    ]
    note: Annotated[Report | None, Arg(None, "takes each remark; by default they are warnings of Python")]


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
    def of(cls, given: HearingArguments) -> Hearing:
        """For a function of Python: lines go to ``note``, or become warnings of Python."""
        report = _warned if given["note"] is None else given["note"]
        return cls(report, report, lambda label, unit: _counted(label, given["progress"]))


class VeiqaWarning(UserWarning):
    """What is to be known beside a result."""


_OWN = (f"{Path(__file__).parents[1]}{os.sep}", contextlib.__file__)
"""Where the code lies that runs between a call of a function and its remarks."""


def _warned(text: str) -> None:
    """Warn of the line that called a function of VEIQA."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, VeiqaWarning, stacklevel=level)


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
