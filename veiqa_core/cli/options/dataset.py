"""What the commands on a dataset share: its arguments, and the store."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...api import parameters as params
from ...errors import UsageError
from ..commands.completion import component_names
from ..numbers import Number
from ..paths import PATH
from .grouped import Command, give
from .settings import Settings

if TYPE_CHECKING:
    from ...extension.registry import Part, Registry
    from ...store import Store


_ARGUMENTS = (
    click.argument("dataset", shell_complete=component_names("dataset"), metavar="DATASET"),
    click.argument("path", type=PATH),
    click.option(
        "--range",
        "score_range",
        type=Number(),
        nargs=2,
        metavar="LOW HIGH",
        help="The range of the scores, for a dataset that does not declare it: csv.",
    ),
)
_STORE = (
    click.option("--store", type=PATH, metavar="FILE", help="Where similarities are kept. Default: in the cache."),
    click.option("--no-store", is_flag=True, help="Compute everything, keep nothing."),
)
distortion_option = click.option(
    "--distortion", "distortions", multiple=True, metavar="TYPE", help="Only images of this type; repeatable."
)


def dataset_arguments(command: Command) -> Command:
    """Give a command DATASET, PATH and ``--range``."""
    return give(command, _ARGUMENTS)


def store_options(command: Command) -> Command:
    """Give a command ``--store`` and ``--no-store``."""
    return give(command, _STORE)


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


def opened_store(path: Path | None, no_store: bool, *, needed: bool = False) -> AbstractContextManager[Store | None]:
    """The store that the options mean.

    Args:
        needed: whether the default one, too, must be usable.

    Raises:
        UsageError: both options are given, or a file that is needed or named cannot be opened, or is no store.
    """
    from ...store import Store, default_path, open_default

    if no_store:
        if path is not None:
            raise UsageError("--store and --no-store exclude each other")
        return nullcontext(None)
    if path is not None or needed:
        return Store(path or default_path())
    return open_default() or nullcontext(None)


def interruption_note(store: Store | None) -> str:
    """What an interruption leaves."""
    if store is None:
        return "nothing was kept"
    return "what was measured is kept, and the same command goes on from there"
