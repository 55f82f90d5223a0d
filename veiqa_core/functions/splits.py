"""The arguments that say what is fitted on what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import UsageError
from .given import one_of, optional, path_of, places_of, whole

if TYPE_CHECKING:
    from ..evaluation.splits import Protocol

SPLITS = ("frozen", "loco", "lodo", "kfold", "repeated", "list")
FOLDS, REPEATS = 5, 10
"""Where nothing else is said."""


@attrs.frozen(kw_only=True)
class SplitChoice:
    """How images are split, and other datasets to be fitted on.

    Raises:
        UsageError: an argument of another split is given.
    """

    split: str | None = None
    folds: int | None = None
    repeats: int | None = None
    seed: int = 0
    split_file: Path | None = None
    train: tuple[tuple[str, Path], ...] = ()

    def __attrs_post_init__(self) -> None:
        owners = (("folds", self.folds, ("kfold", "lodo")), ("repeats", self.repeats, ("repeated",)))
        for name, value, splits in owners:
            if self.split not in splits and value is not None:
                raise UsageError(f"--{name} goes with --split {' or '.join(splits)}: say that, or leave it out")

    @classmethod
    def of(
        cls, split: Any, folds: Any, repeats: Any, seed: Any, split_file: Any = None, train: Any = ()
    ) -> SplitChoice:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        return cls(
            split=optional(one_of, "split", split, SPLITS),
            folds=optional(whole, "folds", folds, 2),
            repeats=optional(whole, "repeats", repeats, 1),
            seed=whole("seed", seed, 0),
            split_file=optional(path_of, "split_file", split_file),
            train=places_of("train", train),
        )

    def protocol(self) -> Protocol:
        """The protocol that is meant.

        Raises:
            UsageError: the arguments do not go together.
        """
        from ..evaluation.splits import Protocol

        if self.train and self.split == "frozen":
            raise UsageError("--train is to be fitted on, and --split frozen refits nothing: leave out one of them")
        if self.split_file is not None and self.split not in (None, "list"):
            raise UsageError(f"--split-file goes with --split list, not {self.split}")
        kind: Any = self.split or ("list" if self.split_file is not None else "train" if self.train else "frozen")
        folds = FOLDS if self.folds is None else self.folds
        repeats = REPEATS if self.repeats is None else self.repeats
        return Protocol(kind=kind, folds=folds, repeats=repeats, seed=self.seed, file=self.split_file)
