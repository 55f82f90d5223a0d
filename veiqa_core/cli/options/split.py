"""The options of ``evaluate`` that say what is fitted on what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
from click.core import ParameterSource

from ...errors import UsageError
from ..numbers import Whole
from ..paths import PATH
from .grouped import option

if TYPE_CHECKING:
    from ...evaluation.splits import Protocol

_SPLITS = ("frozen", "loco", "lodo", "kfold", "repeated", "list")


@attrs.frozen
class SplitOptions:
    """``--split``, ``--folds``, ``--repeats``, ``--seed``, ``--split-file`` and ``--train``.

    Raises:
        UsageError: an option of another split is given.
    """

    split: str | None = option(
        "--split",
        type=click.Choice(_SPLITS),
        help="frozen (default): nothing is refitted. The others refit the mapper: leave one content out; leave one "
        "distortion type out, with contents by k folds; k folds or repeated 80/20 by content; a fixed list.",
    )
    folds: int = option("--folds", type=Whole(), default=5, show_default=True, help="For --split kfold and lodo.")
    repeats: int = option("--repeats", type=Whole(), default=10, show_default=True, help="For --split repeated.")
    seed: int = option("--seed", type=Whole(), default=0, show_default=True, help="Of folds, repeats and bootstrap.")
    split_file: Path | None = option(
        "--split-file",
        type=PATH,
        metavar="FILE",
        help="For --split list: CSV with the columns image and split (train or test; others are left out). Default: "
        "the dataset's own.",
    )
    train: tuple[tuple[str, Path], ...] = option(
        "--train",
        type=(str, PATH),
        multiple=True,
        metavar="DATASET PATH",
        help="Refit on another dataset, test here; beside a --split that refits: on its images, too. Repeatable.",
    )

    def __attrs_post_init__(self) -> None:
        given = click.get_current_context().get_parameter_source
        for name, owners in (("folds", ("kfold", "lodo")), ("repeats", ("repeated",))):
            if self.split not in owners and given(name) is not ParameterSource.DEFAULT:
                raise UsageError(f"--{name} goes with --split {' or '.join(owners)}: say that, or leave it out")

    def protocol(self) -> Protocol:
        """The protocol that is meant.

        Raises:
            UsageError: the options do not go together.
        """
        from ...evaluation.splits import Protocol

        if self.train and self.split == "frozen":
            raise UsageError("--train is to be fitted on, and --split frozen refits nothing: leave out one of them")
        if self.split_file is not None and self.split not in (None, "list"):
            raise UsageError(f"--split-file goes with --split list, not {self.split}")
        kind: Any = self.split or ("list" if self.split_file is not None else "train" if self.train else "frozen")
        return Protocol(kind=kind, folds=self.folds, repeats=self.repeats, seed=self.seed, file=self.split_file)
