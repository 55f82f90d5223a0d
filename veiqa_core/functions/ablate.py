"""``veiqa ablate`` as a function."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict, Unpack

from ..datasets.rated_set import load
from ..evaluation import ablation
from ..evaluation.ablation import KINDS, Ablation, single, variants
from ..evaluation.measured import check_covered
from ..evaluation.splits import check_splits, prepared
from ..recipes.resolution import resolve_all
from .arguments import Arg, keywords
from .datasets import RatedArguments, RatedChoice
from .given import Names, Place, names_of, one_of
from .means import Means, MeansArguments
from .recipes import BuildArguments, RecipeArguments, RecipeChoice, parts_of, recipe_of
from .settings import Settings
from .splits import FoldArguments, SplitChoice


class _Own(TypedDict, total=False):
    """What no other function takes."""

    drop: Annotated[
        Names, Arg((), "kinds whose values are left out: pri, layer, explainer, metric, method; default: all")
    ]
    split: Annotated[str, Arg("loco", "``loco``, ``kfold`` or ``list``")]


class AblateArguments(
    RecipeArguments, BuildArguments, RatedArguments, _Own, FoldArguments, MeansArguments, total=False
):
    """The keywords of :func:`ablate`."""


@keywords(AblateArguments)
def ablate(dataset: str, path: Place, **given: Unpack[AblateArguments]) -> Ablation:
    """What each part of a recipe brings, left out and alone, as ``veiqa ablate`` measures it.

    Args:
        dataset, path: one of 'veiqa datasets', and its folder.

    Raises:
        UsageError: it cannot be done as given, in one line that names options as the command does.
    """
    return ablated(
        RatedChoice.of(dataset, path, given),
        RecipeChoice(recipe=recipe_of("recipe", given["recipe"]), **parts_of(given)),
        tuple(one_of("drop", kind, KINDS) for kind in names_of("drop", given["drop"])),
        SplitChoice.refitting(given["split"], given),
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
