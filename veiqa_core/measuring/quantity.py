"""What is measured of an image: similarities of branches, and the values of controls."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np

from ..contracts import FloatArray
from ..extension.registry import Part
from ..recipes.resolution import ResolvedBranch, ResolvedSet
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


Quantity = Similarity | Control


def metric_sign(metric: Part) -> float:
    """The factor that orients a metric's values: larger is then more similar."""
    return 1.0 if metric.traits["similar"] == "high" else -1.0


def signs(branches: Iterable[ResolvedBranch]) -> FloatArray:
    """The factors ``[B]`` that orient the similarities of branches."""
    return np.array([Similarity(branch).sign for branch in branches], dtype=np.float64)


def quantities(recipes: ResolvedSet) -> list[Quantity]:
    """What has to be measured for the recipes of a set, each quantity once."""
    return [
        Similarity(branch) for branch in distinct(b for recipe in recipes.recipes.values() for b in recipe.branches)
    ]
