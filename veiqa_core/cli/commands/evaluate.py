"""``veiqa evaluate``: how well a recipe's scores agree with people's ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...errors import UsageError
from ...files.marks import is_page
from ...files.remote import Target, sent
from ...files.writing import write_whole
from ..common import registry, resumable
from ..comparison_output import written
from ..evaluation_output import FORMATS, is_evaluation
from ..files import Made, check_target, is_standard_output, refuse_dataset_target, same_target, write_text
from ..ladders import climbed, photos_of
from ..measuring import measured_by_each
from ..options.competitors import CompetitorOptions
from ..options.dataset import RatedOptions, StoreOptions, dataset_part, interruption_note
from ..options.grouped import groups, option
from ..options.recipe import DeviceOptions
from ..options.settings import Settings
from ..options.split import SplitOptions
from ..options.veis import VeiOptions
from ..options.workers import WorkerOptions
from ..paths import PATH, TARGET
from ..printing import say

if TYPE_CHECKING:
    from ...evaluation.comparison import Study
    from ...evaluation.ladder import Ladder


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
    ladder: tuple[Path, ...] = option(
        "--ladder",
        type=PATH,
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

    def write_others(self, study: Study, ladders: Mapping[str, Sequence[Ladder]]) -> None:
        """Write predictions and page, where they are asked for.

        Args:
            ladders: for the page, by the competitors' names.

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

                pieces = page(study, ladders)
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
    photos = photos_of(output.ladder)
    if also and split.split_file is not None:
        raise UsageError("--split-file lists the images of one dataset: leave it out, or --also")
    found = registry()
    settings = Settings(found, competitors.settings)
    chosen = competitors.chosen(found, settings)
    part = dataset.part(found, settings)
    parts = [dataset_part(found, settings, name, None) for name, _ in (*also, *split.train)]
    settings.check_all_used()
    from ...datasets.rated_set import load
    from ...evaluation.comparison import Study, compare
    from ...evaluation.measured import check_covered
    from ...evaluation.splits import check_splits, prepared
    from ...recipes.resolution import resolve_all

    on = device.found()
    protocol = split.protocol()
    names = [one.name for one in chosen]
    several = [resolve_all(one, found) for one in chosen]
    for recipes in several:
        veis.check(recipes)
    first = load(part, dataset.path, dataset.distortions)
    others = [load(one, folder, dataset.distortions) for one, folder in zip(parts, folders, strict=True)]
    tested = [prepared(protocol, one) for one in (first, *others[: len(also)])]
    train = others[len(also) :]
    for recipes in several:
        for one in tested:
            check_splits(protocol, one, train, recipes.covers)
        check_covered([*tested, *train], recipes)
    with (
        veis.opened(dataset.path, *folders) as folder,
        store.opened() as kept,
        resumable(interruption_note(kept)),
    ):
        measured = measured_by_each([*tested, *train], several, on, kept, workers, folder)
        ladders, unclimbed = climbed(chosen, photos, device, found, kept)
    by_name = dict(zip(names, measured, strict=True))
    trained_on = {name: own[len(tested) :] for name, own in by_name.items()}
    study = Study(
        tuple(
            compare(
                {name: own[place] for name, own in by_name.items()},
                protocol,
                found,
                trained_on=trained_on,
                novelty=output.predictions is not None,
            )
            for place in range(len(tested))
        )
    )
    write_text(written(study, output.form), output.output)
    output.write_others(study, ladders)
    failed = dict.fromkeys(problem for own in measured for one in own for problem in one.failed.values())
    failed |= dict.fromkeys(unclimbed)
    for problem in failed:
        say(f"warning: {problem}")
    ctx.exit(1 if failed else 0)
