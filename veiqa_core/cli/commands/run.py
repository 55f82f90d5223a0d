"""``veiqa run``: score images."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from ...errors import UsageError
from ...results.gate import Gate
from ...results.pictures import Pictures
from ...results.progress import Once, bar
from ...results.sinks import PreviousRow, Sinks
from ...text import printable
from ..common import resumable
from ..files import check_folder
from ..options.dataset import opened_store, store_options
from ..options.frames import FIRST, frames_option, with_frames
from ..options.gate import fail_under_option
from ..options.inputs import input_options
from ..options.output import OutputOptions, output_options
from ..options.recipe import chosen_recipe, device_option, precision_option, recipe_options
from ..options.report import ReportOptions, report_options
from ..options.settings import Settings, values
from ..options.workers import WorkerOptions, worker_options
from ..paths import PATH
from ..printing import note, say


@click.command()
@input_options
@recipe_options
@click.option("--distortion", metavar="TYPE", help="The images' distortion type, for a recipe set: GB, WN, ...")
@output_options
@click.option(
    "--vei",
    "vei_dir",
    type=PATH,
    metavar="DIR",
    help="Write pictures here: where quality is lost, and the heat maps that tell it.",
)
@report_options
@frames_option
@fail_under_option
@store_options
@worker_options
@device_option
@precision_option
@click.pass_context
def run(
    ctx: click.Context,
    /,
    images: tuple[str, ...],
    lists: tuple[str, ...],
    null: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    settings: tuple[str, ...],
    distortion: str | None,
    form: str | None,
    output: Path | None,
    resume: bool,
    retry_failed: bool,
    quiet: bool,
    vei_dir: Path | None,
    report: Path | None,
    report_details: int,
    frames: str,
    fail_under: float | None,
    store: Path | None,
    no_store: bool,
    device: str,
    precision: str,
    workers: int,
    threads: int | None,
    dask: str | None,
    **parts: Any,
) -> None:
    """Score images, and show the similarities behind each score. What was measured is kept, and not measured again.

    Of a FOLDER all images in it and in its folders are scored, hidden ones left out; - stands for a list of files on
    standard input.

    The exit status is 0, or 1 if some image failed, or 2 if the command cannot be run as given, or 3 if some image lies
    below --fail-under and none failed.
    """
    from ..common import registry

    workers_wanted = WorkerOptions(workers, threads, dask)
    if vei_dir is not None and not workers_wanted.alone:
        raise UsageError("--vei draws what this process measures: leave out --workers and --dask")
    result_options = OutputOptions.of(form, output, resume, retry_failed)
    reporting = ReportOptions(report, report_details)
    read = (*images, *lists, parts["recipe"], *values(settings))
    reporting.check(output, store, read)
    result_options.check(store, read)
    if vei_dir is not None:
        check_folder("--vei", vei_dir)
    found = registry()
    wanted = Settings(found, settings)
    chosen = chosen_recipe(found, wanted, **parts)
    wanted.check_all_used()
    from ...inputs import Choice, Inputs

    gate = Gate(fail_under, say)
    inputs = Inputs(images, lists, null, Choice(include, exclude), gate.problem, Once(_left_out))
    names = with_frames(inputs.names(), frames)
    from ...scorer import Scorer

    workers_wanted.set_up()
    with (
        opened_store(store, no_store) as kept,
        resumable(lambda: result_options.interruption_note(gate.images)),
        ExitStack() as stack,
    ):
        scorer = Scorer(chosen, device=device, precision=precision, distortion=distortion, registry=found, store=kept)
        gate.check(scorer)
        executor = stack.enter_context(workers_wanted.executor(scorer.meter, Path()))
        pictures = [] if vei_dir is None else [Pictures(vei_dir, inputs.singly(), gate.problem, note)]
        results = result_options.sink(scorer.keys, scorer.recipe.label)
        sinks = stack.enter_context(Sinks([*reporting.sinks(scorer), results, *pictures, gate]))
        shown = stack.enter_context(bar("scoring", inputs.count if frames == FIRST else None, " images", quiet))

        def skip(row: PreviousRow) -> None:
            sinks.skip(row)
            shown.skip()

        remaining = results.remaining(names, skip)
        heatmaps = vei_dir is not None or (workers_wanted.alone and frames == FIRST and reporting.at_once(inputs))
        for result in scorer.score_many(remaining, heatmaps=heatmaps, executor=executor):
            with shown.aside():
                sinks.add(result)
            shown.advance()
    gate.report()
    ctx.exit(gate.status)


def _left_out(path: str) -> None:
    note(f"{printable(path)} is a picture that VEIQA made, and those in folders are not scored; name one to score it")
