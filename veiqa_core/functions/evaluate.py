"""``veiqa evaluate`` as a function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, Unpack

from ..errors import UsageError
from ..files.urls import Located
from ..recipes.resolution import resolve_all
from .arguments import Arg, keywords
from .datasets import RatedArguments, RatedChoice, dataset_part
from .given import Place, Places, place_of, places_of, several
from .means import Means, MeansArguments
from .recipes import BuildArguments, CompetitorArguments, Competitors, parts_of, recipes_of
from .settings import Settings
from .splits import SplitArguments, SplitChoice
from .veis import VeiArguments, VeiChoice

if TYPE_CHECKING:  # what is heavy is imported once all else is checked
    from ..evaluation.comparison import Study


class _Own(TypedDict, total=False):
    """What no other function takes."""

    also: Annotated[Places, Arg((), "other datasets that are evaluated on, as ``(dataset, path)``")]
    novelty: Annotated[
        bool, Arg(False, "whether predictions say how novel each image is where nothing else depends on it")
    ]
    ladder: Annotated[
        Place | Sequence[Place],
        Arg((), "good photos, or folders of them, whose ladders (see :mod:`veiqa_core.evaluation.ladder`) are wanted"),
    ]


class EvaluateArguments(
    CompetitorArguments, BuildArguments, RatedArguments, _Own, SplitArguments, VeiArguments, MeansArguments, total=False
):
    """The keywords of :func:`evaluate`."""


@keywords(EvaluateArguments)
def evaluate(dataset: str, path: Place, **given: Unpack[EvaluateArguments]) -> Study:
    """How well scores agree with the ratings of a dataset, as ``veiqa evaluate`` measures it.

    Args:
        dataset, path: one of 'veiqa datasets', and its folder.

    Raises:
        UsageError: it cannot be done as given, in one line that names options as the command does.
    """
    return evaluated(
        RatedChoice.of(dataset, path, given),
        Competitors(recipes=recipes_of("recipes", given["recipes"]), **parts_of(given)),
        places_of("also", given["also"]),
        SplitChoice.of(given),
        Means.of(given, VeiChoice.of(given)),
        novelty=given["novelty"],
        ladder=tuple(place_of("ladder", one) for one in several("ladder", given["ladder"])),
    )


def evaluated(
    dataset: RatedChoice,
    competitors: Competitors,
    also: Sequence[tuple[str, Path]],
    split: SplitChoice,
    means: Means,
    *,
    novelty: bool,
    ladder: Sequence[Located] = (),
) -> Study:
    """The same from groups of arguments.

    Raises:
        UsageError: it cannot be done as given.
    """
    if also and split.split_file is not None:
        raise UsageError("--split-file lists the images of one dataset: leave it out, or --also")
    found, others = means.registry, (*also, *split.train)
    settings = Settings(found, competitors.settings)
    chosen = competitors.chosen(found, settings, means.hearing.note)
    part = dataset.part(found, settings)
    parts = [dataset_part(found, settings, name, None) for name, _ in others]
    settings.check_all_used()
    from ..datasets.rated_set import load
    from ..evaluation.comparison import Study, compare
    from ..evaluation.measured import check_covered
    from ..evaluation.splits import check_splits, prepared
    from .ladders import climbed, photos_of

    photos = photos_of(ladder, means.hearing.note)
    on, protocol = means.found(), split.protocol()
    several = [resolve_all(one, found) for one in chosen]
    for recipes in several:
        means.veis.check(recipes)
    first = load(part, dataset.path, dataset.distortions)
    more = [load(one, folder, dataset.distortions) for one, (_, folder) in zip(parts, others, strict=True)]
    tested = [prepared(protocol, one) for one in (first, *more[: len(also)])]
    train = more[len(also) :]
    for recipes in several:
        for one in tested:
            check_splits(protocol, one, train, recipes.covers)
        check_covered([*tested, *train], recipes)
    measured = means.measured([*tested, *train], several, on)
    by_name = dict(zip([one.name for one in chosen], measured, strict=True))
    trained_on: dict[str, Any] = {name: own[len(tested) :] for name, own in by_name.items()}
    made = (
        compare(
            {name: own[place] for name, own in by_name.items()},
            protocol,
            found,
            trained_on=trained_on,
            novelty=novelty,
            track=means.hearing.track,
        )
        for place in range(len(tested))
    )
    problems = dict.fromkeys(problem for own in measured for one in own for problem in one.failed.values())
    ladders, failures = climbed(chosen, photos, means) if photos else ({}, [])
    return Study(tuple(made), (*problems, *failures), ladders)
