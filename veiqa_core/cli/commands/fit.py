"""``veiqa fit``: a recipe's mapper fitted to people's ratings."""

from __future__ import annotations

from pathlib import Path

import click

from ...files.paths import is_stream
from ..common import registry
from ..files import check_new, check_target, is_standard_output, refuse_dataset_target, refuse_input_target, write_text
from ..options.dataset import RatedOptions, StoreOptions
from ..options.grouped import groups
from ..options.recipe import DeviceOptions, RecipeOptions
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
    from ...functions.fit import fitted
    from ...recipes.recipe import parameter_texts
    from ..means import means

    done = fitted(
        dataset,
        recipe,
        also,
        means(registry(), store, workers, device, veis),
        name=None if is_standard_output(output) or is_stream(output) else output.stem,
        check=lambda chosen: refuse_input_target("--output", output, *parameter_texts(chosen)),
    )
    write_text(done.text, output)
    fitted_to = " and ".join(f"{len(one.table)} images of {one.rated.name}" for one in done.measured)
    say(f"{output}: {done.recipe.name}, {done.base} fitted to {fitted_to}")
    for remark in done.remarks:
        note(remark)
    if done.unfitted:
        say(f"note: no images of {', '.join(done.unfitted)}: not fitted")
    for problem in done.problems:
        say(f"warning: {problem}")
    ctx.exit(1 if done.problems else 0)
