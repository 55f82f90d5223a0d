"""How a search chooses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from ..extension.registry import Part
from ..recipes.view import View
from .objective import Objective


@attrs.frozen
class SearchSettings:
    """How a search chooses.

    Attributes:
        budget: for the strategy (see :class:`veiqa_core.contracts.SearchTask`).
        branches: how many a recipe may have, methods counting alike; more than one are found by adding the best one
            after another.
        mapper_of_many: the mapper of recipes with several values: of several branches, or of a method that has several.
        folds: how many parts the contents are dealt into, each to be tested by a choice made on the others.
        folder: where strategies may keep files; None for nowhere.
        view: under which all images are measured.
    """

    strategy: Part
    objective: Objective
    mapper_of_many: Part
    budget: int | None = None
    branches: int = 1
    folds: int = 5
    seed: int = 0
    folder: Path | None = None
    view: View = None

    def mapper(self, names: Sequence[str]) -> Part:
        """The mapper of a recipe whose values have these names."""
        part = self.objective.mapper if len(names) == 1 else self.mapper_of_many
        return attrs.evolve(part, names=tuple(names))
