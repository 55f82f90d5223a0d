"""What the commands on a dataset share: its arguments, and the store."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...api import parameters as params
from ...errors import UsageError
from ..numbers import Number
from ..paths import PATH
from .completion import component_names
from .grouped import argument, option
from .settings import Settings

if TYPE_CHECKING:
    from ...extension.registry import Part, Registry
    from ...store import Store


@attrs.frozen
class DatasetOptions:
    """DATASET, PATH, ``--range`` and, where a command takes some of the images only, ``--distortion``."""

    dataset: str = argument(shell_complete=component_names("dataset"), metavar="DATASET")
    path: Path = argument(type=PATH)
    score_range: tuple[float, float] | None = option(
        "--range",
        type=Number(),
        nargs=2,
        metavar="LOW HIGH",
        help="The range of the scores, for a dataset that does not declare it: csv.",
    )

    def part(self, registry: Registry, settings: Settings) -> Part:
        """The dataset component that is named, with its parameters.

        Raises:
            UsageError: its name or a parameter is unknown, or it declares its range itself.
        """
        return dataset_part(registry, settings, self.dataset, self.score_range)


@attrs.frozen
class RatedOptions(DatasetOptions):
    """The same, and ``--distortion``."""

    distortions: tuple[str, ...] = option(
        "--distortion", multiple=True, metavar="TYPE", help="Only images of this type; repeatable."
    )


@attrs.frozen
class StoreOptions:
    """``--store`` and ``--no-store``.

    Raises:
        UsageError: both are given.
    """

    store: Path | None = option(
        "--store", type=PATH, metavar="FILE", help="Where similarities are kept. Default: in the cache."
    )
    no_store: bool = option("--no-store", is_flag=True, help="Compute everything, keep nothing.")

    def __attrs_post_init__(self) -> None:
        if self.no_store and self.store is not None:
            raise UsageError("--store and --no-store exclude each other")

    def opened(self, place: Path | None = None, *, needed: bool = False) -> AbstractContextManager[Store | None]:
        """The store that is meant.

        Args:
            place: a file to be used in place of what is named.
            needed: whether the default one, too, must be usable.

        Raises:
            UsageError: a file that is needed or named cannot be opened, or is no store.
        """
        from ...store import Store, default_path, open_default

        path = place or self.store
        if self.no_store:
            return nullcontext(None)
        if path is not None or needed:
            return Store(path or default_path())
        return open_default() or nullcontext(None)


def dataset_part(registry: Registry, settings: Settings, dataset: str, score_range: tuple[float, float] | None) -> Part:
    """The dataset component that the options name, with its parameters.

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


def interruption_note(store: Store | None) -> str:
    """What an interruption leaves."""
    if store is None:
        return "nothing was kept"
    return "what was measured is kept, and the same command goes on from there"
