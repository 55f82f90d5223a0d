"""``veiqa evaluate`` and ``veiqa fit``: a recipe against people's ratings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ...errors import UsageError
from ...files.paths import is_stream
from ..common import registry, resumable
from ..evaluation_output import FORMATS, is_evaluation
from ..files import (
    Made,
    check_new,
    check_target,
    is_standard_output,
    refuse_dataset_target,
    refuse_input_target,
    write_text,
)
from ..measuring import measured_sets
from ..numbers import Whole
from ..options.dataset import (
    dataset_arguments,
    dataset_part,
    distortion_option,
    interruption_note,
    opened_store,
    store_options,
)
from ..options.recipe import chosen_recipe, device_option, precision_option, recipe_options
from ..options.settings import Settings, values
from ..options.veis import opened_veis, vei_options
from ..options.workers import WorkerOptions, worker_options
from ..paths import PATH
from ..printing import note, say

_SPLITS = ("frozen", "loco", "kfold", "repeated", "list")


@click.command()
@dataset_arguments
@recipe_options
@distortion_option
@click.option(
    "--split",
    type=click.Choice(_SPLITS),
    help="frozen (default): nothing is refitted. The others refit the mapper: leave one content out; k folds or "
    "repeated 80/20 by content; a fixed list.",
)
@click.option("--folds", type=Whole(), default=5, show_default=True, help="For --split kfold.")
@click.option("--repeats", type=Whole(), default=10, show_default=True, help="For --split repeated.")
@click.option("--seed", type=Whole(), default=0, show_default=True, help="Of folds, repeats and bootstrap.")
@click.option(
    "--split-file",
    type=PATH,
    metavar="FILE",
    help="For --split list: CSV with the columns image and split (train or test; others are left out). Default: the "
    "dataset's own.",
)
@click.option(
    "--train",
    type=(str, PATH),
    multiple=True,
    metavar="DATASET PATH",
    help="Refit on another dataset, test here; beside a --split that refits: on its images, too. Repeatable.",
)
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="table", show_default=True, help="Output format."
)
@click.option("--output", type=PATH, metavar="FILE", help="Write here, not to standard output.")
@store_options
@vei_options
@worker_options
@device_option
@precision_option
@click.pass_context
def evaluate(
    ctx: click.Context,
    /,
    dataset: str,
    path: Path,
    score_range: tuple[float, float] | None,
    distortions: tuple[str, ...],
    settings: tuple[str, ...],
    train: tuple[tuple[str, Path], ...],
    form: str,
    output: Path | None,
    store: Path | None,
    no_store: bool,
    keep_vei: Path | None,
    keep_vei_cap: int | None,
    device: str,
    precision: str,
    workers: int,
    threads: int | None,
    dask: str | None,
    **options: Any,
) -> None:
    """Measure how well a recipe's scores agree with the ratings of a dataset.

    DATASET is one of 'veiqa datasets', PATH its folder. Prints PLCC, SROCC, KROCC and RMSE overall and by distortion
    type, and says what was fitted on what. What was measured is kept, so a run that was stopped goes on.

    The exit status is 0, or 1 if some image failed, or 2 if the command cannot be run as given.
    """
    read = (options["recipe"], options["split_file"], *values(settings))
    refuse_dataset_target(output, path, *(folder for _, folder in train))
    check_target("--output", output, Made("an evaluation", is_evaluation), store=store, read=read)
    executor = WorkerOptions(workers, threads, dask)
    found = registry()
    wanted = Settings(found, settings)
    _check_split(ctx, options["split"])
    protocol_options = {name: options.pop(name) for name in ("split", "folds", "repeats", "seed", "split_file")}
    recipe = chosen_recipe(found, wanted, **options)
    part = dataset_part(found, wanted, dataset, score_range)
    parts = [dataset_part(found, wanted, name, None) for name, _ in train]
    wanted.check_all_used()
    from ...datasets.rated_set import load
    from ...devices import Device
    from ...evaluation.evaluate import evaluate as run
    from ...evaluation.measured import check_covered
    from ...evaluation.splits import check_splits, prepared
    from ...recipes.resolution import resolve_all

    on = Device.find(device, precision)
    protocol = _protocol(bool(train), **protocol_options)
    recipes = resolve_all(recipe, found)
    loaded = load(part, path, distortions)
    others = [load(one, folder, distortions) for one, (_, folder) in zip(parts, train, strict=True)]
    rated = prepared(protocol, loaded)
    check_splits(protocol, rated, others, recipes.covers)
    check_covered([rated, *others], recipes)
    with (
        opened_veis(keep_vei, keep_vei_cap, path, *(other.root for other in others)) as veis,
        opened_store(store, no_store) as kept,
        resumable(interruption_note(kept)),
    ):
        measured, *trained_on = measured_sets([rated, *others], recipes, on, kept, executor, veis)
    evaluation = run(recipes, measured, protocol, found, trained_on=trained_on)
    write_text(FORMATS[form](evaluation), output)
    failed = [problem for one in (measured, *trained_on) for problem in one.failed.values()]
    for problem in failed:
        say(f"warning: {problem}")
    ctx.exit(1 if failed else 0)


@click.command()
@dataset_arguments
@recipe_options
@distortion_option
@click.option("--output", type=PATH, metavar="FILE", required=True, help="The fitted recipe, TOML.")
@click.option(
    "--also",
    type=(str, PATH),
    multiple=True,
    metavar="DATASET PATH",
    help="Fit to the images of another dataset, too. Repeatable.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@store_options
@vei_options
@worker_options
@device_option
@precision_option
@click.pass_context
def fit(
    ctx: click.Context,
    /,
    dataset: str,
    path: Path,
    score_range: tuple[float, float] | None,
    distortions: tuple[str, ...],
    settings: tuple[str, ...],
    output: Path,
    force: bool,
    also: tuple[tuple[str, Path], ...],
    store: Path | None,
    no_store: bool,
    keep_vei: Path | None,
    keep_vei_cap: int | None,
    device: str,
    precision: str,
    workers: int,
    threads: int | None,
    dask: str | None,
    **options: Any,
) -> None:
    """Fit a recipe's mapper to the ratings of a dataset, and write the recipe.

    The recipe records on which contents it was fitted, so that an evaluation tells whether it is held-out.
    """
    refuse_dataset_target(output, path, *(folder for _, folder in also))
    check_target("--output", output, None, store=store, read=(options["recipe"], *values(settings)))
    if not force:
        check_new("--output", output, ", or say --force")
    executor = WorkerOptions(workers, threads, dask)
    found = registry()
    wanted = Settings(found, settings)
    recipe = chosen_recipe(found, wanted, **options)
    part = dataset_part(found, wanted, dataset, score_range)
    parts = [dataset_part(found, wanted, name, None) for name, _ in also]
    wanted.check_all_used()
    from ...datasets.rated_set import load
    from ...devices import Device
    from ...evaluation.fit import check, remarks, renamed
    from ...evaluation.fit import fit as run
    from ...evaluation.measured import check_covered
    from ...recipes import recipe as recipe_files
    from ...recipes.resolution import resolve_all

    on = Device.find(device, precision)
    recipes = resolve_all(recipe, found)
    rated = load(part, path, distortions)
    refuse_input_target("--output", output, *recipe_files.parameter_texts(recipe))
    sets = [rated, *(load(one, folder, distortions) for one, (_, folder) in zip(parts, also, strict=True))]
    check_covered(sets, recipes)
    check(recipes, sets)
    with (
        opened_veis(keep_vei, keep_vei_cap, *(one.root for one in sets)) as veis,
        opened_store(store, no_store) as kept,
        resumable(interruption_note(kept)),
    ):
        measured, *more = measured_sets(sets, recipes, on, kept, executor, veis)
    name = f"{recipe.name}-fitted" if is_standard_output(output) or is_stream(output) else output.stem
    fitted = renamed(run(recipe, recipes, measured, more), name, recipes.label)
    write_text(recipe_files.dumps(fitted), output)
    reported = " and ".join(f"{len(one.table)} images of {one.rated.name}" for one in (measured, *more))
    say(f"{output}: {fitted.name}, {recipes.name} fitted to {reported}")
    for remark in remarks(fitted, measured, more):
        note(remark)
    unfitted = [str(kind) for kind in recipes.types if kind not in set(measured.joined(more).keys)]
    if unfitted:
        say(f"note: no images of {', '.join(unfitted)}: not fitted")
    failed = [problem for one in (measured, *more) for problem in one.failed.values()]
    for problem in failed:
        say(f"warning: {problem}")
    ctx.exit(1 if failed else 0)


def _check_split(ctx: click.Context, split: str | None) -> None:
    """Options of one split go with that one only."""
    for name, owner in (("folds", "kfold"), ("repeats", "repeated")):
        if split != owner and ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise UsageError(f"--{name} goes with --split {owner}: say that, or leave it out")


def _protocol(train: bool, split: str | None, folds: int, repeats: int, seed: int, split_file: Path | None) -> Any:
    from ...evaluation.splits import Protocol

    if train and split == "frozen":
        raise UsageError("--train is to be fitted on, and --split frozen refits nothing: leave out one of them")
    if split_file is not None and split not in (None, "list"):
        raise UsageError(f"--split-file goes with --split list, not {split}")
    kind: Any = split or ("list" if split_file is not None else "train" if train else "frozen")
    return Protocol(kind=kind, folds=folds, repeats=repeats, seed=seed, file=split_file)
