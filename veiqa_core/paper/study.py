"""The paper's recipes and the methods that it compares, measured on the databases that are here, and evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ..contracts import WeightsProvider
from ..datasets.rated_set import RatedSet
from ..errors import UsageError, VeiqaError, near_miss, one_line
from ..evaluation.evaluate import Evaluation, evaluate
from ..evaluation.measured import MeasuredSet
from ..evaluation.splits import Protocol
from ..extension.registry import Registry
from ..recipes.files import find
from ..recipes.recipe import Choice, Recipe, RecipeSet
from ..recipes.resolution import ResolvedSet, resolve_all
from .published import PSNR, Network, PublishedMethod, published

IN_SAMPLE, HELD_OUT = "in-sample", "held-out"
PROTOCOLS = {IN_SAMPLE: Protocol("frozen"), HELD_OUT: Protocol("loco")}

Measure = Callable[[RatedSet, ResolvedSet], MeasuredSet]
Evaluations = Mapping[str, Evaluation]
"""By what was fitted on what: in-sample or held-out."""


@attrs.frozen
class Study:
    """What was found.

    Attributes:
        databases: what was measured, by the paper's name.
        main: the network that stands for the paper's own.
        networks: evaluations by database, network and metric.
        methods: evaluations by database and method.
        gaps: what is missing, and why.
    """

    databases: Mapping[str, RatedSet]
    main: Network
    networks: Mapping[tuple[str, str, str], Evaluations]
    methods: Mapping[tuple[str, str], Evaluations]
    gaps: tuple[str, ...]


@attrs.frozen
class Settings:
    """What a study is made of.

    Attributes:
        databases: rated images by the paper's name of the database.
        weights: weights files by network.
        tables: which of the tables 3 to 6 are wanted.
    """

    databases: Mapping[str, RatedSet]
    weights: Mapping[str, str]
    tables: frozenset[int] = frozenset({3, 4, 5, 6})


def of_paper(rated: RatedSet, name: str) -> RatedSet:
    """The images of the paper's four distortion types.

    Raises:
        UsageError: there are none of some type.
    """
    types = published().types
    kept = rated.ratings.only(types)
    absent = [kind for kind in types if kind not in {item.distortion for item in kept.images}]
    if absent:
        raise UsageError(f"--database {name}: {rated.root} holds no images of type {absent[0]}, which the paper rates")
    return attrs.evolve(rated, ratings=kept)


def study(settings: Settings, registry: Registry, measure: Measure) -> Study:
    """Measure and evaluate what is there.

    Raises:
        UsageError: a weights file that was named cannot be used, or a database cannot be measured.
    """
    paper = published()
    gaps = [
        f"{values['title']}: the database is not here"
        for name, values in paper.databases.items()
        if name not in settings.databases
    ]
    gaps += (gap for name, rated in settings.databases.items() if (gap := _other_images(name, rated)))
    ready: dict[Network, RecipeSet] = {}
    for network in paper.networks:
        recipe = _with_weights(network, settings.weights.get(network.name), registry)
        if recipe is None:
            gaps.append(f"{network.title}: its weights are not here (veiqa weights says how to get them)")
        else:
            ready[network] = recipe
    main = paper.networks[0]
    if main not in ready:
        gaps.append(f"{paper.substitute.title} takes the place of {main.title}")
        main, ready = paper.substitute, {paper.substitute: _shipped(paper.substitute, registry), **ready}
    networks: dict[tuple[str, str, str], Evaluations] = {}
    methods: dict[tuple[str, str], Evaluations] = {}
    for name, rated in settings.databases.items():
        if settings.tables & {3, 4, 5}:
            for network, recipes in ready.items():
                metrics = paper.metrics if network is main and 5 in settings.tables else (PSNR,)
                if network is main or 4 in settings.tables:
                    found = _networks(rated, recipes, metrics, registry, measure)
                    networks.update({(name, network.name, metric): item for metric, item in found.items()})
        if 6 in settings.tables:
            for method in paper.methods:
                outcome = _method(method, rated, registry, measure)
                if isinstance(outcome, str):
                    gaps.append(f"{method.title}: {outcome}")
                else:
                    methods[name, method.title] = outcome
    return Study(settings.databases, main, networks, methods, tuple(dict.fromkeys(gaps)))


def check_names(databases: Sequence[str], weights: Sequence[str]) -> None:
    """Refuse names that the paper does not have.

    Raises:
        UsageError: there is one, or one is given twice.
    """
    paper = published()
    known = (("--database", databases, list(paper.databases)), ("--weights", weights, [n.name for n in paper.networks]))
    for option, given, names in known:
        for name in given:
            if name not in names:
                raise UsageError(f"{option}: {near_miss('name', name, names)}")
            if given.count(name) > 1:
                raise UsageError(f"{option} {name}: is given twice")


def _other_images(name: str, rated: RatedSet) -> str | None:
    """In how far a database is not the one that the paper has; None where the numbers of its images are the same."""
    paper = published()
    kinds = [item.distortion for item in rated.images]
    own, theirs = [kinds.count(kind) for kind in paper.types], list(paper.databases[name]["images"])
    if own == theirs:
        return None
    shown = [", ".join(map(str, counts)) for counts in (own, theirs)]
    title, types = paper.databases[name]["title"], ", ".join(paper.types)
    return f"{title}: {shown[0]} images of {types}, where the paper has {shown[1]}: figures are not of the same images"


def _shipped(network: Network, registry: Registry) -> RecipeSet:
    found = find(network.recipe, registry)
    assert isinstance(found, RecipeSet)
    return found


def _with_weights(network: Network, file: str | None, registry: Registry) -> RecipeSet | None:
    """The network's recipes with a file, or with the weights that are found here; None where there are none."""
    recipes = _shipped(network, registry)
    choice = next(iter(recipes.recipes.values())).branches[0].extractor
    given: dict[str, Any] = {**choice.params}
    if file is not None:
        given["weights"] = file
    else:
        extractor = registry.part("extractor", choice.name, choice.params).create()
        found = extractor.weights_status().found if isinstance(extractor, WeightsProvider) else None
        if found is None:
            return None
        given["weights"] = found.partition(":")[0]
    registry.part("extractor", choice.name, given)

    def changed(recipe: Recipe) -> Recipe:
        branches = tuple(attrs.evolve(one, extractor=Choice(choice.name, given)) for one in recipe.branches)
        return attrs.evolve(recipe, branches=branches)

    return attrs.evolve(recipes, recipes={kind: changed(recipe) for kind, recipe in recipes.recipes.items()})


