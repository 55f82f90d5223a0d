"""The arguments of a search: what is tried, how it is chosen, and where it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import UsageError
from .given import one_of, optional, path_of, whole
from .recipes import viewed
from .settings import Settings

if TYPE_CHECKING:
    from ..extension.registry import Registry
    from ..searching.settings import SearchSettings
    from ..searching.space import Space

OBJECTIVES = ("srocc", "plcc", "krocc", "rmse")


@attrs.frozen(kw_only=True)
class SearchChoice:
    """What is tried, how it is chosen, and where it is written; None for nowhere."""

    space_name: str
    output: Path | None = None
    per_distortion: bool = False
    strategy: str = "exhaustive"
    objective: str = "srocc"
    budget: int | None = None
    branches: int = 1
    folds: int = 5
    seed: int = 0
    view: str | int | None = None

    @classmethod
    def of(cls, space: Any, output: Any, budget: Any, **given: Any) -> SearchChoice:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        least = {"branches": 1, "folds": 2, "seed": 0}
        one_of("objective", given["objective"], OBJECTIVES)
        for name, value in least.items():
            whole(name, given[name], value)
        return cls(
            space_name=str(path_of("space", space)),
            output=optional(path_of, "output", output),
            budget=optional(whole, "budget", budget, 1),
            **given,
        )

    def read(self, found: Registry, settings: Settings) -> tuple[Space, SearchSettings]:
        """The space, and how it is searched.

        Raises:
            UsageError: something that is named is not there, or does not go together.
        """
        from ..searching.candidates import has_several_values, override
        from ..searching.objective import Objective
        from ..searching.settings import SearchSettings
        from ..searching.space import find

        space = override(find(self.space_name, found), lambda kind, name: settings.choice(kind, name).params)
        choice = settings.choice("strategy", self.strategy)
        strategy = found.part("strategy", choice.name, choice.params)
        strategy.registered.load()  # whose extra may be missing
        if self.budget is None and strategy.traits["budget"] == "required":
            raise UsageError(f"--strategy {self.strategy} needs --budget N, the number of candidates to measure")
        if self.budget is not None and strategy.traits["budget"] == "none":
            raise UsageError(f"--strategy {self.strategy} measures every candidate: leave out --budget")
        one, many = (found.part("mapper", c.name, c.params) for c in (space.mapper, space.mapper_of_many))
        if many.traits["branches"] != "many" and (self.branches > 1 or has_several_values(space, found)):
            raise UsageError(f"search space {space.name!r}: mapper.many: {many.key} maps one value")
        return space, SearchSettings(
            strategy=strategy,
            objective=Objective(self.objective, one),
            mapper_of_many=many,
            budget=self.budget,
            branches=self.branches,
            folds=self.folds,
            seed=self.seed,
            folder=None if self.output is None else self.output / "strategy",
            view=viewed(self.view),
        )
