"""``veiqa fit``: a recipe's mapper fitted to people's ratings."""

from __future__ import annotations

from pathlib import Path

import click

from ...files.paths import is_stream
from ..common import registry, resumable
from ..files import check_new, check_target, is_standard_output, refuse_dataset_target, refuse_input_target, write_text
from ..measuring import measured_sets
from ..options.dataset import RatedOptions, StoreOptions, dataset_part, interruption_note
from ..options.grouped import groups
from ..options.recipe import DeviceOptions, RecipeOptions
from ..options.settings import Settings
from ..options.veis import VeiOptions
from ..options.workers import WorkerOptions
from ..paths import PATH
from ..printing import note, say


@click.command()
@groups(dataset=RatedOptions, recipe=RecipeOptions)
@click.option("--output", type=PATH, metavar="FILE", required=True, help="The fitted recipe, TOML.")
@click.option(
    "--also",
    type=(str, PATH),
    multiple=True,
    metavar="DATASET PATH",
    help="Fit to the images of another dataset, too. Repeatable.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@groups(store=StoreOptions, veis=VeiOptions, workers=WorkerOptions, device=DeviceOptions)
@click.pass_context
def fit(
    ctx: click.Context,
    /,
    dataset: RatedOptions,
    recipe: RecipeOptions,
    output: Path,
    also: tuple[tuple[str, Path], ...],
    force: bool,
    store: StoreOptions,
    veis: VeiOptions,
    workers: WorkerOptions,
    device: DeviceOptions,
) -> None:
    """Fit a recipe's mapper to the ratings of a dataset, and write the recipe.

    The recipe records on which contents it was fitted, so that an evaluation can say whether it is held-out.
    """
    refuse_dataset_target(output, dataset.path, *(folder for _, folder in also))
    check_target("--output", output, None, store=store.store, read=recipe.read)
    if not force:
        check_new("--output", output, ", or say --force")
    found = registry()
    settings = Settings(found, recipe.settings)
    named = recipe.named(found, settings)
    chosen = recipe.at_view(named)
    part = dataset.part(found, settings)
    parts = [dataset_part(found, settings, name, None) for name, _ in also]
    settings.check_all_used()
    from ...datasets.rated_set import load
    from ...evaluation.fit import check, remarks, renamed
    from ...evaluation.fit import fit as run
    from ...evaluation.measured import check_covered
    from ...recipes import files as recipe_files
    from ...recipes.recipe import Recipe, parameter_texts
    from ...recipes.resolution import resolve_all

    on = device.found()
    recipes = resolve_all(chosen, found)
    veis.check(recipes)
    rated = load(part, dataset.path, dataset.distortions)
    refuse_input_target("--output", output, *parameter_texts(chosen))
    sets = [rated, *(load(one, folder, dataset.distortions) for one, (_, folder) in zip(parts, also, strict=True))]
    check_covered(sets, recipes)
    check(recipes, sets)
    with (
        veis.opened(*(one.root for one in sets)) as folder,
        store.opened() as kept,
        resumable(interruption_note(kept)),
    ):
        measured, *more = measured_sets(sets, recipes, on, kept, workers, folder)
    base = resolve_all(named, found).label
    name = f"{chosen.name}-fitted" if is_standard_output(output) or is_stream(output) else output.stem
    fitted = renamed(run(chosen, measured, more), name, base)
    write_text(recipe_files.dumps(fitted), output)
    fitted_to = " and ".join(f"{len(one.table)} images of {one.rated.name}" for one in (measured, *more))
    say(f"{output}: {fitted.name}, {recipes.name} fitted to {fitted_to}")
    if isinstance(chosen, Recipe) and chosen.local is not None:
        note("its local mapper was fitted to other scores, and is left out; 'veiqa fit-map' fits one anew")
    for remark in remarks(fitted, measured, more):
        note(remark)
    unfitted = [str(kind) for kind in recipes.types if kind not in measured.joined(more).used]
    if unfitted:
        say(f"note: no images of {', '.join(unfitted)}: not fitted")
    failed = [problem for one in (measured, *more) for problem in one.failed.values()]
    for problem in failed:
        say(f"warning: {problem}")
    ctx.exit(1 if failed else 0)
