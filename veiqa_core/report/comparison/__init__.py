"""Pairs of images that were compared, as a page: one file that loads nothing."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import attrs
import numpy as np

from ...errors import UsageError, one_line
from ...explanations.drawing import thumbnail
from ...extension.registry import Part
from ...files.paths import display_name, is_stream
from ...files.writing import write_whole
from ...full_reference.comparison import Limit, Summary, meaning, name
from ...full_reference.pairs import COPY, ORIGINAL
from ...page import svg
from ...page.document import Look, Section, document, read_text
from ...page.formatting import counted
from ...results.records import Record
from ..rows import Spool
from ..scores import split_name

_PARTS = 20
_AT_ONCE = 100
"""Rows that are laid out at once."""
_MOST_FAILURES = 50
"""Failures that are listed by themselves."""


class ComparisonReport:
    """Takes the rows of pairs one after another, and becomes a page when its block ends.

    Rows wait in a temporary file beside the page. Where an error or an interruption ends the block, the page holds what
    was added, and says that it is incomplete.

    Args:
        places: URLs by the names that rows have, without what is secret in them; small pictures are made from there.

    Raises:
        UsageError: the page cannot be written.
    """

    def __init__(
        self, path: Path, metrics: Sequence[Part], limits: Sequence[Limit], places: Mapping[str, str] = {}
    ) -> None:
        self._path = path
        self._places = places
        self._metrics = metrics
        self._limits = limits
        folder = None if is_stream(path) else Path(os.path.realpath(path)).parent
        try:
            self._rows = Spool(folder)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror or one_line(error)}") from error
        self._values = [array("d") for _ in metrics]
        self._summaries = [Summary(part) for part in metrics]
        self._failed: list[str] = []
        self._beyond = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not isinstance(error, UsageError):  # then the command could not be run as given
                pieces = self._page(error is not None)
                write_whole(self._path, lambda stream: stream.writelines(piece.encode() for piece in pieces))
        finally:
            self._rows.close()

    def add(self, row: Record) -> None:
        """Take the next row."""
        small = {column: self._thumbnail(row[column]) for column in (ORIGINAL, COPY)}
        beyond = any(limit.refuses(row) for limit in self._limits)
        self._rows.put({"row": dict(row), "thumbnails": small, "beyond": beyond})
        self._beyond += beyond
        for values, summary in zip(self._values, self._summaries, strict=True):
            value = row[summary.part.key]
            values.append(math.nan if value is None else value)
            summary.add(value, name(row))
        if row["error"] is not None:
            self._failed.append(str(row["error"]))

    def _thumbnail(self, name: str | None) -> dict[str, Any] | None:
        made = None if name is None else thumbnail(self._places.get(name) or Path(name))
        return None if made is None else attrs.asdict(made)

    def _page(self, incomplete: bool) -> Iterator[str]:
        count = len(self._rows)
        sections = []
        if any(summary.count for summary in self._summaries):
            sections.append(Section("metrics", "Metrics", list(map(self._metric, range(len(self._metrics))))))
        sections.append(Section("pairs", "All pairs", self._pairs()))
        if self._failed:
            view = {"errors": self._failed[:_MOST_FAILURES], "others": max(0, len(self._failed) - _MOST_FAILURES)}
            sections.append(Section("failures", "Failures", view))
        look = Look("comparison", read_text("veiqa_core.report", "report.css"), pictures=True)
        heading = f"{counted(count, 'pair')} compared"
        return document(
            "report/comparison/templates/comparison.html.jinja",
            f"{heading} – VEIQA",
            look,
            sections,
            heading=heading,
            metrics=[part.key for part in self._metrics],
            failed=len(self._failed),
            limits=[limit.text for limit in self._limits],
            beyond=self._beyond,
            incomplete=incomplete,
        )

    def _metric(self, index: int) -> dict[str, Any]:
        """The figures of a metric, and how its values are distributed."""
        summary, values = self._summaries[index], np.asarray(self._values[index])
        known = values[np.isfinite(values)]
        view: dict[str, Any] = {"key": summary.part.key, "meaning": meaning(summary.part), "count": len(known)}
        if not len(known) or summary.worst is None:
            return view
        ends = svg.widened(known.tolist())
        counts, edges = np.histogram(known, bins=_PARTS, range=ends)
        fullest = int(counts.argmax())
        label = (
            f"Histogram of {len(known):,} values of {summary.part.key} from {ends[0]:.4g} to {ends[1]:.4g}. The "
            f"fullest part, {edges[fullest]:.4g} to {edges[fullest + 1]:.4g}, has {counts[fullest]:,}."
        )
        median = float(np.median(known))
        axis = f"{summary.part.key}: {view['meaning']}"
        value, worst = summary.worst
        view |= {"mean": summary.mean, "median": median, "worst": value, "name": display_name(worst), "chart": None}
        if len(known) > 1:
            view["chart"] = svg.histogram(label, counts.tolist(), ends, axis, ("median", median), "pairs")
        return view

    def _pairs(self) -> dict[str, Any]:
        """The table, the pairs that are farthest apart by the first metric first."""
        distance = np.array([self._summaries[0].distance(value) for value in self._values[0]])
        order = np.argsort(-distance, kind="stable")  # those without a value last
        return {
            "keys": [part.key for part in self._metrics],
            "at_once": _AT_ONCE,
            "failed": bool(self._failed),
            "rows": (_Shown(number=int(place) + 1, **self._rows.get(int(place))) for place in order),
        }


@attrs.frozen
class _Shown:
    """A row of the table.

    Attributes:
        thumbnails: of original and copy.
        beyond: whether it lies beyond a limit.
    """

    number: int
    row: dict[str, Any]
    thumbnails: dict[str, Any]
    beyond: bool

    @property
    def name(self) -> str:
        """The path of the copy, or of the original that has none."""
        return name(self.row)

    @property
    def file(self) -> str:
        """The name without its folder."""
        return split_name(self.name)[0]

    @property
    def original(self) -> str | None:
        """Of what it is a copy."""
        original: str | None = self.row[ORIGINAL]
        return original if original != self.name else None
