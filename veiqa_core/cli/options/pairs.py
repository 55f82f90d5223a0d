"""The options that say which images are compared with which, and what the values must hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...errors import UsageError
from ...files.paths import display_name
from ...files.values import parse_number
from ..paths import PATH
from .grouped import argument, option

if TYPE_CHECKING:
    from ...extension.registry import Part
    from ...full_reference.comparison import Limit
    from ...full_reference.pairs import Pair


@attrs.frozen
class PairOptions:
    """ORIGINAL, COPY and ``--pairs``.

    Raises:
        UsageError: one is missing.
    """

    original: Path | None = argument(required=False, type=PATH, metavar="ORIGINAL")
    copy: Path | None = argument(required=False, type=PATH, metavar="COPY")
    pairs: Path | None = option(
        "--pairs",
        type=PATH,
        metavar="FILE",
        help="A table in CSV with the columns original and copy: paths in the two folders, or as they are.",
    )

    def __attrs_post_init__(self) -> None:
        if self.copy is None and (self.original is not None or self.pairs is None):
            raise UsageError("name an original and a copy, or a folder of each, or pairs in a table by --pairs FILE")

    @property
    def read(self) -> tuple[Path, ...]:
        """Files that are read."""
        named = (self.original, self.copy, self.pairs)
        return tuple(path for path in named if path is not None and not _is_folder(path))

    def found(self, report: Callable[[str], object], left_out: Callable[[str], object]) -> list[Pair]:
        """The pairs that are meant.

        Args:
            report: takes one line for a folder that cannot be listed.
            left_out: takes the path of each picture that VEIQA made.

        Raises:
            UsageError: there are none, or the arguments do not go together.
        """
        from ...full_reference import pairs

        named = [path for path in (self.original, self.copy) if path is not None]
        if self.pairs is not None:
            for path in named:
                if not _is_folder(path):
                    raise UsageError(f"{display_name(path)}: is no folder; with --pairs name the folders, or nothing")
            return pairs.of_table(self.pairs, self.original or Path(), self.copy or Path())
        first, second = named
        folders = [path for path in named if _is_folder(path)]
        for path in named:
            if folders and not os.path.lexists(path):
                raise UsageError(f"{display_name(path)}: no such folder")
        if len(folders) == 1:
            raise UsageError(
                f"{display_name(folders[0])}: is a folder, and the other is none; name two images or two folders"
            )
        if folders:
            return list(pairs.by_name(first, second, report, left_out))
        return [pairs.Pair(str(first), str(second))]


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  # knows names that no file system takes


@attrs.frozen
class LimitOptions:
    """``--fail-under`` and ``--fail-over``."""

    fail_under: tuple[str, ...] = option(
        "--fail-under",
        multiple=True,
        metavar="METRIC=VALUE",
        help="Exit with status 3 if a pair lies below, by a metric whose higher values are closer; repeatable.",
    )
    fail_over: tuple[str, ...] = option(
        "--fail-over",
        multiple=True,
        metavar="METRIC=VALUE",
        help="The same if it lies above, by a metric whose lower values are closer; repeatable.",
    )

    def limits(self, metrics: Sequence[Part]) -> list[Limit]:
        """What the values of pairs must hold.

        Raises:
            UsageError: one does not read METRIC=VALUE, or its metric is not among these, or closer on the other side.
        """
        from ...full_reference.comparison import limit

        return [
            limit(metrics, *_read(option, text), least=option == "--fail-under")
            for option, texts in (("--fail-under", self.fail_under), ("--fail-over", self.fail_over))
            for text in texts
        ]


def _read(option: str, text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        if not name:
            raise ValueError("names no metric")
        return name, parse_number(value)
    except ValueError as error:
        raise UsageError(f"{option} takes METRIC=VALUE, such as ssim=0.95; {text!r} {error}") from None
