"""Fitting: a recipe or set whose mappers and classifiers are fitted to all measured images, with a record of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..errors import FitError, UsageError
from ..extension.registry import Part
from ..judging.classification import fitted_classifier
from ..judging.mapping import fitted_mapper
from ..recipe import Basis, Recipe, RecipeSet
from ..resolution import ResolvedRecipe, ResolvedSet
from .measured import MeasuredSet, Table
from .provenance import precision_of


def fit(
    recipe: Recipe | RecipeSet, resolved: ResolvedSet, measured: MeasuredSet, also: Sequence[MeasuredSet] = ()
) -> Recipe | RecipeSet:
    """The recipe with its mapper fitted, or the set with those of every recipe that has images here.

    Args:
        also: other datasets, to be fitted to as well.

    Raises:
        UsageError: a recipe has no mapper that could be fitted.
        FitError: the images do not determine a mapping, and why.
    """
    if isinstance(recipe, Recipe):
        return _fitted(recipe, resolved.recipes[None], None, measured, also)
    present = set(measured.joined(also).keys)
    return attrs.evolve(
        recipe,
        recipes={
            kind: _fitted(item, resolved.recipes[kind], kind, measured, also) if kind in present else item
            for kind, item in recipe.recipes.items()
        },
    )


def check_mappers(resolved: ResolvedSet, distortions: set[str | None]) -> None:
    """Find what cannot be fitted before any image is measured.

    Args:
        distortions: the types of the images.

    Raises:
        UsageError: a recipe that is used has no mapper that could be fitted.
        FitError: it has a classifier, and no image names its type.
    """
    for key, recipe in resolved.recipes.items():
        if key is None or key in distortions:
            fittable(recipe)
            if recipe.classifier is not None and distortions <= {None}:
                raise _untyped(recipe.name, recipe.classifier)


def fittable(recipe: ResolvedRecipe) -> Part:
    """The recipe's mapper.

    Raises:
        UsageError: there is none, or it has nothing to fit.
    """
    advice = "such as logistic5 for one branch"
    if recipe.mapper is None:
        raise UsageError(f"recipe {recipe.name!r} has no mapper to fit; add one, {advice}")
    if not recipe.mapper.traits["fitted"]:
        raise UsageError(f"recipe {recipe.name!r}: mapper {recipe.mapper.key} needs no fitting; name another, {advice}")
    return recipe.mapper


def _fitted(
    recipe: Recipe, resolved: ResolvedRecipe, key: str | None, measured: MeasuredSet, also: Sequence[MeasuredSet]
) -> Recipe:
    part = fittable(resolved)
    table = measured.joined(also)
    rows = [index for index, own in enumerate(table.keys) if own == key]
    try:
        contents = [table.contents[row] for row in rows]
        mapper = fitted_mapper(part, table.similarities(rows), table.quality[rows], contents)
    except FitError as error:
        raise FitError(f"recipe {recipe.name!r}: {error}") from error
    known = tuple(sorted({mark for index in rows for mark in table.marks(index)}))
    names = " + ".join(one.rated.name for one in (measured, *also))
    basis = Basis(names, len(rows), measured.rated.ratings.quality_range, known, precision_of(measured.versions))
    told = {} if resolved.classifier is None else _classifier_state(resolved.classifier, recipe, rows, table)
    return attrs.evolve(recipe, state=mapper.state(), classifier_state=told, fitted=basis)


def _classifier_state(part: Part, recipe: Recipe, rows: Sequence[int], table: Table) -> Mapping[str, Any]:
    """What the recipe's classifier is fitted to: the images that name their distortion type."""
    types = {index: kind for index in rows if (kind := table.distortions[index]) is not None}
    if not types:
        raise _untyped(recipe.name, part)
    try:
        return fitted_classifier(part, table.similarities(list(types)), list(types.values())).state()
    except FitError as error:
        raise FitError(f"recipe {recipe.name!r}: {error}") from error


def _untyped(name: str, classifier: Part) -> FitError:
    return FitError(f"recipe {name!r}: no image names its distortion type, which classifier {classifier.key} learns")
