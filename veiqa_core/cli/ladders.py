"""Ladders of photos that the command line names, with a bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError, VeiqaError
from ..results.progress import bar
from .printing import note

if TYPE_CHECKING:
    from ..datasets.distort import Distortion, Level
    from ..evaluation.ladder import Ladder
    from ..extension.registry import Registry
    from ..recipes.recipe import Recipe, RecipeSet
    from ..scorer import Scorer
    from ..store import Store
    from .options.recipe import DeviceOptions


def photos_of(paths: Sequence[Path]) -> list[Path]:
    """The files that are named, and those in the folders that are.

    Raises:
        UsageError: a folder holds none.
    """
    from ..datasets.photos import find_photos

    files: list[Path] = []
    for path in paths:
        files += find_photos(path, note).values() if path.is_dir() else [path]
    return list(dict.fromkeys(files))


def climb(
    files: Sequence[Path], kinds: Sequence[Distortion], levels: Sequence[Level], scorer: Scorer, seed: int
) -> tuple[list[Ladder], list[str]]:
    """The ladders that there are, and why there are no others, a line each.

    Raises:
        UsageError: the recipe gives no score.
    """
    from ..evaluation.ladder import of_photos

    made: list[Ladder] = []
    failures: dict[str, None] = {}
    with bar("scoring", len(files) * len(kinds), " ladders") as shown:
        for one in of_photos(files, kinds, levels, scorer, seed):
            shown.advance()
            if isinstance(one, VeiqaError):
                failures[str(one)] = None
            else:
                made.append(one)
    return made, list(failures)


def climbed(
    recipes: Sequence[Recipe | RecipeSet],
    files: Sequence[Path],
    device: DeviceOptions,
    registry: Registry,
    store: Store | None,
) -> tuple[dict[str, list[Ladder]], list[str]]:
    """The ladders of every recipe that gives scores as it is, by its name, in all distortions; and what failed."""
    if not files:
        return {}, []
    from ..datasets.distort import even_levels
    from ..evaluation.ladder import LEVELS, every_distortion

    made: dict[str, list[Ladder]] = {}
    failures: list[str] = []
    for recipe in recipes:
        try:
            scorer = device.scorer(recipe, registry, store)
            made[recipe.name], failed = climb(files, every_distortion(registry), even_levels(LEVELS), scorer, 0)
        except UsageError as error:
            note(f"no ladders of {recipe.name}: {error}")
            continue
        failures += failed
    return made, failures
