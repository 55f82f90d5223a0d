"""The arguments that name rated images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import attrs

from ..api import parameters as params
from ..errors import UsageError, brief
from .arguments import Arg
from .given import Names, ends_of, names_of, optional, path_of
from .settings import Settings

if TYPE_CHECKING:
    from ..extension.registry import Part, Registry


class RatedArguments(TypedDict, total=False):
    """Which images of a dataset, and the range of its ratings."""

    score_range: Annotated[
        tuple[float, float] | None,
        Arg(None, "lowest and highest possible rating, for a dataset that does not declare them"),
    ]
    distortions: Annotated[Names, Arg((), "only images of these types")]


@attrs.frozen(kw_only=True, slots=False)
class DatasetChoice:
    """A dataset's reader, its folder and, where the reader does not know it, the range of its ratings."""

    dataset: str
    path: Path
    score_range: tuple[float, float] | None = None

    def part(self, registry: Registry, settings: Settings) -> Part:
        """The dataset component that is named, with its parameters.

        Raises:
            UsageError: its name or a parameter is unknown, or it declares its range itself.
        """
        return dataset_part(registry, settings, self.dataset, self.score_range)


@attrs.frozen(kw_only=True, slots=False)
class RatedChoice(DatasetChoice):
    """The same, and the types that are meant; none for all."""

    distortions: tuple[str, ...] = ()

    @classmethod
    def of(cls, dataset: Any, path: Any, given: RatedArguments) -> RatedChoice:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        if not isinstance(dataset, str):
            raise UsageError(f"dataset must be the name of a reader, such as csv, not {brief(dataset)}")
        return cls(
            dataset=dataset,
            path=path_of("path", path),
            score_range=optional(ends_of, "score_range", given["score_range"]),
            distortions=names_of("distortions", given["distortions"]),
        )


def dataset_part(registry: Registry, settings: Settings, dataset: str, score_range: tuple[float, float] | None) -> Part:
    """A dataset component by its name, with its parameters.

    Raises:
        UsageError: its name or a parameter is unknown, or it declares its range itself.
    """
    choice = settings.choice("dataset", dataset)
    given = dict(choice.params)
    if score_range is not None:
        item = registry.get("dataset", dataset)
        if all(info.name != "range" for info in params.describe(item.component.params)):
            raise UsageError(f"--range: dataset {item.label} declares its own range, {item.component.traits['range']}")
        given["range"] = list(score_range)
    return registry.part("dataset", dataset, given)
