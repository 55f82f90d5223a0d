"""What the commands on a dataset share: its arguments, and the store."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...errors import UsageError
from ...functions.datasets import DatasetChoice, RatedChoice
from ..numbers import Number
from ..paths import PATH
from .completion import component_names
from .grouped import argument, option

if TYPE_CHECKING:
    from ...store import Store


@attrs.frozen(slots=False)
class DatasetOptions(DatasetChoice):
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


@attrs.frozen(slots=False)
class RatedOptions(DatasetOptions, RatedChoice):
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


def interruption_note(store: Store | None) -> str:
    """What an interruption leaves."""
    if store is None:
        return "nothing was kept"
    return "what was measured is kept, and the same command goes on from there"
