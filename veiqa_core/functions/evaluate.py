"""``veiqa evaluate`` as a function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..extension.registry import Registry
from ..recipes.recipe import Recipe, RecipeSet
from ..recipes.resolution import resolve_all
from ..store import Store
from .datasets import RatedChoice, dataset_part
from .given import Names, Place, Places, Texts, path_of, places_of, several
from .hearing import Progress, Report
from .means import Means
from .recipes import Competitors, parts_of, recipes_of
from .settings import Settings
from .splits import SplitChoice

if TYPE_CHECKING:  # what is heavy is imported once all else is checked
    from ..evaluation.comparison import Study

AnyRecipe = str | Path | Recipe | RecipeSet


def evaluate(
    dataset: str,
    path: Place,
    *,
    recipes: AnyRecipe | Sequence[AnyRecipe] = (),
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
    also: Places = (),
    split: str | None = None,
    folds: int | None = None,
    repeats: int | None = None,
    seed: int = 0,
    split_file: Place | None = None,
    train: Places = (),
    novelty: bool = False,
    ladder: Names = (),
    store: Store | Place | bool | None = True,
    keep_vei: Place | None = None,
    keep_vei_cap: int | str | None = None,
    workers: int = 1,
    threads: int | None = None,
    dask: str | None = None,
    device: str = "auto",
    precision: str = "float32",
    runtime: str = "auto",
    registry: Registry | None = None,
    progress: Progress | None = None,
    note: Report | None = None,
) -> Study:
    """How well scores agree with the ratings of a dataset, as ``veiqa evaluate`` measures it.

    Args:
        dataset, path: one of 'veiqa datasets', and its folder.
        recipes, methods: each is a competitor: recipes by name or file or as they are, and no-reference methods.
        pris, extractor, layer, explainer, metric, mapper: or the parts of one recipe.
        overrides: what is changed in each recipe, such as ``{"metric": "ssim", "extractor.resize": 224}``.
        settings: parameters of every component of a kind, such as ``{"pri.size": 5}``.
        score_range: lowest and highest possible rating, for a dataset that does not declare them.
        distortions: only images of these types.
        also: other datasets that are evaluated on, as ``(dataset, path)``.
        split: ``frozen``, ``loco``, ``lodo``, ``kfold``, ``repeated`` or ``list``; ``folds``, ``repeats``, ``seed`` and
            ``split_file`` go with it.
        train: other datasets that are fitted on.
        novelty: whether predictions say how novel each image is where nothing else depends on it.
        ladder: good photos, or folders of them, whose ladders (see :mod:`veiqa_core.evaluation.ladder`) are wanted.
        store: where similarities are kept: True for the store of the commands, False for none, a file, or a Store.
        keep_vei, keep_vei_cap: a folder where VEIs are kept, and the most that its files may take, such as ``"2GB"``.
        workers, threads, dask: who measures.
        device, precision, runtime: as for :class:`veiqa_core.Scorer`.
        registry: the components; default: everything installed.
        progress: is called with what is done, how many items are done, and how many there are.
        note: takes each remark; by default they are warnings of Python.

    Raises:
        UsageError: it cannot be done as given, in one line that names options as the command does.
    """
    given = dict(locals())
    return evaluated(
        RatedChoice.of(dataset, path, score_range, distortions),
        Competitors(recipes=recipes_of("recipes", recipes), **parts_of(given)),
        places_of("also", also),
        SplitChoice.of(split, folds, repeats, seed, split_file, train),
        Means.of(given),
        novelty=novelty,
        ladder=tuple(path_of("ladder", one) for one in several("ladder", ladder)),
    )


def evaluated(
    dataset: RatedChoice,
    competitors: Competitors,
    also: Sequence[tuple[str, Path]],
    split: SplitChoice,
    means: Means,
    *,
    novelty: bool,
    ladder: Sequence[Path] = (),
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
        )
        for place in range(len(tested))
    )
    problems = dict.fromkeys(problem for own in measured for one in own for problem in one.failed.values())
    ladders, failures = climbed(chosen, photos, means) if photos else ({}, [])
    return Study(tuple(made), (*problems, *failures), ladders)
