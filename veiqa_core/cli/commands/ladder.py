"""``veiqa ladder``: how far to trust a recipe, by photos made worse step by step."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import click

from ...files.urls import Located
from ...functions.settings import Settings
from ...functions.workers import set_up
from ...results.progress import progress
from ..common import registry, resumable
from ..numbers import Whole
from ..options.dataset import StoreOptions, interruption_note
from ..options.grouped import groups, option
from ..options.recipe import DeviceOptions, RecipeOptions
from ..paths import PLACE
from ..printing import data, json_data, line, note, say

if TYPE_CHECKING:
    from ...evaluation.ladder import Ladder, Summary


@attrs.frozen
class LadderOptions:
    """Which distortions, and in how many steps."""

    distortions: tuple[str, ...] = option(
        "--distortion",
        multiple=True,
        metavar="TYPE",
        help="As for 'datasets make'; repeatable. Default: all that have a strength.",
    )
    levels: int = option(
        "--levels",
        type=Whole(),
        default=5,
        show_default=True,
        metavar="N",
        help="Severities from mildest to strongest.",
    )
    seed: int = option("--seed", type=Whole(), default=0, show_default=True, metavar="N", help="For other noise.")
    form: str = option(
        "--format",
        type=click.Choice(["table", "csv", "json"]),
        default="table",
        show_default=True,
        help="A table of means, or every score.",
    )


@click.command()
@click.argument("photos", nargs=-1, required=True, type=PLACE, metavar="PHOTO...")
@groups(ladder=LadderOptions, recipe=RecipeOptions, store=StoreOptions)
@click.option("--threads", type=Whole(min=1), metavar="N", help="Default: as PyTorch chooses.")
@groups(device=DeviceOptions)
@click.pass_context
def ladder(
    ctx: click.Context,
    /,
    photos: tuple[Located, ...],
    ladder: LadderOptions,
    recipe: RecipeOptions,
    store: StoreOptions,
    threads: int | None,
    device: DeviceOptions,
) -> None:
    """Make good photos worse step by step, and show where a recipe's score does not fall.

    They are distorted in every kind of way, or those that are named. Of a folder all photos in it are taken. Photos and
    folders may be at URLs. A stronger distortion of one kind never looks better, so a score that rises is wrong,
    whatever people would say. What was measured is kept, so a run that was stopped goes on.

    The exit status is 0, or 1 if a photo or a distortion failed, or 2 if the command cannot be run as given.
    """
    from ...datasets import distort
    from ...evaluation.ladder import distortions_of, summaries
    from ...functions.ladders import climb, photos_of

    found = registry()
    settings = Settings(found, recipe.settings)
    chosen = recipe.chosen(found, settings, note)
    settings.check_all_used()
    kinds, levels = distortions_of(ladder.distortions, found), distort.even_levels(ladder.levels)
    files = photos_of(photos, note)
    set_up(threads)
    with store.opened() as kept, resumable(interruption_note(kept)):
        scorer = device.scorer(chosen, found, kept)
        made, failures = climb(files, kinds, levels, scorer, ladder.seed, progress)
    _show(made, summaries(made), ladder.form)
    for failure in failures:
        say(f"warning: {failure}")
    ctx.exit(1 if failures else 0)


def _show(made: Sequence[Ladder], kinds: Sequence[Summary], form: str) -> None:
    rows = [
        {"photo": one.photo, "distortion": one.distortion, **attrs.asdict(rung)} for one in made for rung in one.rungs
    ]
    if form == "json":
        json_data({"scores": rows, "distortions": [{**attrs.asdict(kind), "falls": kind.falls} for kind in kinds]})
    elif form == "csv":
        text = io.StringIO(newline="")
        written = csv.DictWriter(text, ["photo", "distortion", "severity", "made_by", "score", "likely"])
        written.writeheader()
        written.writerows(rows)
        data(text.getvalue())
    elif made:
        _table(kinds)


def _table(kinds: Sequence[Summary]) -> None:
    from ...evaluation.ladder import ABOVE, TAU

    names = max(len("distortion"), *(len(kind.distortion) for kind in kinds))
    steps = len(kinds[0].scores) - 1
    heads = "".join(f"{head:>7}" for head in ("photo", *range(1, steps + 1)))
    line(f"{'distortion':<{names}}{heads}   tau (lowest)    above  likely at {steps}")
    for kind in kinds:
        scores = "".join(f"{score:7.1f}" for score in kind.scores)
        tau = f"{kind.tau:6.2f} ({kind.lowest_tau:5.2f})"
        mark = "" if kind.falls else "  !"
        line(f"{kind.distortion:<{names}}{scores}  {tau} {kind.above[0]:+8.1f}  {kind.likely or '-'}{mark}")
    line()
    line("Mean scores of the photos as they are and at each step. tau: rank correlation of score and strength, median")
    line("and lowest; 1 where every step lowers the score. above: by how much a step exceeds its photo at most.")
    wrong = sum(not kind.falls for kind in kinds)
    if wrong:
        line(f"! {wrong} of {len(kinds)}: tau below {TAU:g}, or more than {ABOVE:g} points above the photo.")
