"""The images of a dataset, measured with the recipes of a set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np

from ..contracts import FloatArray
from ..datasets.rated_set import RatedSet
from ..errors import UsageError
from ..measuring.branches.plan import distinct
from ..measuring.executors.executor import Executor
from ..measuring.quantity import Quantity, of_recipe, quantities
from ..measuring.runtimes.base import runtime_name
from ..measuring.table import Indices, Measurements, Progress, Rows, silent
from ..recipes.resolution import ResolvedRecipe, ResolvedSet


@attrs.frozen(slots=False, eq=False)
class MeasuredSet:
    """A dataset whose images were measured.

    Attributes:
        table: the images that were measured whole, under the quantities of all recipes.
        skipped: how many images of each type no recipe is for.
        failed: what went wrong with the images that could not be measured, by name.
        flagged: how many images have a degenerate VEI in some branch.
        versions: what they were measured with.
        runtimes: what made the passes of each recipe, by its key.
    """

    rated: RatedSet
    recipes: ResolvedSet
    table: Measurements
    skipped: Mapping[str, int]
    failed: Mapping[str, str]
    flagged: int
    versions: Mapping[str, Any]
    runtimes: Mapping[str | None, str] = attrs.field(factory=dict)

    @cached_property
    def keys(self) -> tuple[str | None, ...]:
        """Under which key of the recipes each image was measured."""
        return tuple(map(self.recipes.key, self.table.distortions))

    @cached_property
    def used(self) -> Mapping[str | None, ResolvedRecipe]:
        """The recipes that some image was measured with, by key."""
        present = set(self.keys)
        return {key: recipe for key, recipe in self.recipes.recipes.items() if key in present}

    def rows(self, key: str | None) -> list[int]:
        """The images that were measured with a recipe."""
        return [row for row, own in enumerate(self.keys) if own == key]

    def similarities(self, rows: Rows) -> FloatArray:
        """``[n, B]`` of images that were measured with one recipe, larger being more similar."""
        return self.table.similarities(rows, self._columns[self.keys[rows[0]]])

    @cached_property
    def _columns(self) -> Mapping[str | None, Indices]:
        return {key: self.table.columns(of_recipe(recipe)) for key, recipe in self.used.items()}

    def joined(self, others: Iterable[MeasuredSet]) -> MeasuredSet:
        """With the images of other datasets as further rows, their quality brought from its declared range to this
        one's."""
        table = self.table
        low, high = self.rated.ratings.quality_range
        for other in others:
            added = other.table
            from_low, from_high = other.rated.ratings.quality_range
            if (low, high) != (from_low, from_high):
                scaled = low + (added.quality - from_low) * ((high - low) / (from_high - from_low))
                added = attrs.evolve(added, quality=scaled)
            table = table.joined(added)
        return attrs.evolve(self, table=table)


def check_covered(sets: Iterable[RatedSet], recipes: ResolvedSet) -> None:
    """Find sets without an image that a recipe is for, before any set is measured.

    Raises:
        UsageError: there is one.
    """
    for rated in sets:
        held = {item.distortion for item in rated.images}
        if not any(map(recipes.covers, held)):
            have = ", ".join(sorted(kind or "unknown" for kind in held))
            raise UsageError(
                f"recipe set {recipes.name!r} is for {', '.join(recipes.types)}; {rated.root} holds {have}"
            )


def measure(rated: RatedSet, recipes: ResolvedSet, executor: Executor, progress: Progress = silent) -> MeasuredSet:
    """Measure every image that a recipe is for.

    Args:
        executor: who measures, made for :func:`.quantities` of the recipes.

    Raises:
        UsageError: a recipe cannot run, no recipe is for any image, or every image failed.
    """
    return measure_each(rated, [recipes], executor, progress)[0]


def measure_each(
    rated: RatedSet, several: Sequence[ResolvedSet], executor: Executor, progress: Progress = silent
) -> list[MeasuredSet]:
    """The same for several sets of recipes that see an image alike (:func:`seen_alike`): each image is read once.

    Args:
        executor: who measures, made for :func:`quantities_of` them.

    Raises:
        UsageError: as for :func:`measure`, of any of them.
    """
    table = rated.measurements(quantities_of(several))
    columns = [{key: table.columns(of_recipe(recipe)) for key, recipe in each.recipes.items()} for each in several]
    for recipes, own in zip(several, columns, strict=True):
        check_covered([rated], recipes)
        for key, some in own.items():
            executor.meter.check(some.tolist(), recipes.recipes[key].view)
    wanted = [_wanted(recipes, own, table) for recipes, own in zip(several, columns, strict=True)]
    rows = sorted({row for own in wanted for row in own})
    asked = {row: np.unique(np.concatenate([own[row] for own in wanted if row in own])) for row in rows}
    views = {
        row: recipes.recipes[recipes.key(table.distortions[row])].view
        for recipes, own in zip(several, wanted, strict=True)
        for row in own
    }
    table.fill(executor, asked, progress, views)
    return [
        _measured(rated, recipes, own, of_rows, table, executor)
        for recipes, own, of_rows in zip(several, columns, wanted, strict=True)
    ]


def seen_alike(several: Iterable[ResolvedSet]) -> list[list[int]]:
    """Places of sets of recipes that have the same view for every image, and so can be measured at once."""
    groups: dict[object, list[int]] = {}
    for place, recipes in enumerate(several):
        views = {recipe.view for recipe in recipes.recipes.values()}
        groups.setdefault(next(iter(views)) if len(views) == 1 else (place,), []).append(place)
    return list(groups.values())


def quantities_of(several: Iterable[ResolvedSet]) -> list[Quantity]:
    """What has to be measured for several sets of recipes, each quantity once."""
    return distinct(item for recipes in several for item in quantities(recipes))


Columns = Mapping[str | None, Indices]


def _wanted(recipes: ResolvedSet, columns: Columns, table: Measurements) -> dict[int, Indices]:
    """What is measured of each image that a recipe is for."""
    kinds = enumerate(table.distortions)
    return {row: columns[recipes.key(kind)] for row, kind in kinds if recipes.covers(kind)}


def _measured(
    rated: RatedSet,
    recipes: ResolvedSet,
    columns: Columns,
    wanted: Mapping[int, Indices],
    table: Measurements,
    executor: Executor,
) -> MeasuredSet:
    """What one set of recipes takes of the table."""
    problems = {row: table.problem(row, of_row) for row, of_row in wanted.items()}
    failed = {table.names[row]: problem for row, problem in problems.items() if problem is not None}
    whole = [row for row in wanted if problems[row] is None]
    if not whole:
        raise UsageError(f"{rated.root}: no image could be measured; the first: {next(iter(failed.values()))}")
    parts = [part for recipe in recipes.recipes.values() for part in recipe.parts]
    parts += [recipe.mapper for recipe in recipes.recipes.values() if recipe.mapper is not None]
    return MeasuredSet(
        rated=rated,
        recipes=recipes,
        table=rated.hinted(table.select(whole)),
        skipped=Counter(kind or "unknown" for kind in table.distortions if not recipes.covers(kind)),
        failed=failed,
        flagged=sum(bool(table.flagged[row, wanted[row]].any()) for row in whole),
        versions=executor.meter.versions(parts),
        runtimes={key: runtime_name(executor.meter.runtime(own)) for key, own in columns.items()},
    )
