"""The arguments of a search: what is tried, how it is chosen, and where it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import attrs

from ..errors import UsageError
from .arguments import Arg
from .given import Place, one_of, optional, path_of, text_of, whole
from .recipes import ViewArguments, viewed
from .settings import Settings

if TYPE_CHECKING:
    from ..extension.registry import Registry
    from ..searching.settings import SearchSettings
    from ..searching.space import Space

OBJECTIVES = ("srocc", "plcc", "krocc", "rmse")


class ChoosingArguments(TypedDict, total=False):
    """How what is tried is chosen, and where it is written."""

    output: Annotated[
        Place | None, Arg(None, "a folder for what is found, as the command writes it; default: nothing is written")
    ]
    per_distortion: Annotated[
        bool, Arg(False, "whether one is chosen for each distortion type, which gives a recipe set")
    ]
    strategy: Annotated[str, Arg("exhaustive", "how candidates are tried")]
    objective: Annotated[str, Arg("srocc", "what is to be best: ``srocc``, ``plcc``, ``krocc`` or ``rmse``")]
    budget: Annotated[int | None, Arg(None, "how many candidates a strategy may measure, where it needs to know")]
    branches: Annotated[int, Arg(1, "most branches of a recipe, added one after another")]
    folds: Annotated[int, Arg(5, "parts of the contents, each reported under a choice that was made without it")]
    seed: Annotated[int, Arg(0, "of all that is drawn")]


class SearchingArguments(ChoosingArguments, ViewArguments, total=False):
    """The same, and how large images are judged."""


@attrs.frozen(kw_only=True)
class SearchChoice:
    """What is tried, how it is chosen, and where it is written; None for nowhere."""

    space_name: str
    output: Path | None = None
    per_distortion: bool
    strategy: str
    objective: str
    budget: int | None = None
    branches: int
    folds: int
    seed: int
    view: str | int | None = None

    @classmethod
    def of(cls, space: Any, given: SearchingArguments) -> SearchChoice:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        return cls(
            space_name=str(path_of("space", space)),
            output=optional(path_of, "output", given["output"]),
            per_distortion=bool(given["per_distortion"]),
            strategy=text_of("strategy", given["strategy"]),
            objective=one_of("objective", given["objective"], OBJECTIVES),
            budget=optional(whole, "budget", given["budget"], 1),
            branches=whole("branches", given["branches"], 1),
            folds=whole("folds", given["folds"], 2),
            seed=whole("seed", given["seed"], 0),
            view=given["view"],
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
