"""A report that takes results one after another, and becomes a page at the end."""

from __future__ import annotations

import heapq
import math
import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import attrs

from ..errors import UsageError, VeiqaError, one_line
from ..explanations.drawing import thumbnail
from ..files.paths import is_stream
from ..files.urls import is_url
from ..files.writing import write_whole
from ..result import Result
from ..results.sinks import PreviousRow, Sink
from ..scorer import Scorer
from .article import article
from .contents import Contents
from .page import page
from .rows import OPTIONAL, Row, Spool, row

DETAILS = 50
"""Of so many images a report shows everything, where nothing else is asked for."""

_SAME = 0.05  # scores are shown to one decimal

Item = TypeVar("Item")
Track = Callable[[Iterable[Item], int], Iterable[Item]]


@attrs.define(eq=False)
class _Kept:
    """An image of which everything is shown: its path or URL, what it was scored, and its article once there is one."""

    number: int
    path: Path | str
    score: float | None
    article: int | None


class ReportWriter(Sink):
    """Writes one self-contained page on any number of results.

    Rows and articles wait in temporary files beside the page, so memory does not grow with the number of images but for
    some 30 bytes each. When the block ends the heat maps of the worst images are made, where results came without
    them, and the page takes its place in one step. Where an error or an interruption ends the block, the page holds
    what was added, and says that it is incomplete.

    Args:
        path: the page.
        scorer: that made the results, and explains the worst of them.
        details: how many images are shown with everything: those with the worst scores; those that failed are listed.
        track: shows how far the explaining is; it takes the images and how many they are.

    Raises:
        UsageError: the page cannot be written; from :meth:`add`: it would overwrite the image.
    """

    def __init__(
        self, path: str | Path, scorer: Scorer, *, details: int = DETAILS, track: Track[Any] | None = None
    ) -> None:
        self._path = Path(path)
        self._target = os.path.realpath(self._path)
        self._scorer = scorer
        self._details = details
        self._track: Track[Any] = track or (lambda items, _: items)
        folder = None if is_stream(self._path) else Path(self._target).parent
        try:
            self._rows, self._articles = Spool(folder), Spool(folder)
        except OSError as error:
            raise UsageError(f"{self._path}: cannot be written: {error.strerror or one_line(error)}") from error
        self._scores = array("d")
        self._failed = array("Q")
        self._types: Counter[str] = Counter()
        self._filled: set[str] = set()  # which columns have something to say
        self._worst: list[tuple[float, int, _Kept]] = []  # a heap, the best of the worst first
        self._refused = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._refused or isinstance(error, UsageError):  # the command could not be run as given
                return
            if error is not None:
                self._write(f"The run ended before its end: {_reason(error)}. What was scored until then is here.")
                return
            try:
                self._explain()
            except BaseException as stop:
                self._write(f"Not all heat maps were made: {_reason(stop)}. All scores are here.")
                raise
            self._write(None)
        finally:
            self._rows.close()
            self._articles.close()

    def add(self, result: Result) -> None:
        """Take the next result."""
        path = result.url or result.path or Path(result.image)
        if isinstance(path, Path) and os.path.realpath(path) == self._target:
            self._refused = True
            raise UsageError(f"{self._path}: is one of the images; name another file for the report")
        number = len(self._rows) + 1
        source = result.heatmaps[0].input_image if result.heatmaps else path
        made = row(result, number, thumbnail(source))
        self._rows.put(attrs.asdict(made))
        self._scores.append(math.nan if result.score is None else result.score)
        self._types.update([made.likely[0]] if made.likely is not None else [])
        self._filled.update(name for name in OPTIONAL if getattr(made, name))
        if result.error is not None:
            self._failed.append(number)
        else:
            self._consider(result, number, path)

    def skip(self, row: PreviousRow) -> None:
        """Show an image that an earlier run scored; if it is among the worst, it is scored again."""
        methods = set(self._scorer.method_keys)
        self.add(
            Result(
                image=row.image,
                score=row.score,
                similarities={key: value for key, value in row.values.items() if key not in methods},
                methods={key: value for key, value in row.values.items() if key in methods},
                flags=row.flags,
                error=row.error,
                recipe=row.recipe,
                interval=row.interval,
                scale=self._scorer.scale,
                distortion=None if row.likely is None else dict([row.likely]),
                novelty=row.novelty,
                size=row.size,
                judged_size=row.judged_size,
                url=row.image if is_url(row.image) else None,  # which the user named again
            )
        )

    def _consider(self, result: Result, number: int, path: Path | str) -> None:
        """Keep the image if it is among the worst so far; without scores the first ones are."""
        rank = -(number if result.score is None else result.score)
        if not self._details or (len(self._worst) == self._details and rank <= self._worst[0][0]):
            return
        place = self._articles.put(article(result, number)) if result.heatmaps else None
        entry = (rank, -number, _Kept(number, path, result.score, place))
        if len(self._worst) < self._details:
            heapq.heappush(self._worst, entry)
        else:
            heapq.heapreplace(self._worst, entry)

    def _explain(self) -> None:
        """Make the articles that are due, worst first."""
        due = [kept for kept in self._ranked() if kept.article is None]
        for kept in self._track(due, len(due)):
            kept.article = self._articles.put(self._explained(kept))

    def _ranked(self) -> list[_Kept]:
        return [kept for _, _, kept in sorted(self._worst, key=lambda entry: (-entry[0], -entry[1]))]

    def _explained(self, kept: _Kept) -> str:
        """The article of an image whose file is read again."""
        known = Row(**self._rows.get(kept.number - 1))
        try:
            result = self._scorer.score(kept.path, name=known.name, heatmaps=True)
        except VeiqaError as error:
            return article(known.result, kept.number, f"No heat maps: when they were made, {error}.")
        return article(result, kept.number, _changed(kept.score, result.score))

    def _write(self, incomplete: str | None) -> None:
        contents = Contents(
            scorer=self._scorer,
            rows=self._rows,
            scores=self._scores,
            failed=self._failed,
            types=self._types,
            filled=self._filled,
            articles={kept.number: kept.article for kept in self._ranked() if kept.article is not None},
            article=self._articles.get,
            incomplete=incomplete,
        )
        write_whole(self._path, lambda stream: stream.writelines(piece.encode() for piece in page(contents)))


def _reason(error: BaseException) -> str:
    if isinstance(error, BrokenPipeError):
        return "nobody reads its output any more"
    return "it was interrupted" if isinstance(error, KeyboardInterrupt) else one_line(error)


def _changed(before: float | None, now: float | None) -> str | None:
    """A remark where a file is no longer what was scored."""
    if before is None or now is None or math.isclose(before, now, abs_tol=_SAME, rel_tol=1e-3):
        return None
    return f"The file has changed since it was scored {before:.1f}; this is what it is now."
