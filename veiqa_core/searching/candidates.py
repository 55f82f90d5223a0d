"""From a space to the branches and methods that a search chooses from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ..api import parameters as params
from ..contracts import Network
from ..errors import UsageError, brief, near_miss
from ..extension.registry import Part, Registry
from ..measuring.branches import views
from ..measuring.quantity import Quantity, Similarity, outputs
from ..recipes.recipe import BRANCH_KINDS, Layer, Size
from ..recipes.resolution import ResolvedBranch, method_outputs
from .space import SPACE_KINDS, Condition, Entry, Space, Value, combinations

MOST_CANDIDATES = 100_000
"""Combinations of a space, before its conditions leave some out."""

Coordinates = Mapping[str, Value]


@attrs.frozen
class Candidate:
    """A branch or a method, which a recipe takes or leaves as a whole.

    Attributes:
        item: the branch, or the method.
        coordinates: its place in the space: components, and what varies of each.
    """

    item: ResolvedBranch | Part
    coordinates: Coordinates = attrs.field(eq=False, hash=False)

    @property
    def key(self) -> str:
        """A readable name."""
        return self.item.key

    @property
    def branch(self) -> ResolvedBranch | None:
        """The branch; None of a method."""
        return None if isinstance(self.item, Part) else self.item

    @property
    def method(self) -> Part | None:
        """The method; None of a branch."""
        return self.item if isinstance(self.item, Part) else None

    @property
    def quantities(self) -> list[Quantity]:
        """What is measured of it: the branch's similarity, or all values of the method."""
        return outputs(self.item) if isinstance(self.item, Part) else [Similarity(self.item)]

    @property
    def several(self) -> bool:
        """Whether it has several values, which rank images only once something is fitted to them."""
        return self.method is not None and len(method_outputs(self.method)) > 1

    @property
    def parts(self) -> list[Part]:
        """The components that measure."""
        if isinstance(self.item, Part):
            return [self.item]
        return [getattr(self.item, kind) for kind in BRANCH_KINDS]


def quantities_of(candidates: Iterable[Candidate]) -> list[Quantity]:
    """What is measured of candidates, in their order: the columns of a search's table."""
    return [quantity for candidate in candidates for quantity in candidate.quantities]


def columns_of(candidates: Sequence[Candidate]) -> tuple[range, ...]:
    """Which columns of :func:`quantities_of` are each candidate's."""
    ends = list(itertools.accumulate(len(candidate.quantities) for candidate in candidates))
    return tuple(map(range, [0, *ends[:-1]], ends))


def branches_of(candidates: Iterable[Candidate]) -> list[ResolvedBranch]:
    """The branches among candidates."""
    return [branch for candidate in candidates if (branch := candidate.branch) is not None]


def methods_of(candidates: Iterable[Candidate]) -> list[Part]:
    """The methods among candidates."""
    return [method for candidate in candidates if (method := candidate.method) is not None]


@attrs.frozen
class _Variant:
    """A component with one choice of its parameters."""

    part: Part
    coordinates: Coordinates = attrs.field(eq=False)
    layers: str | tuple[str | int, ...] = "default"


def extractors(space: Space, registry: Registry) -> list[Part]:
    """The networks that a space needs.

    Raises:
        UsageError: a component or parameter is unknown, or the space has more than 100,000 combinations.
    """
    _check_size(space, registry, {})
    return list(dict.fromkeys(variant.part for variant in _variants(space, "extractor", registry)))


def expand(space: Space, registry: Registry, networks: Mapping[Part, Network]) -> list[Candidate]:
    """The candidates of a space, each branch once, in the order in which the space names their parts.

    Args:
        networks: the opened networks of :func:`extractors`, whose layers are tried.

    Raises:
        UsageError: a component, parameter, value or layer is unknown, or a condition matches nothing.
    """
    _check_size(space, registry, networks)
    variants = {kind: list(_variants(space, kind, registry)) for kind in BRANCH_KINDS}
    found = list(dict.fromkeys([*_candidates(space, variants, networks), *_methods(space, registry)]))
    for number, condition in enumerate(space.conditions, 1):
        where = f"search space {space.name!r}: condition {number}"
        found = _kept(found, _with_labels(condition, registry), where)
    if not found:
        raise UsageError(f"search space {space.name!r}: its conditions leave no candidate")
    return found


def has_several_values(space: Space, registry: Registry) -> bool:
    """Whether some method of a space has several values.

    Raises:
        UsageError: a method is unknown.
    """
    records = (registry.get("method", entry.name).component for entry in space.entries["method"])
    return any(len(record.traits.get("outputs", ())) > 1 for record in records)


def override(space: Space, settings: Callable[[str, str], Mapping[str, Any]]) -> Space:
    """The space with parameters fixed: for each component those that ``settings(kind, name)`` gives."""
    entries = {}
    for kind, listed in space.entries.items():
        entries[kind] = tuple(
            attrs.evolve(entry, values={**entry.values, **{k: (v,) for k, v in settings(kind, entry.name).items()}})
            for entry in listed
        )
    return attrs.evolve(space, entries=entries)


