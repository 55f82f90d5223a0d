"""The paper's recipes and the methods that it compares, measured on the databases that are here, and evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from ..contracts import WeightsProvider
from ..datasets.rated_set import RatedSet
from ..errors import UsageError, VeiqaError, near_miss, one_line
from ..evaluation.evaluate import Evaluation, evaluate
from ..evaluation.measured import MeasuredSet
from ..evaluation.provenance import method_notes
from ..evaluation.splits import Protocol
from ..explanations.heatmaps import Heatmaps
from ..extension.registry import Registry
from ..isolation.attempts import attempt
from ..recipes.files import find
from ..recipes.recipe import Choice, Recipe, RecipeSet
from ..recipes.resolution import ResolvedSet, resolve_all
from .examples import examples
from .published import PSNR, Network, PublishedMethod, published
from .times import Contestant, Time, resized, times

TABLES = (3, 4, 5, 6, 7)
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
        mains: the paper's own network, or what stands for it, at the size of the paper's images first.
        networks: evaluations by database, network and metric.
        methods: evaluations by database and method.
        times: seconds an image of methods and recipes; none where they are not wanted.
        examples: images with their PRIs and VEIs, by distortion type.
        gaps: what is missing, and why.
        remarks: which of the images the methods were trained on, of those that say it.
    """

    databases: Mapping[str, RatedSet]
    mains: tuple[Network, ...]
    networks: Mapping[tuple[str, str, str], Evaluations]
    methods: Mapping[tuple[str, str], Evaluations]
    times: tuple[Time, ...]
    examples: Mapping[str, Heatmaps]
    gaps: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def main(self) -> Network:
        """The first of them."""
        return self.mains[0]


@attrs.frozen
class Settings:
    """What a study is made of.

    Attributes:
        databases: rated images by the paper's name of the database.
        weights: weights files by network.
        parameters: of methods, by component, such as files of their authors' releases.
        tables: which of the tables are wanted.
        methods: the titles of the methods that are measured; None for all.
    """

    databases: Mapping[str, RatedSet]
    weights: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    tables: frozenset[int] = frozenset(TABLES)
    methods: frozenset[str] | None = None

    def wants(self, method: PublishedMethod) -> bool:
        """Whether a method is to be measured."""
        return self.methods is None or method.title in self.methods


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


def study(
    settings: Settings, registry: Registry, measure: Measure, begun: Callable[[str], None] = lambda what: None
) -> Study:
    """Measure and evaluate what is there.

    Args:
        begun: is given the name of each part that takes time, before it begins.

    Raises:
        UsageError: a weights file that was named cannot be used, or a database cannot be measured.
    """
    paper = published()
    gaps = [
        f"{values['title']}: the database is not here"
        for name, values in paper.databases.items()
        if name not in settings.databases
    ]
    gaps += (gap for name, rated in settings.databases.items() for gap in _differences(name, rated))
    mains, ready, absent = _ready(settings.weights, registry)
    gaps += absent
    usable, unusable = _usable_methods(settings, registry) if settings.tables & {6, 7} else ({}, [])
    gaps += unusable
    networks: dict[tuple[str, str, str], Evaluations] = {}
    methods: dict[tuple[str, str], Evaluations] = {}
    remarks: list[str] = []
    for name, rated in settings.databases.items():
        if settings.tables & {3, 4, 5}:
            for network, recipes in ready.items():
                metrics = paper.metrics if network in mains and 5 in settings.tables else (PSNR,)
                if network in mains or 4 in settings.tables:
                    begun(f"{network.title} on {name}")
                    found = _networks(rated, recipes, metrics, registry, measure)
                    networks.update({(name, network.name, metric): item for metric, item in found.items()})
        if 6 in settings.tables:
            for method, recipe in usable.items():
                begun(f"{method.title} on {name}")
                measured = _whole(measure(rated, recipe))
                methods[name, method.title] = _evaluated(measured, registry)
                notes = method_notes(measured, np.arange(len(measured.table)))
                remarks += (f"{method.title} on {paper.databases[name]['title']}: {note}" for note in notes)
    first = next(iter(settings.databases.values()))
    shown: Mapping[str, Heatmaps] = {}
    if settings.tables & {3, 4, 5}:
        begun("the images of figure 2")
        shown = examples(first, ready[mains[0]], registry)
    taken: tuple[Time, ...] = ()
    if 7 in settings.tables:
        begun("times of table 7")
        taken = _times(mains, ready, usable, first, settings, registry)
    gaps += (f"{time.title}: {time.missing}" for time in taken if time.missing)
    return Study(settings.databases, mains, networks, methods, taken, shown, tuple(gaps), tuple(remarks))


