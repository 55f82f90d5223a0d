"""Measures quantities of images, which are looked up in a store first."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..contracts import Network, Pair
from ..devices import Device
from ..errors import ComponentError, RecipeError, VeiqaError
from ..extension.discovery import version_of
from ..extension.registry import Part
from ..images import Image
from ..isolation.attempts import attempt, or_usage_error
from ..recipes.resolution import ResolvedBranch
from ..recipes.view import View
from ..store import Store, Value
from .branches import plan as plans
from .branches import views
from .branches.engine import Engine
from .branches.outcome import Measurement, Outcome
from .branches.plan import Comparison, distinct
from .branches.steps import Watch
from .fingerprint import branch_digest, component_version, environment, method_digest, passing, vei_digest
from .methods import Methods
from .methods import check_view as check_view_of_methods
from .networks import check_view, open_network
from .quantity import Control, MethodOutput, Quantity, Similarity
from .runtimes import serving
from .runtimes.base import TORCH

_ENGINES = 8  # kept: one for all images that nothing is known of, a few for what else is missing


@attrs.frozen(eq=False)
class Computed:
    """What was made of an image.

    Attributes:
        measured: quantities by index.
        veis: the VEIs behind them, ``[h, w]``, by :attr:`.Explanation.key`, where they are wanted.
    """

    measured: dict[int, Measurement]
    veis: dict[str, NDArray[np.float32]]


class Meter:
    """Measures quantities of images.

    Args:
        store: where values are looked up first and kept; None for nowhere.
        networks: networks that are already open; those that are opened are added.

    Attributes:
        quantities: with layers as names.
        keys: readable names of the quantities.
        watch: is called with how far the image at hand is, while this process computes; None for nobody.

    Raises:
        UsageError: as for :class:`veiqa_core.measuring.branches.engine.Engine`.
    """

    def __init__(
        self,
        quantities: Sequence[Quantity],
        device: Device,
        store: Store | None = None,
        networks: dict[Part, Network] | None = None,
    ) -> None:
        self.device = device
        self.watch: Watch | None = None
        self.networks = {} if networks is None else networks
        for part in distinct(item.branch.extractor for item in quantities if not isinstance(item, MethodOutput)):
            if part not in self.networks:
                self.networks[part] = open_network(part, device)
        self.quantities = tuple(map(self._with_layer_name, quantities))
        self._branches = {i: q.branch for i, q in enumerate(self.quantities) if not isinstance(q, MethodOutput)}
        self._methods = Methods(item.method for item in quantities if isinstance(item, MethodOutput))
        self._controls = {
            part: or_usage_error(attempt(part, part.create))
            for part in distinct(item.control for item in quantities if isinstance(item, Control))
        }
        self.keys = tuple(item.key for item in self.quantities)
        self._store = store
        self._digests: dict[object, tuple[str, ...]] = {}
        self._engine = functools.lru_cache(_ENGINES)(self._make_engine)

    def runtime(self, wanted: Iterable[int] | None = None) -> str:
        """What makes the passes, with its version: the compiled runtime where it makes some, else torch.

        Args:
            wanted: of these quantities; None for all.
        """
        some = self._comparisons if wanted is None else set(wanted)
        runtimes = {step.y.runtime for index, step in self._comparisons.items() if index in some} - {TORCH}
        return min((" ".join(runtime.split()[:2]) for runtime in runtimes), default=TORCH)

    @property
    def unserved(self) -> bool:
        """Whether torch makes passes that a compiled runtime makes where it is there and nothing else is asked for."""
        if not attrs.evolve(self.device, runtime="auto").may_compile:
            return False
        made = self._comparisons.values()
        return any(serving.asks_activations_only(step.branch) and step.y.runtime == TORCH for step in made)

    @property
    def precision(self) -> str:
        """What is computed in: methods always compute in full precision."""
        return self.device.precision if self._branches else "float32"

    @property
    def remarks(self) -> tuple[str, ...]:
        """Which networks a compiled runtime was to serve and does not, and why."""
        _ = self._comparisons  # which finds out what is served
        return serving.remarks(self.networks.values(), self.device)

    def environment(self) -> dict[str, Any]:
        """What decides the bits of its results on this machine."""
        return {**environment(self.device), "runtime": self.runtime(), "precision": self.precision}

    def check(self, wanted: Sequence[int], view: View = None) -> None:
        """Find what cannot work on any image before the first one is read.

        Args:
            view: under which these quantities are measured.

        Raises:
            UsageError: as for :class:`.Engine`, branches of one recipe are the same, or a network or a method needs
                larger images than the view leaves.
        """
        keys = [self.keys[index] for index in wanted]
        for key in keys:
            if keys.count(key) > 1:
                raise RecipeError(f"the branch {key} is there twice, its layer named in two ways")
        branched, methods = self._split(wanted)
        check_view(view, (self.networks[self._branches[index].extractor] for index in branched))
        check_view_of_methods(view, distinct(item.method for item in methods.values()))
        if branched:
            self.engine(branched)

    def known(self, image: str, wanted: Sequence[int]) -> dict[int, Measurement]:
        """What the store holds of an image, by quantity; the image is named by its :attr:`.Image.key`."""
        if self._store is None:
            return {}
        digests = self.digests()
        kept = self._store.get(image, [digests[index] for index in wanted])
        return {
            index: Measurement(self.keys[index], value.similarity, value.flags)
            for index, value in zip(wanted, kept, strict=True)
            if value is not None
        }

    def compute(self, image: Image, wanted: Sequence[int], *, veis: bool = False) -> Computed:
        """Measure quantities of an image, whatever the store holds, and their VEIs where these are wanted."""
        branched, methods = self._split(wanted)
        found = self._methods.measure(image, methods)
        if not branched:
            return Computed(found, {})
        engine = self.engine(branched)
        needed = veis or any(isinstance(self.quantities[index], Control) for index in branched)
        outcome = engine.measure(image, "all" if needed else "nothing")
        made = {vei.key: item for vei, item in outcome.veis.items() if not isinstance(item, VeiqaError)} if veis else {}
        arrays = {key: item[0].float().numpy() for key, item in made.items()}
        return Computed(found | self._reported(image, branched, engine, outcome), arrays)

    def shown(self, image: Image, wanted: Sequence[int]) -> tuple[dict[int, Measurement], Engine, Outcome]:
        """Quantities of an image, measured anew and kept, with what is shown of its branches."""
        branched, methods = self._split(wanted)
        engine = self.engine(branched)
        outcome = engine.measure(image, "pictures")
        found = self._methods.measure(image, methods) | self._reported(image, branched, engine, outcome)
        self.keep(image.key, found)
        return found, engine, outcome

    def _split(self, wanted: Iterable[int]) -> tuple[list[int], dict[int, MethodOutput]]:
        """Those of some quantities that come from branches, and those that come from methods."""
        methods = {i: item for i in wanted if isinstance(item := self.quantities[i], MethodOutput)}
        return [index for index in wanted if index in self._branches], methods

    def engine(self, wanted: Sequence[int]) -> Engine:
        """The engine that measures these quantities, all of branches.

        Raises:
            UsageError: as for :class:`veiqa_core.measuring.branches.engine.Engine`.
        """
        engine = self._engine(tuple(distinct(self._branches[index] for index in wanted)))
        engine.watch = self.watch
        return engine

    def _reported(
        self, image: Image, wanted: Sequence[int], engine: Engine, outcome: Outcome
    ) -> dict[int, Measurement]:
        """Quantities of an image from what the engine made of it."""
        measured = {m.key: (c, m) for c, m in zip(engine.plan.comparisons, outcome.measurements, strict=True)}
        found = {}
        for index in wanted:
            quantity = self.quantities[index]
            comparison, measurement = measured[self._branches[index].key]
            if isinstance(quantity, Control):
                measurement = self._controlled(engine, quantity.control, comparison, measurement, image, outcome)
            found[index] = attrs.evolve(measurement, key=self.keys[index])
        return found

    def keep(self, image: str, measured: Mapping[int, Measurement]) -> None:
        """Put measurements of an image into the store, those without an error that may be kept."""
        if self._store is not None:
            digests = self.digests()
            values = {
                digests[index]: Value(item.similarity, item.flags)
                for index, item in measured.items()
                if item.similarity is not None and item.lasting
            }
            self._store.put(image, values)

    def measure(self, image: Image, wanted: Sequence[int]) -> dict[int, Measurement]:
        """Quantities of an image by index: looked up where they are known, measured and kept where not."""
        found = self.known(image.key, wanted) if self._store is not None else {}
        missing = [index for index in wanted if index not in found]
        if missing:
            measured = self.compute(image, missing).measured
            self.keep(image.key, measured)
            found |= measured
        return found

    def vei_digests(self) -> tuple[dict[str, str], ...]:
        """For each quantity what its two VEIs depend on: digests by :attr:`.plan.Explanation.key`."""
        pairs = {index: (step.y, step.x) for index, step in self._comparisons.items()}
        digests = {
            vei: vei_digest(vei, self.networks[vei.extractor].weights_digest, self.device)
            for vei in distinct(vei for pair in pairs.values() for vei in pair)
        }
        return tuple({vei.key: digests[vei] for vei in pairs.get(index, ())} for index in range(len(self.quantities)))

    def _make_engine(self, branches: tuple[ResolvedBranch, ...]) -> Engine:
        return Engine(branches, self.device, self.networks)

    def _with_layer_name(self, item: Quantity) -> Quantity:
        if isinstance(item, MethodOutput):
            return item
        return attrs.evolve(item, branch=views.with_layer_name(item.branch, self.networks[item.branch.extractor]))

    @functools.cached_property
    def _comparisons(self) -> Mapping[int, Comparison]:
        """What the branch of each quantity that has one compares."""
        defaults = {part: network.default_layer for part, network in self.networks.items()}
        branches = list(self._branches.values())
        made = plans.make(branches, defaults, serving.served(branches, self.networks, self.device)).comparisons
        return dict(zip(self._branches, made, strict=True))

    def versions(self, parts: Iterable[Part]) -> dict[str, Any]:
        """What figures were made with: libraries and device, components, and the weights of each network."""
        components = {f"{p.registered.kind}/{p.registered.label}": component_version(p.registered) for p in parts}
        weights = {part.key: network.weights_digest for part, network in self.networks.items()}
        return {"veiqa": version_of("veiqa"), **self.environment(), "components": components, "weights": weights}

    def digests(self) -> tuple[str, ...]:
        """What each quantity depends on besides the image, as things stand; a store learns what it means."""
        now = passing()
        if now not in self._digests:
            self._digests[now] = tuple(self._find_digests())
            if self._store is not None:
                self._store.label(dict(zip(self._digests[now], self.keys, strict=True)))
        return self._digests[now]

    def _find_digests(self) -> Iterator[str]:
        for index, item in enumerate(self.quantities):
            if isinstance(item, MethodOutput):
                yield method_digest(item.method, item.output, self._methods.data(item.method))
            else:
                weights = self.networks[item.branch.extractor].weights_digest
                yield _digest(item, branch_digest(self._comparisons[index], weights, self.device))

    def _controlled(
        self,
        engine: Engine,
        part: Part,
        comparison: Comparison,
        measurement: Measurement,
        image: Image,
        outcome: Outcome,
    ) -> Measurement:
        """What a control makes of a branch's outcome."""
        pri, x, y = outcome.pris[comparison.branch.pri], outcome.veis[comparison.x], outcome.veis[comparison.y]
        if measurement.similarity is None or isinstance(pri, VeiqaError):
            return measurement
        if isinstance(x, VeiqaError) or isinstance(y, VeiqaError):
            return measurement
        if pri.shape[2:] != (image.size[1], image.size[0]):
            problem = ComponentError(f"{part.registered.origin}: images that pass in tiles have no controls")
            return attrs.evolve(measurement, similarity=None, error=problem)
        compare = functools.partial(engine.compare_maps, comparison.branch)
        pair = Pair(image.pixels.clone(), pri.clone(), y.clone(), x.clone(), measurement.similarity, compare)
        value = attempt(part, lambda: _finite(self._controls[part].value(pair)))
        if isinstance(value, VeiqaError):
            return attrs.evolve(measurement, similarity=None, error=value)
        return attrs.evolve(measurement, similarity=value)


def _finite(value: Any) -> float:
    if not math.isfinite(value):
        raise ValueError(f"gave {value}")
    return float(value)


def _digest(item: Similarity | Control, branch: str) -> str:
    if isinstance(item, Similarity):
        return branch
    content = {
        "branch": branch,
        "control": item.control.identity,
        "version": component_version(item.control.registered),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
