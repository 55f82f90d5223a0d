"""``veiqa datasets make``: a synthetic rated set from a folder of photos."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...errors import UsageError
from ...results.progress import bar
from ..numbers import Number, Whole
from ..options.grouped import groups, option
from ..options.pseudo_rating import PseudoRatingOptions
from ..paths import PATH
from ..printing import line, note, say

if TYPE_CHECKING:
    from ...datasets.distort import Drawn, Level
    from ...datasets.pseudo_ratings import PseudoRating
    from ...datasets.synthetic import Row


@attrs.frozen
class LevelOptions:
    """How strong the distortions are.

    Raises:
        UsageError: several of the options are given.
    """

    count: int | None = option(
        "--levels", type=Whole(), metavar="N", help="Severities from mildest to strongest. Default: 5."
    )
    severities: tuple[float, ...] = option(
        "--severity", type=Number(), multiple=True, metavar="T", help="From 0 to 1; may be repeated."
    )
    targets: tuple[float, ...] = option(
        "--psnr", type=Number(), multiple=True, metavar="DB", help="As close as can be; may be repeated."
    )
    draw: int | None = option(
        "--draw",
        type=Whole(),
        metavar="N",
        help="N severities for each photo and type, drawn one from each N-th of the range.",
    )

    def __attrs_post_init__(self) -> None:
        given = (self.count is not None) + bool(self.severities) + bool(self.targets) + (self.draw is not None)
        if given > 1:
            raise UsageError("--levels, --severity, --psnr and --draw exclude each other: give one of them")

    def levels(self) -> tuple[Level, ...] | Drawn:
        """The levels that are meant.

        Raises:
            UsageError: one is out of range.
        """
        from ...datasets import distort

        if self.draw is not None:
            return distort.Drawn(self.draw)
        if self.severities:
            return distort.levels_at("severity", self.severities)
        if self.targets:
            return distort.levels_at("psnr", self.targets)
        return distort.DEFAULT_LEVELS if self.count is None else distort.even_levels(self.count)


@click.command()
@click.argument("refs", type=PATH, metavar="REFS")
@click.argument("out", type=PATH, metavar="OUT")
@click.option(
    "--distortion",
    "distortions",
    multiple=True,
    metavar="TYPE",
    help="GB, WN, a PRI generator's name, or a mixture such as GB+JPEG; may be repeated. Default: GB WN JPEG JP2K.",
)
@groups(levels=LevelOptions)
@click.option("--pristine", is_flag=True, help="The photos themselves, too, their type being none.")
@groups(rating=PseudoRatingOptions)
@click.option("--seed", type=Whole(), default=0, show_default=True, metavar="N", help="For other noise.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted run stopped.")
@click.pass_context
def make(
    ctx: click.Context,
    /,
    refs: Path,
    out: Path,
    distortions: tuple[str, ...],
    levels: LevelOptions,
    pristine: bool,
    rating: PseudoRatingOptions,
    seed: int,
    resume: bool,
) -> None:
    """Make a rated set in the folder OUT from the photos in REFS and the folders in it.

    The scores are not people's: a full-reference metric stands in for them, vsi unless another is named, and scores.csv
    says so. The exit status is 0, or 1 if some image could not be made, or 2 if the command cannot be run as given.
    """
    from ..common import registry, resumable

    found = registry()
    from ...datasets import synthetic

    wanted = synthetic.SyntheticSet(
        refs,
        out,
        distortions=distortions or synthetic.DEFAULT_DISTORTIONS,
        levels=levels.levels(),
        pristine=pristine,
        pseudo_rating=rating.maker(found, synthetic.DEFAULT_METRIC),
        seed=seed,
        resume=resume,
        registry=found,
    )
    for remark in wanted.notes:
        note(remark)
    rows: list[Row] = []
    skipped = False
    with (
        bar("making", wanted.total, " images") as shown,
        resumable("the same command with --resume goes on from there"),
    ):
        for result in wanted.make():
            if isinstance(result, synthetic.Skipped):
                skipped = True
                with shown.aside():
                    say(f"warning: {result.reason}")
                shown.advance(result.count)
            else:
                rows.append(result)
                shown.advance()
    _report(rows, out, wanted.pseudo_rating)
    ctx.exit(1 if skipped else 0)


def _report(rows: Sequence[Row], out: Path, pseudo_rating: PseudoRating) -> None:
    """Say what was made, which PSNR was not met, and how to go on."""
    from ...datasets.distort import TOLERANCE

    missed: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        if row.level.measure == "psnr" and abs(row.psnr - row.level.value) > TOLERANCE:
            missed[row.distortion, row.level.label].append(row.psnr)
    photos = len({row.reference for row in rows})
    for (distortion, label), values in missed.items():
        reached = f"{min(values):.2f} to {max(values):.2f} dB"
        say(f"note: {distortion} at {label} dB: the closest on {len(values)} of {photos} is {reached}")
    of_photos = f"{photos} {'photo' if photos == 1 else 'photos'}"
    line(f"Made {len(rows)} images of {of_photos} in {out}; {pseudo_rating.source} stands in for people's scores.")
    low, high = pseudo_rating.range([row.score for row in rows])
    ends = "" if pseudo_rating.scaled else f" --range {low:g} {high:g}"
    line(f"Evaluate on it: veiqa evaluate csv {shlex.quote(str(out))}{ends}")
