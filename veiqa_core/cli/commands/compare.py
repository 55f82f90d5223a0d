"""``veiqa compare``: images against their originals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from ...files.paths import public_name
from ...files.remote import sent
from ...results import records
from ...results.progress import Once, bar
from ...text import printable
from ..common import registry, resumable
from ..options.completion import component_names
from ..options.grouped import groups
from ..options.pairs import LimitOptions, PairOptions
from ..options.recipe import SettingOptions
from ..options.records import RecordOptions
from ..options.workers import ProcessOptions
from ..printing import note, say

if TYPE_CHECKING:
    from ...extension.registry import Part
    from ...full_reference.comparison import Row


@click.command()
@groups(pairs=PairOptions)
@click.option(
    "--metric",
    "metrics",
    shell_complete=component_names("metric"),
    multiple=True,
    metavar="M",
    help="Metric; repeatable. Default: all for images.",
)
@groups(parameters=SettingOptions, output=RecordOptions, gate=LimitOptions, processes=ProcessOptions)
@click.pass_context
def compare(
    ctx: click.Context,
    /,
    pairs: PairOptions,
    metrics: tuple[str, ...],
    parameters: SettingOptions,
    output: RecordOptions,
    gate: LimitOptions,
    processes: ProcessOptions,
) -> None:
    """Compare images with their originals by full-reference metrics.

    Two images, or two folders: each copy belongs to the original of the same path, whose suffix may differ; files
    without a partner are rows with an error. --pairs says in a table what belongs together. Images, folders and the
    table may be at URLs.

    The exit status is 0, or 1 if an image or a metric failed or a file has no partner, or 2 if the command cannot be
    run as given, or 3 if some value lies beyond --fail-under or --fail-over, and nothing failed.
    """
    from ...full_reference.comparison import TEXTS, header, name
    from ...full_reference.pairs import places_of
    from ...functions.compare import compared, metrics_of
    from ...results.comparison import Verdict

    parts = metrics_of(registry(), metrics, parameters.settings, lambda text: say(f"warning: {text}"))
    layout = records.Layout(header(parts), TEXTS, lambda row: _lines(row, parts))
    output.check(layout, "comparison", pairs.read)
    limits = gate.limits(parts)
    verdict = Verdict(parts, limits, say)
    every = pairs.found(verdict.problem, Once(_left_out))
    earlier, end = output.earlier(layout)
    if output.output is not None:
        records.check_same(output.output, earlier, [public_name(pair.name) for pair in every], name, "pair")
    processes.set_up()
    with resumable(lambda: output.going_on("compared")), ExitStack() as stack:
        sinks: list[Callable[[records.Record], None]] = [verdict.add]
        page = stack.enter_context(sent(output.report))
        if page is not None:
            from ...report.comparison import ComparisonReport

            sinks.append(stack.enter_context(ComparisonReport(page, parts, limits, places_of(every))).add)
        shown = stack.enter_context(bar("comparing", len(every), " pairs", output.quiet))
        for row in earlier:
            for sink in sinks:
                sink(row)
            shown.skip()
        sinks.append(stack.enter_context(output.writer(layout, end, earlier)))
        for row in compared(parts, every[len(earlier) :], processes):
            with shown.aside():
                for sink in sinks:
                    sink(row)
            shown.advance()
    if len(every) > 1:
        verdict.summarise()
    verdict.report()
    ctx.exit(verdict.status)


def _lines(row: Row | Mapping[str, Any], parts: Sequence[Part]) -> Iterator[str]:
    """What a person reads of a pair."""
    from ...full_reference.comparison import meaning, name

    width = max(len(part.key) for part in parts)
    yield name(row)
    for part in parts:
        if row["width"] is not None:
            value = row[part.key]
            shown = "failed" if value is None else f"{value:.6g}"
            yield f"  {part.key:<{width}}  {shown:>12}  {meaning(part)}"
    if row["error"] is not None:
        yield f"  error: {row['error']}"


def _left_out(path: str) -> None:
    note(
        f"{printable(path)} is a picture that VEIQA made, and those in folders are not compared; name one to compare it"
    )
