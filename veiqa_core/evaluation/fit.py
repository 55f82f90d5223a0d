"""Fitting: a recipe or set whose mappers and classifiers are fitted to all measured images, with a record of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from ..datasets.rated_set import RatedSet
from ..errors import FitError, UsageError
from ..extension.registry import Part
from ..files.toml import default_name
from ..recipes.recipe import Recipe, RecipeSet
from ..recipes.resolution import ResolvedRecipe, ResolvedSet
from ..scoring.classification import fitted_classifier
from ..scoring.fitted import FittedMapper
from ..scoring.mapping import check_varied, constant
from .measured import MeasuredSet
from .provenance import content_notes, precision_of, provenance_of

FEW_CONTENTS = 10
"""Fewer contents than this are remarked: intervals come from leaving out a tenth of the contents in turn."""


def fit(recipe: Recipe | RecipeSet, measured: MeasuredSet, also: Sequence[MeasuredSet] = ()) -> Recipe | RecipeSet:
    """The recipe with its mapper fitted, or the set with those of every recipe that has images here.

    Args:
        recipe: as the images were measured with it.
        also: other datasets, to be fitted to as well.

    Raises:
        UsageError: a recipe has no mapper that could be fitted.
        FitError: the images do not determine a mapping, and why.
    """
    joined = measured.joined(also)
    names = " + ".join(one.rated.name for one in (measured, *also))
    if isinstance(recipe, Recipe):
        return _fitted(recipe, None, joined, names)
    recipes = {
        kind: _fitted(item, kind, joined, names) if kind in joined.used else item
        for kind, item in recipe.recipes.items()
    }
    return attrs.evolve(recipe, recipes=recipes)


def renamed(fitted: Recipe | RecipeSet, name: str, based_on: str) -> Recipe | RecipeSet:
    """A fitted recipe or set under a name of its own, which says what it was fitted from.

    Args:
        based_on: name and digest of that.
    """
    name, based_on = default_name(name), default_name(based_on)
    if isinstance(fitted, Recipe):
        return attrs.evolve(fitted, name=name, based_on=based_on)
    recipes = {kind: attrs.evolve(item, name=default_name(f"{name}-{kind}")) for kind, item in fitted.recipes.items()}
    return RecipeSet(name, recipes, based_on)


def check(resolved: ResolvedSet, sets: Sequence[RatedSet]) -> None:
    """Find what cannot be fitted before any image is measured.

    Args:
        sets: the images that are to be measured.

    Raises:
        UsageError: a recipe that is used has no mapper that could be fitted.
        FitError: it has a classifier and no image names its type, or the ratings of its images are all the same.
    """
    types = {item.distortion for one in sets for item in one.images}
    for key, recipe in resolved.recipes.items():
        quality = [
            one.ratings.quality(item)
            for one in sets
            for item in one.images
            if resolved.covers(item.distortion) and resolved.key(item.distortion) == key
        ]
        if key is None or quality:
            fittable(recipe)
            if recipe.classifier is not None and types <= {None}:
                raise _untyped(recipe.name, recipe.classifier)
        with _of(recipe.name):
            check_varied(np.arange(len(quality), dtype=np.float64)[:, None], np.array(quality, dtype=np.float64))


def remarks(fitted: Recipe | RecipeSet, measured: MeasuredSet, also: Sequence[MeasuredSet] = ()) -> list[str]:
    """What is to be known of a fit: how little it rests on."""
    joined = measured.joined(also)
    notes = list(dict.fromkeys(remark for one in (measured, *also) for remark in one.rated.remarks))
    notes += content_notes(joined.table.contents)
    by_key = {None: fitted} if isinstance(fitted, Recipe) else dict(fitted.recipes)
    for key, recipe in by_key.items():
        rows = joined.rows(key)
        contents = None if recipe.fitted is None or not rows else recipe.fitted.contents
        if contents is not None and contents < FEW_CONTENTS:
            notes.append(
                f"{recipe.name}: fitted to {contents} contents only: fewer than {FEW_CONTENTS} say little of others"
            )
        if rows:
            same = sum(constant(column) for column in joined.similarities(rows).T)
            if same:
                what = "values" if recipe.methods else "branches"
                notes.append(f"{recipe.name}: {what} that are the same in all images, and so add nothing: {same}")
    return notes


@contextlib.contextmanager
def _of(name: str) -> Iterator[None]:
    """Errors of a fit name the recipe."""
    try:
        yield
    except FitError as error:
        raise FitError(f"recipe {name!r}: {error}") from error


def fittable(recipe: ResolvedRecipe) -> Part:
    """The recipe's mapper.

    Raises:
        UsageError: there is none, or it has nothing to fit.
    """
    advice = "such as logistic5 for one branch"
    mapper = recipe.mapper
    if mapper is None:
        raise UsageError(f"recipe {recipe.name!r} has no mapper to fit; add one, {advice}")
    if not mapper.traits["fitted"]:
        raise UsageError(f"recipe {recipe.name!r}: mapper {mapper.key} needs no fitting; name another, {advice}")
    return mapper


def _fitted(recipe: Recipe, key: str | None, measured: MeasuredSet, names: str) -> Recipe:
    """The recipe fitted to the images that were measured with it, which are of the datasets named."""
    resolved, table, rows = measured.recipes.recipes[key], measured.table, measured.rows(key)
    contents = [table.contents[row] for row in rows]
    part = fittable(resolved)
    with _of(recipe.name):
        made = FittedMapper.fit(
            part,
            measured.similarities(rows),
            table.quality[rows],
            contents,
            [table.distortions[row] for row in rows],
            measured.rated.ratings.quality_range,
        )
        novelty = {} if made.novelty is None else made.novelty.state()
    ends, precision = measured.rated.ratings.quality_range, precision_of(measured.versions)
    provenance = provenance_of(names, table, rows, ends, precision, measured.runtimes.get(key))
    state = _classifier_state(resolved, rows, measured)
    return attrs.evolve(
        recipe, state=made.mapper.state(), classifier_state=state, novelty=novelty, fitted=provenance, local=None
    )


def _classifier_state(recipe: ResolvedRecipe, rows: Sequence[int], measured: MeasuredSet) -> Mapping[str, Any]:
    """What the recipe's classifier, if any, is fitted to: the images that name their distortion type."""
    if recipe.classifier is None:
        return {}
    types = {row: kind for row in rows if (kind := measured.table.distortions[row]) is not None}
    if not types:
        raise _untyped(recipe.name, recipe.classifier)
    with _of(recipe.name):
        return fitted_classifier(recipe.classifier, measured.similarities(list(types)), list(types.values())).state()


def _untyped(name: str, classifier: Part) -> FitError:
    return FitError(f"recipe {name!r}: no image names its distortion type, which classifier {classifier.key} learns")