def _with_metrics(recipes: RecipeSet, metrics: Sequence[str]) -> RecipeSet:
    """The set with a branch for each metric in place of its one; several branches have no mapper."""

    def changed(recipe: Recipe) -> Recipe:
        branches = tuple(attrs.evolve(recipe.branches[0], metric=Choice(metric)) for metric in metrics)
        return attrs.evolve(recipe, branches=branches, mapper=recipe.mapper if len(metrics) == 1 else None)

    changed_ones = {kind: changed(recipe) for kind, recipe in recipes.recipes.items()}
    return RecipeSet("-".join((recipes.name, *metrics)), changed_ones)


def _networks(
    rated: RatedSet, recipes: RecipeSet, metrics: Sequence[str], registry: Registry, measure: Measure
) -> dict[str, Evaluations]:
    """By metric; all metrics are measured in one go."""
    measured = _whole(measure(rated, resolve_all(_with_metrics(recipes, metrics), registry)))
    found: dict[str, Evaluations] = {}
    for metric in metrics:
        single = attrs.evolve(measured, recipes=resolve_all(_with_metrics(recipes, (metric,)), registry))
        found[metric] = {name: evaluate(single, protocol, registry) for name, protocol in PROTOCOLS.items()}
    return found


def _method(method: PublishedMethod, rated: RatedSet, registry: Registry, measure: Measure) -> Evaluations | str:
    """A method's evaluations, or why there are none. Features have no figures before something is fitted to them."""
    if not method.component:
        return method.missing
    recipe = Recipe("paper", (), Choice(method.mapper), methods=(Choice(method.component),))
    try:
        resolved = resolve_all(recipe, registry)
        registry.part("method", method.component).create()
    except VeiqaError as error:
        return one_line(error)
    measured = _whole(measure(rated, resolved))
    features = registry.get("method", method.component).component.traits["better"] == "none"
    wanted = {name: protocol for name, protocol in PROTOCOLS.items() if not (features and name == IN_SAMPLE)}
    return {name: evaluate(measured, protocol, registry) for name, protocol in wanted.items()}


def _whole(measured: MeasuredSet) -> MeasuredSet:
    if measured.failed:
        first = next(iter(measured.failed.values()))
        raise UsageError(f"{len(measured.failed)} images of {measured.rated.root} failed; the first: {first}")
    return measured
