"""Ladders of photos that are named by their files and folders."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..datasets.distort import Distortion, Level, even_levels
from ..datasets.photos import find_photos, photos_at
from ..errors import UsageError, VeiqaError
from ..evaluation.ladder import LEVELS, Ladder, every_distortion, of_photos
from ..files.paths import display_name
from ..files.urls import Located
from ..images import is_frame_name
from ..inputs import is_folder_at
from ..recipes.recipe import Recipe, RecipeSet
from ..scorer import Scorer
from .hearing import Report, Track
from .means import Means


def photos_of(paths: Sequence[Located], note: Report) -> list[Located]:
    """The files that are named, and those in the folders that are.

    Raises:
        UsageError: something is not there but at a URL, or a folder holds none.
    """
    files: list[Located] = []
    for path in paths:
        if isinstance(path, str):
            files += photos_at(path, note) if is_folder_at(path) else [path]
            continue
        if not os.path.lexists(path) and not is_frame_name(str(path)):
            raise UsageError(f"{display_name(path)}: no such file or folder")
        files += find_photos(path, note).values() if path.is_dir() else [path]
    return list(dict.fromkeys(files))


def climb(
    files: Sequence[Located],
    kinds: Sequence[Distortion],
    levels: Sequence[Level],
    scorer: Scorer,
    seed: int,
    track: Track,
) -> tuple[list[Ladder], list[str]]:
    """The ladders that there are, and why there are no others, a line each.

    Raises:
        UsageError: the recipe gives no score.
    """
    made: list[Ladder] = []
    failures: dict[str, None] = {}
    shown = track("scoring", " ladders")
    for one in shown(of_photos(files, kinds, levels, scorer, seed), len(files) * len(kinds)):
        if isinstance(one, VeiqaError):
            failures[str(one)] = None
        else:
            made.append(one)
    return made, list(failures)


def climbed(
    recipes: Sequence[Recipe | RecipeSet], files: Sequence[Located], means: Means
) -> tuple[dict[str, tuple[Ladder, ...]], list[str]]:
    """The ladders of every recipe that gives scores as it is, by its name, in all distortions; and what failed."""
    made: dict[str, tuple[Ladder, ...]] = {}
    failures: list[str] = []
    kinds = every_distortion(means.registry)
    device, precision, runtime = means.device
    with means.keep() as kept:
        for recipe in recipes:
            try:
                scorer = Scorer(
                    recipe, device=device, precision=precision, runtime=runtime, registry=means.registry, store=kept
                )
                found, failed = climb(files, kinds, even_levels(LEVELS), scorer, 0, means.hearing.track)
            except UsageError as error:
                means.hearing.note(f"no ladders of {recipe.name}: {error}")
                continue
            made[recipe.name] = tuple(found)
            failures += failed
    return made, failures
