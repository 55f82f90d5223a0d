"""``veiqa ablate``: what each part of a recipe brings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from ...errors import UsageError
from ...files.marks import begins, is_page
from ...files.writing import write_whole
from ...functions.splits import FOLDS, SplitChoice
from ...text import json_text
from ..common import registry
from ..evaluation_output import separated
from ..files import Made, check_target, is_standard_output, refuse_dataset_target, write_text
from ..grids import columns, pipes, tabular
from ..numbers import Whole
from ..options.dataset import RatedOptions, StoreOptions
from ..options.grouped import groups, option
from ..options.recipe import DeviceOptions, RecipeOptions
from ..options.workers import WorkerOptions
from ..paths import PATH
from ..printing import say

if TYPE_CHECKING:
    from ...evaluation.ablation import Ablation, Part

_KINDS = ("pri", "layer", "explainer", "metric", "method")
_FORMATS = ("table", "json", "csv", "md", "latex")
_COLUMNS = (
    "name",
    "kind",
    "value",
    "alone",
    "srocc",
    "difference",
    "low",
    "high",
    "values",
    "passes",
    "saved",
    "problem",
)


@attrs.frozen
class AblateOptions:
    """What is left out, how it is tested, and where it is written."""

    drop: tuple[Any, ...] = option(
        "--drop",
        type=click.Choice(_KINDS),
        multiple=True,
        help="Each value of this kind is left out, and alone; repeatable. Default: every kind with several values.",
    )
    split: str = option(
        "--split",
        type=click.Choice(["loco", "kfold", "list"]),
        default="loco",
        show_default=True,
        help="One content left out, k folds by content, or the dataset's own list; mappers are refitted.",
    )
    folds: int | None = option("--folds", type=Whole(), help=f"For --split kfold. Default: {FOLDS}.")
    seed: int = option("--seed", type=Whole(), default=0, show_default=True, help="Of folds and bootstrap.")
    form: str = option(
        "--format", type=click.Choice(_FORMATS), default="table", show_default=True, help="Output format."
    )
    output: Path | None = option("--output", type=PATH, metavar="FILE", help="Write here, not to standard output.")
    report: Path | None = option(
        "--report", type=PATH, metavar="FILE.html", help="Write a page with a chart; it loads nothing from anywhere."
    )

    def check(self, folder: Path, store: Path | None, read: tuple[str | None, ...]) -> None:
        """Refuse files that cannot be written, before any work is done.

        Raises:
            UsageError: there is one.
        """
        made = Made("an ablation", _is_ablation)
        page = Made("a page of an ablation", partial(is_page, kind="ablation"))
        for name, path, kind in (("--output", self.output, made), ("--report", self.report, page)):
            refuse_dataset_target(path, folder, option=name)
            check_target(name, path, kind, store=store, read=read)
        if self.report is not None and is_standard_output(self.report):
            raise UsageError(f"--report {self.report}: a page needs a file; name one, such as ablation.html")

    @property
    def choice(self) -> SplitChoice:
        """The split that is meant.

        Raises:
            UsageError: a number does not go with it.
        """
        return SplitChoice(split=self.split, folds=self.folds, seed=self.seed)


@click.command()
@groups(
    dataset=RatedOptions,
    recipe=RecipeOptions,
    wanted=AblateOptions,
    store=StoreOptions,
    workers=WorkerOptions,
    device=DeviceOptions,
)
@click.pass_context
def ablate(
    ctx: click.Context,
    /,
    dataset: RatedOptions,
    recipe: RecipeOptions,
    wanted: AblateOptions,
    store: StoreOptions,
    workers: WorkerOptions,
    device: DeviceOptions,
) -> None:
    """Show what each part of a recipe brings, left out and alone.

    A part is a PRI, a layer, an explainer, a metric or a method. DATASET is one of 'veiqa datasets', PATH its folder.
    Images are measured once; only mappers are refitted. What was measured is kept, so a run that was stopped goes on.

    The exit status is 0, or 1 if some image failed, or 2 if the command cannot be run as given.
    """
    wanted.check(dataset.path, store.store, recipe.read)
    from ...functions.ablate import ablated
    from ..means import means

    done = ablated(dataset, recipe, wanted.drop, wanted.choice, means(registry(), store, workers, device))
    write_text(_written(done, wanted.form), wanted.output)
    if wanted.report is not None:
        from ...report.evaluation.ablation import page

        write_whole(wanted.report, lambda stream: stream.writelines(piece.encode() for piece in page(done)))
    for problem in done.problems:
        say(f"warning: {problem}")
    ctx.exit(1 if done.problems else 0)


def _written(done: Ablation, form: str) -> str:
    if form == "json":
        return json_text(done.to_dict(), indent=2) + "\n"
    if form == "csv":
        return separated([_COLUMNS, *(row.values() for row in done.rows())])
    bullet, grid = {"table": ("", columns), "md": ("- ", pipes), "latex": ("% ", tabular)}[form]
    rows = [("part", "SROCC", "difference", "values", "passes", "saved"), *map(_row, done.parts)]
    blocks = [[f"{bullet}{line}" for line in _about(done)], grid(rows), [f"{bullet}{line}" for line in _remarks(done)]]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _about(done: Ablation) -> list[str]:
    how = ", ".join(f"{name} {value}" for name, value in done.protocol.items() if name != "refits")
    rated = done.measured.rated
    return [
        f"ablation: {done.recipe}",
        f"dataset:  {rated.name} in {rated.root}; {len(done.measured.table)} images of {done.contents} contents; {how}",
    ]


def _row(part: Part) -> tuple[str, ...]:
    shown = "-" if part.srocc is None else f"{part.srocc:z.3f}"
    difference = "" if part.difference is None else f"{part.difference:+z.3f}"
    if part.interval is not None:
        difference += f" ({part.interval[0]:z.3f}, {part.interval[1]:z.3f})"
    return part.name, shown, difference, str(part.values), str(part.passes), str(part.saved)


def _remarks(done: Ablation) -> Iterator[str]:
    yield "difference: to the whole recipe, with 95 % intervals of a paired bootstrap by content; saved: passes"
    for remark in done.remarks:
        yield f"note: {remark}"


def _is_ablation(path: Path) -> bool:
    return begins(
        path, r"([-%] )?ablation: \S+@[0-9a-f]{12}", r'\{\n  "recipe": "[^"]*@[0-9a-f]{12}",', ",".join(_COLUMNS)
    )
