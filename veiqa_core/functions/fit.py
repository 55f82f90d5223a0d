"""``veiqa fit`` as a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypedDict, Unpack

import attrs

from ..dataframes import data_frame
from ..datasets.rated_set import load
from ..evaluation import fit as fitting
from ..evaluation.measured import MeasuredSet, check_covered
from ..files.writing import write_text
from ..recipes import files as recipe_files
from ..recipes.recipe import Recipe, RecipeSet
from ..recipes.resolution import resolve_all
from .arguments import Arg, keywords
from .datasets import RatedArguments, RatedChoice, dataset_part
from .given import Place, Places, optional, path_of, places_of
from .means import Means, MeansArguments
from .recipes import BuildArguments, RecipeArguments, RecipeChoice, parts_of, recipe_of
from .settings import Settings
from .veis import VeiArguments, VeiChoice


@attrs.frozen(eq=False)
class Fit:
    """A fitted recipe, and what it was fitted to.

    Attributes:
        recipe: for :class:`veiqa_core.Scorer`, :func:`veiqa_core.evaluate` and the others.
        base: what was fitted, by its name.
        measured: the images, dataset by dataset.
        remarks: how little the fit rests on.
        unfitted: the types of a set of which there were no images.
    """

    recipe: Recipe | RecipeSet
    base: str
    measured: tuple[MeasuredSet, ...]
    remarks: tuple[str, ...]
    unfitted: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong with images that could not be measured."""
        return tuple(problem for one in self.measured for problem in one.failed.values())

    @property
    def text(self) -> str:
        """The recipe as its file holds it."""
        return recipe_files.dumps(self.recipe)

    def save(self, path: Place) -> None:
        """Write the recipe as TOML, over what is there.

        Raises:
            UsageError: the file cannot be written.
        """
        write_text(self.text, path_of("path", path))

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain values, as its file has them."""
        return recipe_files.write(self.recipe)

    def to_frame(self) -> Any:
        """A row for each image that was fitted to: its quality, and the values that were mapped.

        Raises:
            UsageError: neither pandas nor polars is installed.
        """
        return data_frame(list(self._rows()))

    def _rows(self) -> Iterator[dict[str, Any]]:
        for one in self.measured:
            table = one.table
            keys = [quantity.key for quantity in table.quantities]
            called = {item.image: item.content for item in one.rated.images}
            for row, image in enumerate(table.names):
                yield {
                    "dataset": one.rated.name,
                    "image": image,
                    "content": called[image],
                    "type": table.distortions[row],
                    "quality": float(table.quality[row]),
                    **dict(zip(keys, table.values[row].tolist(), strict=True)),
                }


class _Own(TypedDict, total=False):
    """What no other function takes."""

    also: Annotated[Places, Arg((), "other datasets that are fitted to, too, as ``(dataset, path)``")]
    name: Annotated[str | None, Arg(None, "of the fitted recipe; default: the recipe's name and ``-fitted``")]


class FitArguments(RecipeArguments, BuildArguments, RatedArguments, _Own, VeiArguments, MeansArguments, total=False):
    """The keywords of :func:`fit`."""


@keywords(FitArguments)
def fit(dataset: str, path: Place, **given: Unpack[FitArguments]) -> Fit:
    """A recipe whose mapper is fitted to the ratings of a dataset, as ``veiqa fit`` does it.

    Args:
        dataset, path: one of 'veiqa datasets', and its folder.

    Raises:
        UsageError: it cannot be done as given, in one line that names options as the command does.
        FitError: the images do not determine a mapping, and why.
    """
    return fitted(
        RatedChoice.of(dataset, path, given),
        RecipeChoice(recipe=recipe_of("recipe", given["recipe"]), **parts_of(given)),
        places_of("also", given["also"]),
        Means.of(given, VeiChoice.of(given)),
        name=optional(lambda what, value: str(value), "name", given["name"]),
    )


def fitted(
    dataset: RatedChoice,
    recipe: RecipeChoice,
    also: Sequence[tuple[str, Path]],
    means: Means,
    *,
    name: str | None,
    check: Callable[[Recipe | RecipeSet], object] = lambda chosen: None,
) -> Fit:
    """The same from groups of arguments.

    Args:
        check: looks at the recipe before anything is measured.

    Raises:
        UsageError: it cannot be done as given.
        FitError: the images do not determine a mapping, and why.
    """
    found = means.registry
    settings = Settings(found, recipe.settings)
    named = recipe.named(found, settings, means.hearing.note)
    chosen = recipe.at_view(named)
    part = dataset.part(found, settings)
    parts = [dataset_part(found, settings, other, None) for other, _ in also]
    settings.check_all_used()
    on = means.found()
    recipes = resolve_all(chosen, found)
    means.veis.check(recipes)
    rated = load(part, dataset.path, dataset.distortions)
    check(chosen)
    sets = [rated, *(load(one, folder, dataset.distortions) for one, (_, folder) in zip(parts, also, strict=True))]
    check_covered(sets, recipes)
    fitting.check(recipes, sets)
    ((measured, *more),) = means.measured(sets, [recipes], on)
    base = resolve_all(named, found).label
    made = fitting.renamed(fitting.fit(chosen, measured, more), name or f"{chosen.name}-fitted", base)
    used = measured.joined(more).used
    return Fit(
        recipe=made,
        base=recipes.name,
        measured=(measured, *more),
        remarks=(*_left_out(chosen), *fitting.remarks(made, measured, more)),
        unfitted=tuple(str(kind) for kind in recipes.types if kind not in used),
    )


def _left_out(chosen: Recipe | RecipeSet) -> list[str]:
    """What of a recipe does not go with another fit."""
    if isinstance(chosen, RecipeSet) or chosen.local is None:
        return []
    return ["its local mapper was fitted to other scores, and is left out; 'veiqa fit-map' fits one anew"]
