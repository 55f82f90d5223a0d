"""``veiqa doctor``: whether this installation works, and how fast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...errors import UsageError
from ...extension.registry import installed
from ...recipes.recipe import DEFAULT_RECIPE
from ...results.progress import bar
from ..options.completion import shipped_names
from ..paths import PATH
from ..printing import json_data, line, note

if TYPE_CHECKING:
    from ...speed import Timing


@click.command()
@click.option("--store", type=PATH, metavar="FILE", help="The store. Default: in the cache.")
@click.option("--speed", is_flag=True, help="Time ten images instead, and say which options make it quicker here.")
@click.option(
    "--recipe",
    metavar="NAME|FILE",
    shell_complete=shipped_names("recipes"),
    help="The recipe that --speed times. Default: default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, store: Path | None, speed: bool, recipe: str | None, as_json: bool) -> None:
    """Look at versions, plugins, extras, memory, store, devices and weights, and score an image on trial.

    Works where torch is broken or missing, too, and fetches nothing. The exit status is 1 if there is a problem.

    With --speed ten made images of 512x384 are scored by each setting that may help, after others to warm up: by
    runtime, threads, workers, precision and device.
    """
    if recipe is not None and not speed:
        raise UsageError("--recipe is what --speed times: give both, or leave it out")
    if store is not None and speed:
        raise UsageError("--speed uses no store: leave out --store")
    if speed:
        ctx.exit(_speed(recipe or DEFAULT_RECIPE, as_json))
    from ...doctor import examine

    findings = []
    for finding in examine(installed(), store):
        findings.append(finding)
        if not as_json:
            line(f"{finding.state:<7}  {finding.about:<8}  {finding.text}")
            if finding.advice is not None:
                line(f"{'':<19}to do: {finding.advice}")
    problems = sum(finding.state == "problem" for finding in findings)
    if as_json:
        json_data([attrs.asdict(finding) for finding in findings])
    elif problems == 0:
        line("Everything that VEIQA needs is there and works.")
    ctx.exit(1 if problems else 0)


def _speed(recipe: str, as_json: bool) -> int:
    """Time a recipe, print what was found, and give the exit status."""
    from ...measuring.memory import retain_heap
    from ...recipes import files
    from ...speed import SIZE, Trial, advice, busy
    from ..common import registry

    retain_heap()
    if busy():
        note("other work keeps this machine busy, so times mean little: time again when it is idle")
    found = registry()
    trial = Trial(files.find(recipe, found), found, lambda: shown.advance())
    with bar("timing", trial.images, " images") as shown:
        timings = list(trial.run())
    if as_json:
        rows = [{"options": timing.setting.options, **attrs.asdict(timing)} for timing in timings]
        json_data({"recipe": recipe, "timings": rows, "advice": advice(timings)})
    else:
        _print(timings)
        line(f"{recipe} at {SIZE[0]}x{SIZE[1]}; quickest here: {advice(timings)}")
    return 1 if any(timing.problem for timing in timings) else 0


def _print(timings: list[Timing]) -> None:
    names = [timing.setting.options or "(none)" for timing in timings]
    wide = max(map(len, ["options", *names]))
    line(f"{'options':<{wide}}  s an image  images/s  by")
    for name, timing in zip(names, timings, strict=True):
        if timing.rate is None:
            line(f"{name:<{wide}}  cannot be used: {timing.problem}")
        else:
            remark = "; estimated from 2 workers" if timing.estimated else ""
            line(f"{name:<{wide}}  {1 / timing.rate:>10.3f}  {timing.rate:>8.2f}  {timing.how}{remark}")