def _check_size(space: Space, registry: Registry, networks: Mapping[Part, Network]) -> None:
    """Refuse too large a space before it is expanded.

    Args:
        networks: those that are open; of others, a space that tries all layers is taken to have one.
    """
    deepest = max((len(network.layers) for network in networks.values()), default=1)
    count = len(space.scales) * len(space.sizes)
    for kind in BRANCH_KINDS:
        of_kind = 0
        for entry in space.entries[kind]:
            tried = _tried(entry, params.describe(registry.get(kind, entry.name).component.params))
            layers = len(entry.layers) if isinstance(entry.layers, tuple) else deepest if entry.layers == "all" else 1
            of_kind += math.prod(map(len, tried.values())) * layers
        count *= of_kind
    for entry in space.entries["method"]:
        tried = _tried(entry, params.describe(registry.get("method", entry.name).component.params))
        count += math.prod(map(len, tried.values()))
    if count > MOST_CANDIDATES:
        raise UsageError(
            f"search space {space.name!r}: has {count:,} combinations, more than the {MOST_CANDIDATES:,} that can be "
            "tried; list fewer values or components"
        )


def _variants(space: Space, kind: str, registry: Registry) -> Iterator[_Variant]:
    for entry in space.entries[kind]:
        registered = registry.get(kind, entry.name)
        tried = _tried(entry, params.describe(registered.component.params))
        varying = {name for name, values in tried.items() if len(values) > 1}
        for chosen in combinations(tried):
            coordinates = {kind: registered.label, **{f"{kind}.{name}": chosen[name] for name in sorted(varying)}}
            yield _Variant(registry.part(kind, entry.name, chosen), coordinates, entry.layers)


def _tried(entry: Entry, known: Iterable[params.ParamInfo]) -> dict[str, tuple[Any, ...]]:
    declared = {info.name: tuple(map(params.plain, info.search)) for info in known if info.search}
    return {**(declared if entry.search else {}), **entry.values}


def _candidates(
    space: Space, variants: Mapping[str, list[_Variant]], networks: Mapping[Part, Network]
) -> Iterator[Candidate]:
    for chosen in combinations({**variants, "scale": space.scales, "size": space.sizes}):
        parts: dict[str, Any] = {kind: chosen[kind].part for kind in BRANCH_KINDS}
        own = {name: value for kind in BRANCH_KINDS for name, value in chosen[kind].coordinates.items()}
        extractor = chosen["extractor"]
        for layer, size in _places(chosen, extractor, networks):
            branch = ResolvedBranch(**parts, layer=layer, scale=chosen["scale"], size=size)
            place = {} if layer is None else {"layer": layer}
            yield Candidate(branch, {**own, **place, "scale": chosen["scale"], "size": size})


def _methods(space: Space, registry: Registry) -> Iterator[Candidate]:
    for variant in _variants(space, "method", registry):
        yield Candidate(variant.part, variant.coordinates)


def _places(
    chosen: Mapping[str, Any], extractor: _Variant, networks: Mapping[Part, Network]
) -> Iterator[tuple[Layer, Size]]:
    """Layers and sizes; a map that lives at the input has no layer, and one size."""
    if chosen["explainer"].part.traits["space"] == "input":
        yield None, "layer"
        return
    network = networks[extractor.part]
    named = {"all": network.layers, "default": (network.default_layer,)}
    layers = named[extractor.layers] if isinstance(extractor.layers, str) else extractor.layers
    for layer in layers:
        yield views.layer_name(network, layer), chosen["size"]


def _with_labels(condition: Condition, registry: Registry) -> Condition:
    """The condition with components named as coordinates name them."""

    def labelled(given: Mapping[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
        return {
            name: tuple(registry.get(name, str(value)).label for value in values) if name in SPACE_KINDS else values
            for name, values in given.items()
        }

    return Condition(labelled(condition.when), None if condition.then is None else labelled(condition.then))


def _kept(candidates: list[Candidate], condition: Condition, where: str) -> list[Candidate]:
    for given in (condition.when, condition.then or {}):
        for name, values in given.items():
            seen = {candidate.coordinates[name] for candidate in candidates if name in candidate.coordinates}
            if not seen:
                known = {name for candidate in candidates for name in candidate.coordinates}
                raise UsageError(f"{where}: {near_miss('coordinate', name, known)}")
            for value in values:
                if value not in seen:
                    listed = ", ".join(sorted(map(str, seen)))
                    raise UsageError(f"{where}: no candidate has {name} = {brief(value)}; there are: {listed}")
    return [
        candidate
        for candidate in candidates
        if not _matches(candidate, condition.when)
        or (condition.then is not None and _matches(candidate, condition.then))
    ]


def _matches(candidate: Candidate, wanted: Mapping[str, tuple[Value, ...]]) -> bool:
    return all(
        name in candidate.coordinates and candidate.coordinates[name] in values for name, values in wanted.items()
    )
