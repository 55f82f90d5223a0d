"""``veiqa evaluate``: how well a recipe's scores agree with people's ratings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...errors import UsageError
from ...files.marks import is_page
from ...files.remote import Target, sent
from ...files.urls import Located
from ...files.writing import write_whole
from ..common import registry
from ..comparison_output import written
from ..evaluation_output import FORMATS, is_evaluation
from ..files import Made, check_target, is_standard_output, refuse_dataset_target, same_target, write_text
from ..options.competitors import CompetitorOptions
from ..options.dataset import RatedOptions, StoreOptions
from ..options.grouped import groups, option
from ..options.recipe import DeviceOptions
from ..options.split import SplitOptions
from ..options.veis import VeiOptions
from ..options.workers import WorkerOptions
from ..paths import PATH, PLACE, TARGET
from ..printing import say

if TYPE_CHECKING:
    from ...devices import Device
    from ...evaluation.comparison import Study


@attrs.frozen
class FiguresOptions:
    """``--format``, ``--output``, ``--predictions``, ``--report`` and ``--ladder``."""

    form: str = option(
        "--format", type=click.Choice(list(FORMATS)), default="table", show_default=True, help="Output format."
    )
    output: Target | None = option(
        "--output", type=TARGET, metavar="FILE|URL", help="Write here, not to standard output."
    )
    predictions: Target | None = option(
        "--predictions",
        type=TARGET,
        metavar="FILE|URL",
        help="Write every tested image's score here: .csv or .parquet.",
    )
    report: Target | None = option(
        "--report",
        type=TARGET,
        metavar="FILE.html|URL",
        help="Write a page: figures, scatter, residuals, the worst images; it loads nothing from anywhere.",
    )
    ladder: tuple[Located, ...] = option(
        "--ladder",
        type=PLACE,
        multiple=True,
        metavar="PHOTO",
        help="Show on the page how scores fall as this good photo, or those in this folder, are made worse step by "
        "step, as 'veiqa ladder' does; repeatable.",
    )

    def check(self, folders: Sequence[Path], store: Path | None, read: Sequence[str | Path | None]) -> None:
        """Refuse files that cannot be written, before any work is done.

        Args:
            folders: of the datasets.
            store: the store that was named.
            read: files that the command reads.

        Raises:
            UsageError: there is one, or two options name the same.
        """
        kinds = {
            "--output": (self.output, Made("an evaluation", is_evaluation)),
            "--predictions": (self.predictions, Made("a table of predictions", _is_predictions)),
            "--report": (self.report, Made("a page of an evaluation", partial(is_page, kind="evaluation"))),
        }
        if self.ladder and self.report is None:
            raise UsageError("--ladder is shown on the page: name one with --report")
        named: list[tuple[str, Target]] = []
        for name, (path, made) in kinds.items():
            if path is None:
                continue
            if name != "--output" and is_standard_output(path):
                raise UsageError(f"{name} {path}: needs a file of its own; name one")
            if name == "--predictions":
                from ...results import predictions  # which needs NumPy

                predictions.check(name, path)
            if isinstance(path, Path):
                refuse_dataset_target(path, *folders, option=name)
            check_target(name, path, made, store=store, read=read)
            for other, target in named:
                if same_target(path, target):
                    raise UsageError(f"{name} {path}: is where {other} writes too; name another file")
            named.append((name, path))

    def write_others(self, study: Study, device: Device) -> None:
        """Write predictions and page, where they are asked for.

        Args:
            device: where the maps of the page are made.

        Raises:
            UsageError: a file cannot be written.
            VeiqaError: it cannot be sent to a URL.
        """
        with sent(self.predictions) as predictions:
            if predictions is not None:
                from ...results.predictions import write

                write(study, predictions)
        with sent(self.report) as report:
            if report is not None:
                from ...report.evaluation import page

                pieces = page(study, device)
                write_whole(report, lambda stream: stream.writelines(piece.encode() for piece in pieces))


def _is_predictions(path: Path) -> bool:
    from ...results.predictions import is_predictions

    return is_predictions(path)


ALSO = click.option(
    "--also",
    type=(str, PATH),
    multiple=True,
    metavar="DATASET PATH",
    help="Evaluate on another dataset, too: a table for each, and the mean. Repeatable.",
)


@click.command()
@groups(dataset=RatedOptions, competitors=CompetitorOptions)
@ALSO
@groups(
    split=SplitOptions,
    output=FiguresOptions,
    store=StoreOptions,
    veis=VeiOptions,
    workers=WorkerOptions,
    device=DeviceOptions,
)
@click.pass_context
def evaluate(
    ctx: click.Context,
    /,
    dataset: RatedOptions,
    competitors: CompetitorOptions,
    also: tuple[tuple[str, Path], ...],
    split: SplitOptions,
    output: FiguresOptions,
    store: StoreOptions,
    veis: VeiOptions,
    workers: WorkerOptions,
    device: DeviceOptions,
) -> None:
    """Measure how well a recipe's scores agree with the ratings of a dataset.

    DATASET is one of 'veiqa datasets', PATH its folder. Prints PLCC, SROCC, KROCC and RMSE overall and by distortion
    type, and says what was fitted on what. Several recipes or methods are compared on the same images and splits. What
    was measured is kept, so a run that was stopped goes on.

    The exit status is 0, or 1 if some image failed, or 2 if the command cannot be run as given.
    """
    folders = [folder for _, folder in (*also, *split.train)]
    output.check([dataset.path, *folders], store.store, (*competitors.read, split.split_file, *output.ladder))
    from ...functions.evaluate import evaluated
    from ..means import means

    using = means(registry(), store, workers, device, veis)
    novelty = output.predictions is not None
    study = evaluated(dataset, competitors, also, split, using, novelty=novelty, ladder=output.ladder)
    write_text(written(study, output.form), output.output)
    output.write_others(study, using.found())
    for problem in study.problems:
        say(f"warning: {problem}")
    ctx.exit(1 if study.problems else 0)
