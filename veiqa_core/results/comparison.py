"""What becomes of pairs that are compared: what failed, what lies beyond a limit, the summary, and the exit status."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..extension.registry import Part
from ..full_reference.comparison import Limit, Summary, meaning, name
from ..page.formatting import counted
from .gate import FAILED, REFUSED
from .records import Record


class Verdict:
    """Counts.

    Args:
        say: takes a line for the user.
    """

    def __init__(self, metrics: Sequence[Part], limits: Sequence[Limit], say: Callable[[str], object]) -> None:
        self._say = say
        self._summaries = [Summary(part) for part in metrics]
        self._limits = limits
        self._beyond: list[list[str]] = [[] for _ in limits]
        self._failed: list[str] = []
        self._pairs = self._problems = 0

    def add(self, row: Record) -> None:
        """Count a pair."""
        self._pairs += 1
        own = name(row)
        if row["error"] is not None:
            self._failed.append(str(row["error"]))
        for summary in self._summaries:
            summary.add(row[summary.part.key], own)
        for limit, beyond in zip(self._limits, self._beyond, strict=True):
            if limit.refuses(row):
                beyond.append(own)

    def problem(self, text: str) -> None:
        """Report something that failed beside the pairs."""
        self._say(f"warning: {text}")
        self._problems += 1

    @property
    def status(self) -> int:
        """The exit status. What failed cannot be let through either, and needs looking at first."""
        if self._failed or self._problems:
            return FAILED
        return REFUSED if any(self._beyond) else 0

    def summarise(self) -> None:
        """Say for each metric how close the pairs are, and which is worst."""
        for summary in self._summaries:
            if summary.worst is not None:
                value, own = summary.worst
                pairs = (
                    f"mean {summary.mean:.6g} of {counted(summary.count, 'pair')}; the worst is {own} with {value:.6g}"
                )
                self._say(f"{summary.part.key} ({meaning(summary.part)}): {pairs}")

    def report(self) -> None:
        """Say why the status is not 0."""
        if self._failed:
            first = f"; {self._failed[0]}" if len(self._failed) == 1 else f"; the first: {self._failed[0]}"
            self._say(f"failed: {len(self._failed):,} of {self._pairs:,} pairs{first}")
        for limit, beyond in zip(self._limits, self._beyond, strict=True):
            if beyond:
                self._say(f"{limit.text}: {len(beyond):,} of {self._pairs:,} pairs; the first is {beyond[0]}")