def _ready(
    weights: Mapping[str, str], registry: Registry
) -> tuple[tuple[Network, ...], Mapping[Network, RecipeSet], list[str]]:
    """The paper's own network or what stands for it, the recipes of all networks that are here, and what is missing."""
    paper, gaps = published(), []
    ready: dict[Network, RecipeSet] = {}
    for network in paper.networks:
        recipe = _with_weights(network, weights.get(network.name), registry)
        if recipe is None:
            gaps.append(f"{network.title}: its weights are not here (veiqa weights says how to get them)")
        else:
            ready[network] = recipe
    mains = paper.networks[:1]
    if mains[0] in ready:
        return mains, ready, gaps
    gaps.append(f"{paper.substitutes[0].title} takes the place of {mains[0].title}")
    return paper.substitutes, {**{one: _shipped(one, registry) for one in paper.substitutes}, **ready}, gaps


def _times(
    mains: Sequence[Network],
    ready: Mapping[Network, RecipeSet],
    usable: Iterable[PublishedMethod],
    rated: RatedSet,
    settings: Settings,
    registry: Registry,
) -> tuple[Time, ...]:
    """Of the methods of table 6 that can be measured, and of what stands for the paper's own."""
    contestants = [
        Contestant.of_method(method.title, method.component, settings.parameters.get(method.component, {}))
        for method in usable
    ]
    contestants += [Contestant.of_recipe(network.title, ready[network]) for network in mains]
    return tuple(times(contestants, resized(rated.root / rated.images[0].image), registry))


def titles(names: Sequence[str]) -> frozenset[str] | None:
    """The titles of methods that are named in either case; None where none is named.

    Raises:
        UsageError: the paper does not compare with one of them.
    """
    known = {method.title.lower(): method.title for method in published().methods}
    for name in names:
        if name.lower() not in known:
            raise UsageError(f"--method: {near_miss('method', name, known)}")
    return frozenset(known[name.lower()] for name in names) or None


def check_names(databases: Sequence[str], weights: Sequence[str], ranges: Sequence[str] = ()) -> None:
    """Refuse names that the paper does not have, and a range of a database that is not given.

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
    for name in ranges:
        if name not in databases:
            raise UsageError(f"--range {name}: no --database of that name is given")


def _differences(name: str, rated: RatedSet) -> Iterator[str]:
    """In how far a database is not the one that the paper has."""
    paper = published()
    title, types, ends = paper.databases[name]["title"], ", ".join(paper.types), paper.databases[name]["range"]
    kinds = [item.distortion for item in rated.images]
    own, theirs = [kinds.count(kind) for kind in paper.types], list(paper.databases[name]["images"])
    if own != theirs:
        shown = [", ".join(map(str, counts)) for counts in (own, theirs)]
        yield f"{title}: {shown[0]} images of {types}, where the paper has {shown[1]}: not the same images"
    if list(rated.ratings.range) != ends:
        shown = [f"{low:g} to {high:g}" for low, high in (rated.ratings.range, ends)]
        yield f"{title}: scores, and RMSE with them, from {shown[0]}, where the paper's go from {shown[1]}"


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
        try:
            Path(file).open("rb").close()  # before anything is measured
        except OSError as error:
            raise UsageError(f"cannot read the weights file {file}: {error.strerror}") from error
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


def _usable_methods(settings: Settings, registry: Registry) -> tuple[dict[PublishedMethod, ResolvedSet], list[str]]:
    """The methods that can be measured, with their recipes, and why the others cannot.

    Raises:
        UsageError: the parameters that were given of one cannot be used.
    """
    usable: dict[PublishedMethod, ResolvedSet] = {}
    gaps = []
    for method in published().methods:
        given = settings.parameters.get(method.component, {})
        if not settings.wants(method):
            gaps.append(f"{method.title}: not measured, as asked")
        elif not method.component:
            gaps.append(f"{method.title}: {method.missing}")
        else:
            recipe = Recipe("paper", (), Choice(method.mapper), methods=(Choice(method.component, dict(given)),))
            part = registry.part("method", method.component, given)
            created = attempt(part, part.create)
            if not isinstance(created, VeiqaError):
                usable[method] = resolve_all(recipe, registry)
                continue
            name = part.registered.component.name
            reason = one_line(created).replace("-p method.", f"-p {name}.")  # as this command takes them
            if given:
                raise UsageError(f"-p {name}: {reason}")
            gaps.append(f"{method.title}: {reason}")
    return usable, gaps


def _evaluated(measured: MeasuredSet, registry: Registry) -> Evaluations:
    """A method's evaluations. Features have no figures before something is fitted to them."""
    (recipe,) = measured.used.values()
    features = recipe.methods[0].traits["better"] == "none"
    wanted = {name: protocol for name, protocol in PROTOCOLS.items() if not (features and name == IN_SAMPLE)}
    return {name: evaluate(measured, protocol, registry) for name, protocol in wanted.items()}


def _whole(measured: MeasuredSet) -> MeasuredSet:
    if measured.failed:
        first = next(iter(measured.failed.values()))
        raise UsageError(f"{len(measured.failed)} images of {measured.rated.root} failed; the first: {first}")
    return measured
