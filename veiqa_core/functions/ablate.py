"""``veiqa ablate`` as a function."""

from __future__ import annotations

from typing import Any

from ..datasets.rated_set import load
from ..evaluation import ablation
from ..evaluation.ablation import KINDS, Ablation, single, variants
from ..evaluation.measured import check_covered
from ..evaluation.splits import check_splits, prepared
from ..extension.registry import Registry
from ..recipes.resolution import resolve_all
from ..store import Store
from .datasets import RatedChoice
from .evaluate import AnyRecipe
from .given import Names, Place, Texts, names_of, one_of
from .hearing import Progress, Report
from .means import Means
from .recipes import RecipeChoice, parts_of, recipe_of
from .settings import Settings
from .splits import SplitChoice


def ablate(
    dataset: str,
    path: Place,
    *,
    recipe: AnyRecipe | None = None,
    methods: Names = (),
    pris: Names = (),
    extractor: str | None = None,
    layer: str | int | None = None,
    explainer: str | None = None,
    metric: str | None = None,
    mapper: str | None = None,
    overrides: Texts = (),
    view: int | str | None = None,
    settings: Texts = (),
    score_range: tuple[float, float] | None = None,
    distortions: Names = (),
    drop: Names = (),
    split: str = "loco",
    folds: int | None = None,
    seed: int = 0,
    store: Store | Place | bool | None = True,
    workers: int = 1,
    threads: int | None = None,
    dask: str | None = None,
    device: str = "auto",
    precision: str = "float32",
    runtime: str = "auto",
    registry: Registry | None = None,
    progress: Progress | None = None,
    note: Report | None = None,
) -> Ablation:
    """What each part of a recipe brings, left out and alone, as ``veiqa ablate`` measures it.

    Args:
        recipe: by name or file or as it is; the other arguments as for :func:`veiqa_core.evaluate`.
        drop: kinds whose values are left out: pri, layer, explainer, metric, method; none for all.
        split: ``loco``, ``kfold`` or ``list``.

    Raises:
        UsageError: it cannot be done as given, in one line that names options as the command does.
    """
    given = dict(locals())
    return ablated(
        RatedChoice.of(dataset, path, score_range, distortions),
        RecipeChoice(recipe=recipe_of("recipe", recipe), **parts_of(given)),
        tuple(one_of("drop", kind, KINDS) for kind in names_of("drop", drop)),
        SplitChoice.of(split, folds, None, seed),
        Means.of(given),
    )


def ablated(
    dataset: RatedChoice, recipe: RecipeChoice, drop: tuple[Any, ...], split: SplitChoice, means: Means
) -> Ablation:
    """The same from groups of arguments.

    Raises:
        UsageError: it cannot be done as given.
    """
    found = means.registry
    settings = Settings(found, recipe.settings)
    chosen = recipe.chosen(found, settings, means.hearing.note)
    part = dataset.part(found, settings)
    settings.check_all_used()
    on, protocol = means.found(), split.protocol()
    recipes = resolve_all(chosen, found)
    parts = variants(single(recipes), drop)
    rated = prepared(protocol, load(part, dataset.path, dataset.distortions))
    check_splits(protocol, rated, (), recipes.covers)
    check_covered([rated], recipes)
    ((measured,),) = means.measured([rated], [recipes], on)
    return ablation.ablate(measured, parts, protocol)
