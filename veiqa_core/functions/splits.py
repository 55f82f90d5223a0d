"""The arguments that say what is fitted on what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import attrs

from ..errors import UsageError
from .arguments import Arg
from .given import Place, Places, one_of, optional, path_of, places_of, whole

if TYPE_CHECKING:
    from ..evaluation.splits import Protocol

SPLITS = ("frozen", "loco", "lodo", "kfold", "repeated", "list")
FOLDS, REPEATS = 5, 10
"""Where nothing else is said."""


class FoldArguments(TypedDict, total=False):
    """What every split takes."""

    folds: Annotated[int | None, Arg(None, f"of the splits by folds; default: {FOLDS}")]
    seed: Annotated[int, Arg(0, "of all that is drawn: folds, repeats, and the bootstrap")]


class SplitArguments(FoldArguments, total=False):
    """How images are split, and other datasets to be fitted on."""

    split: Annotated[
        str | None,
        Arg(None, "``frozen``, ``loco``, ``lodo``, ``kfold``, ``repeated`` or ``list``; default: nothing is refitted"),
    ]
    repeats: Annotated[int | None, Arg(None, f"of the split ``repeated``; default: {REPEATS}")]
    split_file: Annotated[Place | None, Arg(None, "of the split ``list``, with the columns image and split")]
    train: Annotated[Places, Arg((), "other datasets that are fitted on, as ``(dataset, path)``")]


@attrs.frozen(kw_only=True)
class SplitChoice:
    """How images are split, and other datasets to be fitted on.

    Raises:
        UsageError: an argument of another split is given.
    """

    split: str | None = None
    folds: int | None = None
    repeats: int | None = None
    seed: int
    split_file: Path | None = None
    train: tuple[tuple[str, Path], ...] = ()

    def __attrs_post_init__(self) -> None:
        owners = (("folds", self.folds, ("kfold", "lodo")), ("repeats", self.repeats, ("repeated",)))
        for name, value, splits in owners:
            if self.split not in splits and value is not None:
                raise UsageError(f"--{name} goes with --split {' or '.join(splits)}: say that, or leave it out")

    @classmethod
    def of(cls, given: SplitArguments) -> SplitChoice:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        return cls(
            repeats=optional(whole, "repeats", given["repeats"], 1),
            split_file=optional(path_of, "split_file", given["split_file"]),
            train=places_of("train", given["train"]),
            **cls._folds(given["split"], given),
        )

    @classmethod
    def refitting(cls, split: str, given: FoldArguments) -> SplitChoice:
        """A split by its name alone, from arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        return cls(**cls._folds(split, given))

    @staticmethod
    def _folds(split: str | None, given: FoldArguments) -> dict[str, Any]:
        return {
            "split": optional(one_of, "split", split, SPLITS),
            "folds": optional(whole, "folds", given["folds"], 2),
            "seed": whole("seed", given["seed"], 0),
        }

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
