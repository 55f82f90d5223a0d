"""Similarities of images under the recipes of a set, as mappers take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import numpy as np

from ..contracts import FloatArray
from ..errors import VeiqaError
from ..extension.discovery import version_of
from ..recipes.recipe import BRANCH_KINDS
from ..recipes.resolution import ResolvedBranch, ResolvedRecipe, ResolvedSet
from .branches.plan import distinct
from .executors import Executor, Task
from .fingerprint import component_version
from .meter import Meter, Quantity


@attrs.frozen(eq=False)
class Measured:
    """One image under its recipe.

    Attributes:
        digest: of its pixels; None where it cannot be read.
        oriented: similarities ``[B]`` in the order of the branches, larger being more similar whatever the metric; None
            after an error.
        flags: remarks on degenerate VEIs.
    """

    name: str
    digest: str | None
    oriented: FloatArray | None
    flags: tuple[str, ...] = ()
    error: VeiqaError | None = None


def sign(branch: ResolvedBranch) -> float:
    """The factor that orients a branch's similarity: larger is then more similar, whatever the metric."""
    return 1.0 if branch.metric.traits["similar"] == "high" else -1.0


def signs(recipe: ResolvedRecipe) -> FloatArray:
    """Factors ``[B]`` that orient similarities as mappers take them: larger is more similar, whatever the metric."""
    return np.array([sign(branch) for branch in recipe.branches], dtype=np.float64)


def quantities(recipes: ResolvedSet) -> list[Quantity]:
    """What has to be measured for the recipes of a set."""
    return [Quantity(branch) for branch in distinct(b for recipe in recipes.recipes.values() for b in recipe.branches)]


class Measurer:
    """Measures images with the recipes of a set.

    Args:
        executor: who measures, made for :func:`quantities` of the recipes.

    Raises:
        UsageError: a recipe cannot run, with the reason in one line.
    """

    def __init__(self, recipes: ResolvedSet, executor: Executor) -> None:
        self._recipes = recipes
        self._executor = executor
        places = {item.branch: index for index, item in enumerate(quantities(recipes))}
        self._wanted = {
            key: tuple(places[branch] for branch in recipe.branches) for key, recipe in recipes.recipes.items()
        }
        for wanted in self._wanted.values():
            executor.meter.check(wanted)

    @property
    def versions(self) -> dict[str, Any]:
        """What the figures were made with: libraries and device, components, and the weights of each network."""
        branches = [branch for recipe in self._recipes.recipes.values() for branch in recipe.branches]
        parts = [getattr(branch, kind) for branch in branches for kind in BRANCH_KINDS]
        parts += [recipe.mapper for recipe in self._recipes.recipes.values() if recipe.mapper is not None]
        return versions(self._executor.meter, parts)

    def measure(self, images: Iterable[tuple[str, str | None]]) -> Iterator[Measured]:
        """The similarities of images, each named with the key of its recipe, as they are done.

        An image that cannot be read, or of which a stage fails, has an error.
        """
        keys = dict(images)
        for done in self._executor.run(Task(name, self._wanted[key]) for name, key in keys.items()):
            key = keys[done.name]
            measurements = [done.measured[index] for index in self._wanted[key]] if done.error is None else []
            flags = tuple(flag for item in measurements for flag in item.flags)
            error = done.error or next((item.error for item in measurements if item.error is not None), None)
            if error is not None:
                yield Measured(done.name, done.digest, None, flags, error)
                continue
            values = np.array([item.similarity for item in measurements], dtype=np.float64)
            yield Measured(done.name, done.digest, values * signs(self._recipes.recipes[key]), flags)


def versions(meter: Meter, parts: Iterable[Any]) -> dict[str, Any]:
    """What figures were made with: libraries and device, components, and the weights of each network."""
    components = {f"{p.registered.kind}/{p.registered.label}": component_version(p.registered) for p in parts}
    weights = {part.key: network.weights_digest for part, network in meter.networks.items()}
    return {"veiqa": version_of("veiqa"), **meter.environment(), "components": components, "weights": weights}
