"""Similarities of images under the recipes of a set, measured once and kept in a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import torch

from .contracts import FloatArray, Network
from .engine import Engine, Measurement
from .errors import VeiqaError
from .fingerprint import branch_digest, component_version, environment
from .images import Image
from .recipe import BRANCH_KINDS
from .registry import Part
from .resolution import ResolvedRecipe, ResolvedSet
from .store import Store, Value


@attrs.frozen(eq=False)
class Measured:
    """One image under its recipe.

    Attributes:
        oriented: similarities ``[B]`` in the order of the branches, larger being more similar whatever the metric; None
            after an error.
        flags: remarks on degenerate VEIs.
    """

    oriented: FloatArray | None
    flags: tuple[str, ...] = ()
    error: VeiqaError | None = None


def signs(recipe: ResolvedRecipe) -> FloatArray:
    """Factors ``[B]`` that orient similarities as mappers take them: larger is more similar, whatever the metric."""
    factors = [1.0 if branch.metric.traits["similar"] == "high" else -1.0 for branch in recipe.branches]
    return np.array(factors, dtype=np.float64)


class Measurer:
    """Measures images with the recipes of a set.

    Args:
        store: where similarities are looked up first and kept; None for nowhere.

    Raises:
        UsageError: as for :class:`veiqa_core.engine.Engine`.
    """

    def __init__(self, recipes: ResolvedSet, device: torch.device, store: Store | None = None) -> None:
        self._recipes = recipes
        self._store = store
        self._device = device
        self._networks: dict[Part, Network] = {}
        self._engines = {
            key: Engine(recipe.branches, device, self._networks) for key, recipe in recipes.recipes.items()
        }
        self._digests = {key: list(_digests(engine, device)) for key, engine in self._engines.items()}

    @property
    def versions(self) -> dict[str, Any]:
        """What the figures were made with: libraries and device, components, and the weights of each network."""
        branches = [branch for recipe in self._recipes.recipes.values() for branch in recipe.branches]
        parts = [getattr(branch, kind) for branch in branches for kind in BRANCH_KINDS]
        parts += [recipe.mapper for recipe in self._recipes.recipes.values() if recipe.mapper is not None]
        components = {f"{p.registered.kind}/{p.registered.label}": component_version(p.registered) for p in parts}
        weights = {part.key: network.weights_digest for part, network in self._networks.items()}
        return {**environment(self._device), "components": components, "weights": weights}

    def measure(self, image: Image, key: str | None) -> Measured:
        """The similarities of an image under the recipe of a key; a failing stage leaves an error."""
        measurements = self._known(image, key) or self._compute(image, key)
        flags = tuple(flag for item in measurements for flag in item.flags)
        error = next((item.error for item in measurements if item.error is not None), None)
        if error is not None:
            return Measured(None, flags, error)
        values = np.array([item.similarity for item in measurements], dtype=np.float64)
        return Measured(values * signs(self._recipes.recipes[key]), flags)

    def _known(self, image: Image, key: str | None) -> tuple[Measurement, ...]:
        if self._store is None:
            return ()
        kept = self._store.get(image.digest, self._digests[key])
        if None in kept:
            return ()
        comparisons = self._engines[key].plan.comparisons
        return tuple(
            Measurement(step.key, value.similarity, value.flags)
            for step, value in zip(comparisons, kept, strict=True)
            if value is not None
        )

    def _compute(self, image: Image, key: str | None) -> tuple[Measurement, ...]:
        measurements = self._engines[key].measure(image).measurements
        if self._store is not None:
            done = {
                digest: Value(item.similarity, item.flags)
                for digest, item in zip(self._digests[key], measurements, strict=True)
                if item.similarity is not None
            }
            self._store.put(image.digest, done)
        return measurements


def _digests(engine: Engine, device: torch.device) -> Iterator[str]:
    for comparison in engine.plan.comparisons:
        network = engine.networks[comparison.branch.extractor]
        yield branch_digest(comparison, network.weights_digest, device)
