"""Fitting: a recipe or set whose mappers are fitted to all measured images, with a record of what that was."""

from __future__ import annotations

import attrs

from ..errors import FitError, UsageError
from ..mapping import fitted_mapper
from ..recipe import Basis, Recipe, RecipeSet
from ..registry import Part
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


def check_mappers(resolved: ResolvedSet, distortions: set[str | None]) -> None:
    """Find what cannot be fitted before any image is measured.

    Args:
        distortions: the types of the images.

    Raises:
        UsageError: a recipe that is used has no mapper that could be fitted.
    """
    for key, recipe in resolved.recipes.items():
        if key is None or key in distortions:
            fittable(recipe)


def fittable(recipe: ResolvedRecipe) -> Part:
    """The recipe's mapper.

    Raises:
        UsageError: there is none, or it has nothing to fit.
    """
    if recipe.mapper is None or not recipe.mapper.traits["fitted"]:
        raise UsageError(f"recipe {recipe.name!r} has no mapper to fit; add one, such as logistic5 for one branch")
    return recipe.mapper


def _fitted(recipe: Recipe, resolved: ResolvedRecipe, key: str | None, measured: MeasuredSet) -> Recipe:
    part = fittable(resolved)
    table = measured.table
    rows = [index for index, own in enumerate(table.keys) if own == key]
    try:
        mapper = fitted_mapper(part, table.similarities(rows), table.quality[rows])
    except FitError as error:
        raise FitError(f"recipe {recipe.name!r}: {error}") from error
    known = tuple(sorted({mark for index in rows for mark in table.marks(index)}))
    basis = Basis(measured.rated.name, len(rows), measured.rated.ratings.quality_range, known)
    return attrs.evolve(recipe, state=mapper.state(), fitted=basis)
