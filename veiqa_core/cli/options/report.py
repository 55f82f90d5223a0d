"""The options of a report: a page on what was scored."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import attrs
import click

from ...errors import UsageError
from ...files.marks import is_page
from ...files.names import name_key
from ...results.progress import progress
from ...results.sinks import PreviousRow, Sink
from ..files import Made, check_target, is_standard_output
from ..numbers import Whole
from ..paths import PATH
from .grouped import Command, give

if TYPE_CHECKING:
    from ...inputs import Inputs
    from ...report import ReportWriter
    from ...result import Result
    from ...scorer import Scorer


_OPTIONS = (
    click.option(
        "--report",
        type=PATH,
        metavar="FILE.html",
        help="Write a page on all of it: scores, pictures, maps; it loads nothing from anywhere.",
    ),
    click.option(
        "--report-details",
        type=Whole(min=0),
        default=50,
        show_default=True,
        metavar="N",
        help="So many images are shown there with map and heat maps, the worst scores first.",
    ),
)


def report_options(command: Command) -> Command:
    """Give a command ``--report`` and ``--report-details``."""
    return give(command, _OPTIONS)


@attrs.frozen
class ReportOptions:
    """What the options say.

    Attributes:
        path: the page; None for none.
        details: how many images are shown with everything.
    """

    path: Path | None
    details: int

    def check(self, output: Path | None, store: Path | None, read: Iterable[str | None]) -> None:
        """Find what speaks against writing the page, before any work is done.

        Args:
            output: where results go.
            store: the store that the command was told to use.
            read: files that the command reads.

        Raises:
            UsageError: as for :func:`veiqa_core.cli.files.check_target`, or it would overwrite the results.
        """
        if self.path is None:
            return
        if is_standard_output(self.path):
            raise UsageError(f"--report {self.path}: a page needs a file; name one, such as report.html")
        if output is not None and name_key(os.path.realpath(output)) == name_key(os.path.realpath(self.path)):
            raise UsageError(f"--report {self.path}: is where --output writes too; name another file")
        made = Made("a report", partial(is_page, kind="report"))
        check_target("--report", self.path, made, store=store, read=read)

    def at_once(self, inputs: Inputs) -> bool:
        """Whether every one of the images is shown with heat maps, which are made best while it is scored."""
        if self.path is None:
            return False
        count = inputs.count()
        return count is not None and count <= self.details

    def sinks(self, scorer: Scorer) -> list[Sink]:
        """What takes the results and writes the page at its end; nothing without a page.

        Raises:
            UsageError: the page cannot be written.
        """
        if self.path is None:
            return []
        from ...report import ReportWriter

        track = progress("heat maps for the report")
        return [_Page(ReportWriter(self.path, scorer, details=self.details, track=track), scorer)]


class _Page(Sink):
    def __init__(self, writer: ReportWriter, scorer: Scorer) -> None:
        self._writer = writer
        self._scale = scorer.scale

    def add(self, result: Result) -> None:
        self._writer.add(result)

    def skip(self, row: PreviousRow) -> None:
        """Show what an earlier run told of the image; if it is among the worst, all of it is made again."""
        from ...result import Result

        self._writer.add(
            Result(
                image=row.image,
                score=row.score,
                similarities=dict(row.similarities),
                flags=row.flags,
                error=row.error,
                recipe=row.recipe,
                interval=row.interval,
                scale=self._scale,
                distortion=None if row.likely is None else dict([row.likely]),
            )
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)
