"""What is measured of an image: similarities of branches, outputs of methods, and the values of controls."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np

from ..contracts import FloatArray
from ..extension.registry import Part
from ..recipes.resolution import ResolvedBranch, ResolvedRecipe, ResolvedSet, method_outputs, output_key
from .branches.plan import distinct


@attrs.frozen
class Similarity:
    """The similarity of a branch."""

    branch: ResolvedBranch

    @property
    def key(self) -> str:
        """A readable name."""
        return self.branch.key

    @property
    def sign(self) -> float:
        """The factor that orients its values: larger is then more similar, whatever the metric."""
        return metric_sign(self.branch.metric)


@attrs.frozen
class Control:
    """What a control makes of a branch, whose values stand as they are."""

    branch: ResolvedBranch
    control: Part
    sign = 1.0

    @property
    def key(self) -> str:
        """A readable name."""
        return f"{self.control.key} of {self.branch.key}"


@attrs.frozen
class MethodOutput:
    """One value of a method."""

    method: Part
    output: str

    @property
    def key(self) -> str:
        """A readable name."""
        return output_key(self.method, self.output)

    @property
    def sign(self) -> float:
        """The factor that orients its values as similarities are: larger is then worse.

        Values of which neither way is better stand as they are.
        """
        return -1.0 if self.method.traits["better"] == "high" else 1.0


Quantity = Similarity | Control | MethodOutput


def metric_sign(metric: Part) -> float:
    """The factor that orients a metric's values: larger is then more similar."""
    return 1.0 if metric.traits["similar"] == "high" else -1.0


def signs(items: Iterable[Quantity]) -> FloatArray:
    """The factors ``[Q]`` that orient quantities."""
    return np.array([item.sign for item in items], dtype=np.float64)


def outputs(method: Part) -> list[Quantity]:
    """The values of a method, each one quantity."""
    return [MethodOutput(method, name) for name in method_outputs(method)]


def of_recipe(recipe: ResolvedRecipe) -> list[Quantity]:
    """What a recipe's mapper maps, in this order: the similarities of its branches, then the outputs of its methods."""
    return [*map(Similarity, recipe.branches), *(item for method in recipe.methods for item in outputs(method))]


def quantities(recipes: ResolvedSet) -> list[Quantity]:
    """What has to be measured for the recipes of a set, each quantity once."""
    return distinct(item for recipe in recipes.recipes.values() for item in of_recipe(recipe))
