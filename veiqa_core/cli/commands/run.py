"""``veiqa run``: score images."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from ...errors import UsageError
from ...files.ahead import ahead
from ...functions.settings import Settings
from ...results.gate import Gate
from ...results.progress import Once, bar, watching
from ...results.sinks import PreviousRow, Sinks
from ...text import printable
from ..common import resumable
from ..options.dataset import StoreOptions
from ..options.gate import GateOptions
from ..options.grouped import groups
from ..options.inputs import InputOptions
from ..options.output import OutputOptions
from ..options.recipe import DeviceOptions, ScoringOptions
from ..options.report import ReportOptions
from ..options.workers import WorkerOptions
from ..printing import note, say


@click.command()
@groups(
    inputs=InputOptions,
    recipe=ScoringOptions,
    output=OutputOptions,
    report=ReportOptions,
    gate=GateOptions,
    store=StoreOptions,
    workers=WorkerOptions,
    device=DeviceOptions,
)
@click.pass_context
def run(
    ctx: click.Context,
    /,
    inputs: InputOptions,
    recipe: ScoringOptions,
    output: OutputOptions,
    report: ReportOptions,
    gate: GateOptions,
    store: StoreOptions,
    workers: WorkerOptions,
    device: DeviceOptions,
) -> None:
    """Score images, and show the similarities behind each score. What was measured is kept, and not measured again.

    Of a FOLDER all images in it and in its folders are scored, hidden ones left out; - stands for a list of files on
    standard input. A URL is one of an image or a folder: https://, s3://, gs://, az://, or zip://PATH::ARCHIVE.

    The exit status is 0, or 1 if some image failed, or 2 if the command cannot be run as given, or 3 if some image lies
    below --fail-under, or is unsure with --fail-unsure, and none failed.
    """
    from ..common import registry

    if report.vei is not None and not workers.alone:
        raise UsageError("--vei draws what this process measures: leave out --workers and --dask")
    read = (*inputs.images, *inputs.lists, *recipe.read)
    report.check(output.output, store.store, read)
    output.check(store.store, read)
    output.check_gate(gate)
    found = registry()
    settings = Settings(found, recipe.settings)
    chosen = recipe.chosen(found, settings, note)
    settings.check_all_used()
    verdict = Gate(gate.fail_under, gate.fail_unsure, say)
    files = inputs.found(verdict.problem, Once(_left_out))
    names = inputs.names(files)
    workers.set_up()
    with (
        store.opened() as kept,
        resumable(lambda: output.interruption_note(verdict.images)),
        ExitStack() as stack,
    ):
        scorer = device.scorer(chosen, found, kept, recipe.distortion)
        verdict.check(scorer)
        report.check_drawn(scorer)
        executor = stack.enter_context(workers.executor(scorer.meter, Path(), note))
        results = output.sink(scorer)
        pictures = report.pictures(files, verdict.problem)
        sinks = stack.enter_context(Sinks([*report.sinks(scorer), results, *pictures, verdict]))
        shown = stack.enter_context(bar("scoring", files.count if inputs.still else None, " images", output.quiet))
        stack.enter_context(watching(scorer.meter, shown))

        def skip(row: PreviousRow) -> None:
            sinks.skip(row)
            shown.skip()

        remaining = results.remaining(names, skip)
        if inputs.still and files.listed_already:  # else the next name may be long in coming
            remaining = ahead(remaining)
        heatmaps = report.vei is not None or (workers.alone and inputs.still and report.at_once(files))
        for result in scorer.score_many(remaining, heatmaps=heatmaps, executor=executor):
            with shown.aside():
                sinks.add(result)
            shown.advance()
    verdict.report()
    ctx.exit(verdict.status)


def _left_out(path: str) -> None:
    note(f"{printable(path)} is a picture that VEIQA made, and those in folders are not scored; name one to score it")
