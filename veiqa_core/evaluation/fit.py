"""Fitting: a recipe or set whose mappers are fitted to all measured images, with a record of what that was."""

from __future__ import annotations

import attrs

from ..errors import FitError, UsageError
from ..mapping import fitted_mapper
from ..recipe import Basis, Recipe, RecipeSet
from ..resolution import ResolvedRecipe, ResolvedSet
from .measured import MeasuredSet


def fit(recipe: Recipe | RecipeSet, resolved: ResolvedSet, measured: MeasuredSet) -> Recipe | RecipeSet:
    """The recipe with its mapper fitted, or the set with those of every recipe that has images here.

    Raises:
        UsageError: a recipe has no mapper that could be fitted.
        FitError: the images do not determine a mapping, and why.
    """
    if isinstance(recipe, Recipe):
        return _fitted(recipe, resolved.recipes[None], None, measured)
    present = set(measured.table.keys)
    return attrs.evolve(
        recipe,
        recipes={
            kind: _fitted(item, resolved.recipes[kind], kind, measured) if kind in present else item
            for kind, item in recipe.recipes.items()
        },
    )


def _fitted(recipe: Recipe, resolved: ResolvedRecipe, key: str | None, measured: MeasuredSet) -> Recipe:
    if resolved.mapper is None or not resolved.mapper.traits["fitted"]:
        raise UsageError(f"recipe {recipe.name!r} has no mapper to fit; add one, such as logistic5 for one branch")
    table = measured.table
    rows = [index for index, own in enumerate(table.keys) if own == key]
    try:
        mapper = fitted_mapper(resolved.mapper, table.similarities(rows), table.quality[rows])
    except FitError as error:
        raise FitError(f"recipe {recipe.name!r}: {error}") from error
    contents = tuple(sorted({table.marks[index] for index in rows}))
    return attrs.evolve(recipe, state=mapper.state(), fitted=Basis(measured.rated.name, len(rows), contents))
