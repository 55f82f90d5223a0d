"""``veiqa evaluate``: how well a recipe's scores agree with people's ratings."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from ..common import registry, resumable
from ..evaluation_output import FORMATS, is_evaluation
from ..files import Made, check_target, refuse_dataset_target, write_text
from ..measuring import measured_sets
from ..options.dataset import RatedOptions, StoreOptions, dataset_part, interruption_note
from ..options.grouped import groups, option
from ..options.recipe import DeviceOptions, RecipeOptions
from ..options.settings import Settings
from ..options.split import SplitOptions
from ..options.veis import VeiOptions
from ..options.workers import WorkerOptions
from ..paths import PATH
from ..printing import say


@attrs.frozen
class FiguresOptions:
    """``--format`` and ``--output``."""

    form: str = option(
        "--format", type=click.Choice(list(FORMATS)), default="table", show_default=True, help="Output format."
    )
    output: Path | None = option("--output", type=PATH, metavar="FILE", help="Write here, not to standard output.")


@click.command()
@groups(
    dataset=RatedOptions,
    recipe=RecipeOptions,
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
    recipe: RecipeOptions,
    split: SplitOptions,
    output: FiguresOptions,
    store: StoreOptions,
    veis: VeiOptions,
    workers: WorkerOptions,
    device: DeviceOptions,
) -> None:
    """Measure how well a recipe's scores agree with the ratings of a dataset.

    DATASET is one of 'veiqa datasets', PATH its folder. Prints PLCC, SROCC, KROCC and RMSE overall and by distortion
    type, and says what was fitted on what. What was measured is kept, so a run that was stopped goes on.

    The exit status is 0, or 1 if some image failed, or 2 if the command cannot be run as given.
    """
    refuse_dataset_target(output.output, dataset.path, *(folder for _, folder in split.train))
    made = Made("an evaluation", is_evaluation)
    check_target("--output", output.output, made, store=store.store, read=(*recipe.read, split.split_file))
    found = registry()
    settings = Settings(found, recipe.settings)
    chosen = recipe.chosen(found, settings)
    part = dataset.part(found, settings)
    parts = [dataset_part(found, settings, name, None) for name, _ in split.train]
    settings.check_all_used()
    from ...datasets.rated_set import load
    from ...evaluation.evaluate import evaluate as run
    from ...evaluation.measured import check_covered
    from ...evaluation.splits import check_splits, prepared
    from ...recipes.resolution import resolve_all

    on = device.found()
    protocol = split.protocol()
    recipes = resolve_all(chosen, found)
    veis.check(recipes)
    loaded = load(part, dataset.path, dataset.distortions)
    others = [load(one, folder, dataset.distortions) for one, (_, folder) in zip(parts, split.train, strict=True)]
    rated = prepared(protocol, loaded)
    check_splits(protocol, rated, others, recipes.covers)
    check_covered([rated, *others], recipes)
    with (
        veis.opened(dataset.path, *(other.root for other in others)) as folder,
        store.opened() as kept,
        resumable(interruption_note(kept)),
    ):
        measured, *trained_on = measured_sets([rated, *others], recipes, on, kept, workers, folder)
    evaluation = run(measured, protocol, found, trained_on=trained_on)
    write_text(FORMATS[output.form](evaluation), output.output)
    failed = [problem for one in (measured, *trained_on) for problem in one.failed.values()]
    for problem in failed:
        say(f"warning: {problem}")
    ctx.exit(1 if failed else 0)
