"""Fit the recipes that are shipped with a fitted mapper, and write them as they are shipped.

    python benchmarks/default_recipes.py DATASET PATH --also DATASET PATH [--also ...] [--photos FOLDER]
        [--only NAME] [--output plugins/veiqa_recipes]

Their branches are those of benchmarks/recipes. DATASET and PATH hold people's ratings; the sets after ``--also`` are
made from other photographs (``veiqa datasets make --calibrate``). The set for known types is fitted to the ratings
alone, on which its branches were chosen. Those of methods are fitted to all sets given. Local mappers, for quality maps
of recipes with branches, are fitted to every third photo of FOLDER. Numbers are rounded to seven digits, and of what
the recipes were fitted on the contents are recorded, by which images are known again, not every image.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import click
from common import PATH, Given, on_rated_set, write

from veiqa_core import Scorer
from veiqa_core.datasets.photos import find_photos
from veiqa_core.datasets.rated_set import load
from veiqa_core.evaluation.fit import fit
from veiqa_core.evaluation.ladder import every_distortion
from veiqa_core.evaluation.local_fit import LocalFit, default_mapper
from veiqa_core.evaluation.measured import MeasuredSet
from veiqa_core.images import read
from veiqa_core.recipes.files import dumps, find
from veiqa_core.recipes.recipe import Recipe, RecipeSet
from veiqa_core.recipes.resolution import resolve_all

HERE = Path(__file__).parent
SET = "best-by-type"
DRAWS = 6
METHODS = ("brisque", "niqe")
RECIPES = ("default", "fast", SET, *METHODS)
SHIPPED = HERE.parent / "plugins" / "veiqa_recipes"


def rounded(value: Any) -> Any:
    """A state with its numbers at seven digits."""
    if isinstance(value, Mapping):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def shipped(fitted: Recipe | RecipeSet, sets: list[MeasuredSet]) -> Recipe | RecipeSet:
    """A recipe or set as it is shipped."""
    if isinstance(fitted, Recipe):
        return slim(fitted, sets)
    recipes = {kind: slim(recipe, sets) for kind, recipe in fitted.recipes.items()}
    return attrs.evolve(fitted, recipes={k: attrs.evolve(r, chosen=r.fitted) for k, r in recipes.items()})


def slim(recipe: Recipe, sets: list[MeasuredSet]) -> Recipe:
    """The recipe as it is shipped."""
    assert recipe.fitted is not None
    contents = tuple(sorted({content for one in sets for content in one.table.contents if content is not None}))
    return attrs.evolve(
        recipe,
        state=rounded(recipe.state),
        classifier_state=rounded(recipe.classifier_state),
        fitted=attrs.evolve(recipe.fitted, seen_ids=contents),
    )


def mapped(recipe: Recipe, photos: Path, given: Given) -> Recipe:
    """The recipe with its local mapper."""
    registry = given.registry
    scorer = Scorer(recipe, device=given.device.name, registry=registry)
    made = LocalFit(scorer, default_mapper(registry), every_distortion(registry), DRAWS)
    for path in list(find_photos(photos).values())[2::3]:
        made.add(read(path))
    local = made.fitted()
    return attrs.evolve(recipe, local=attrs.evolve(local, state=rounded(local.state)))


@click.command()
@on_rated_set
@click.option("--also", type=(str, PATH), multiple=True)
@click.option("--only", type=click.Choice(RECIPES), multiple=True)
@click.option("--photos", type=PATH, help="Folder of good photos; without it recipes have no local mapper.")
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False, exists=True), default=SHIPPED, show_default=True
)
def main(
    given: Given, also: tuple[tuple[str, Path], ...], only: tuple[str, ...], photos: Path | None, output: Path
) -> None:
    """Fit and write the shipped recipes."""
    registry = given.registry
    rated = [given.rated, *(load(registry.part("dataset", name), folder) for name, folder in also)]
    for name in only or RECIPES:
        recipe = find(HERE / "recipes" / f"{name}.toml", registry)
        resolved = resolve_all(recipe, registry)
        sets = given.measured(rated[:1] if name == SET else rated, resolved)
        made = shipped(fit(recipe, sets[0], sets[1:]), sets)
        if photos is not None and isinstance(made, Recipe) and made.branches:
            made = mapped(made, photos, given)
        write(dumps(made), output / f"{name}.toml")
        click.echo(f"{name}: {sum(len(one.table) for one in sets)} images")


if __name__ == "__main__":
    main()
