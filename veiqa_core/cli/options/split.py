"""The options of ``evaluate`` that say what is fitted on what."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from ...functions.splits import FOLDS, REPEATS, SPLITS, SplitChoice
from ..numbers import Whole
from ..paths import PATH
from .grouped import option


@attrs.frozen
class SplitOptions(SplitChoice):
    """``--split``, ``--folds``, ``--repeats``, ``--seed``, ``--split-file`` and ``--train``.

    Raises:
        UsageError: an option of another split is given.
    """

    split: str | None = option(
        "--split",
        type=click.Choice(SPLITS),
        help="frozen (default): nothing is refitted. The others refit the mapper: leave one content out; leave one "
        "distortion type out, with contents by k folds; k folds or repeated 80/20 by content; a fixed list.",
    )
    folds: int | None = option("--folds", type=Whole(), help=f"For --split kfold and lodo. Default: {FOLDS}.")
    repeats: int | None = option("--repeats", type=Whole(), help=f"For --split repeated. Default: {REPEATS}.")
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
