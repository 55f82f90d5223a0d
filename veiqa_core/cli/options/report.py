"""The options of a report: a page on what was scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...errors import UsageError
from ...files.marks import is_page
from ...files.remote import RemoteFile, Target
from ...files.urls import Located
from ...functions.folders import check_folder
from ...results.pictures import Pictures
from ...results.progress import progress
from ...results.sent import SentPage
from ...results.sinks import Sink
from ..files import Made, check_target, is_standard_output, same_target
from ..numbers import Whole
from ..paths import PLACE, TARGET
from ..printing import note
from .grouped import option

if TYPE_CHECKING:
    from ...inputs import Inputs
    from ...scorer import Scorer


@attrs.frozen
class ReportOptions:
    """``--vei``, ``--report`` and ``--report-details``."""

    vei: Located | None = option(
        "--vei",
        type=PLACE,
        metavar="DIR|URL",
        help="Write pictures here: where quality is lost, and the heat maps behind the score.",
    )
    report: Target | None = option(
        "--report",
        type=TARGET,
        metavar="FILE.html|URL",
        help="Write a page on all of it: scores, pictures, maps; it loads nothing from anywhere.",
    )
    report_details: int = option(
        "--report-details",
        type=Whole(min=0),
        default=50,
        show_default=True,
        metavar="N",
        help="So many images are shown there with map and heat maps, the worst scores first.",
    )

    def check(self, output: Target | None, store: Path | None, read: Iterable[str | None]) -> None:
        """Refuse a page that cannot be written, before any work is done.

        Args:
            output: where results go.
            store: the store that was named.
            read: files that the command reads.

        Raises:
            UsageError: as for :func:`veiqa_core.cli.files.check_target`, or it would overwrite the results.
        """
        if isinstance(self.vei, Path):
            check_folder("--vei", self.vei)
        if self.report is None:
            return
        if is_standard_output(self.report):
            raise UsageError(f"--report {self.report}: a page needs a file; name one, such as report.html")
        if same_target(output, self.report):
            raise UsageError(f"--report {self.report}: is where --output writes too; name another file")
        made = Made("a report", partial(is_page, kind="report"))
        check_target("--report", self.report, made, store=store, read=read)

    def check_drawn(self, scorer: Scorer) -> None:
        """Refuse a folder for pictures where there is nothing to draw.

        Raises:
            UsageError: the recipe has methods only.
        """
        if self.vei is not None and not scorer.recipe.branches:
            raise UsageError("--vei draws what networks see, and a method has no map: leave it out, or add a branch")

    def at_once(self, inputs: Inputs) -> bool:
        """Whether every one of the images is shown with heat maps, which are made best while it is scored."""
        if self.report is None:
            return False
        count = inputs.count()
        return count is not None and count <= self.report_details

    def pictures(self, inputs: Inputs, problem: Callable[[str], object]) -> list[Sink]:
        """What draws the results; nothing without a folder for pictures.

        Args:
            problem: takes one line for a picture that cannot be written.

        Raises:
            UsageError: the folder cannot be made.
        """
        return [] if self.vei is None else [Pictures(self.vei, inputs.singly(), problem, note)]

    def sinks(self, scorer: Scorer) -> list[Sink]:
        """What takes the results and writes the page at its end; nothing without a page.

        Raises:
            UsageError: the page cannot be written.
        """
        if self.report is None:
            return []
        from ...report import ReportWriter

        track = progress("heat maps for the report", " images")
        if not isinstance(self.report, RemoteFile):
            return [ReportWriter(self.report, scorer, details=self.report_details, track=track)]
        made = ReportWriter(self.report.path, scorer, details=self.report_details, track=track)
        return [SentPage(made, self.report)]
