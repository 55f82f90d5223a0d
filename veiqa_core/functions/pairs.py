"""The arguments that say which images are compared with which."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import UsageError
from ..files.paths import display_name
from ..files.urls import Located
from .given import optional, place_of

if TYPE_CHECKING:
    from ..full_reference.pairs import Pair


@attrs.frozen(kw_only=True, slots=False)
class PairChoice:
    """An original and a copy, or a folder of each, or a table of pairs, whose paths are in these folders.

    Each may be at a URL.

    Raises:
        UsageError: one is missing.
    """

    original: Located | None = None
    copy: Located | None = None
    pairs: Located | None = None

    def __attrs_post_init__(self) -> None:
        if self.copy is None and (self.original is not None or self.pairs is None):
            raise UsageError("name an original and a copy, or a folder of each, or pairs in a table by --pairs FILE")

    @classmethod
    def of(cls, original: Any, copy: Any, pairs: Any) -> PairChoice:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        return cls(
            original=optional(place_of, "original", original),
            copy=optional(place_of, "copy", copy),
            pairs=optional(place_of, "pairs", pairs),
        )

    @property
    def named(self) -> tuple[Located, ...]:
        """The original and the copy, as far as they are named."""
        return tuple(path for path in (self.original, self.copy) if path is not None)

    @cached_property
    def folders(self) -> tuple[Located, ...]:
        """Those of them that are folders, which a place is asked once.

        Raises:
            UsageError: of a URL it cannot be found out.
        """
        return tuple(path for path in self.named if _is_folder(path))

    def found(self, report: Callable[[str], object], left_out: Callable[[str], object]) -> list[Pair]:
        """The pairs that are meant.

        Args:
            report: takes one line for a folder that cannot be listed.
            left_out: takes the path of each picture that VEIQA made.

        Raises:
            UsageError: there are none, or the arguments do not go together.
        """
        from ..full_reference import pairs

        if self.pairs is not None:
            for path in self.named:
                if path not in self.folders:
                    raise UsageError(f"{display_name(path)}: is no folder; with --pairs name the folders, or nothing")
            return pairs.of_table(self.pairs, self.original, self.copy)
        first, second = self.named
        for path in self.named:
            if self.folders and isinstance(path, Path) and not os.path.lexists(path):
                raise UsageError(f"{display_name(path)}: no such folder")
        if len(self.folders) == 1:
            raise UsageError(
                f"{display_name(self.folders[0])}: is a folder, and the other is none; name two images or two folders"
            )
        if self.folders:
            return list(pairs.by_name(first, second, report, left_out))
        return [pairs.Pair(str(first), str(second))]


def _is_folder(path: Located) -> bool:
    """Whether there is such a folder.

    Raises:
        UsageError: of a URL it cannot be found out.
    """
    if isinstance(path, str):
        from ..inputs import is_folder_at

        return is_folder_at(path)
    return os.path.isdir(path)  # noqa: PTH112  # knows names that no file system takes
