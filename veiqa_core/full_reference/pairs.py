"""Which copies belong to which originals: two files, the files of two folders by their names, or a table."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from ..errors import TableError, UsageError
from ..files.names import name_key
from ..files.paths import display_name
from ..files.reading import text_of
from ..files.tables import read_table
from ..inputs import walk

Report = Callable[[str], object]

ORIGINAL, COPY = "original", "copy"


@attrs.frozen
class Pair:
    """An original and a copy of it.

    Attributes:
        original, copy: the files; None for one that is not there.
        problem: why there is nothing to compare; None where there is.
    """

    original: str | None
    copy: str | None
    problem: str | None = None

    @property
    def name(self) -> str:
        """What the pair is called: its copy, or the original that has none."""
        return self.copy or self.original or ""


def by_name(originals: Path, copies: Path, report: Report, left_out: Report) -> Iterator[Pair]:
    """The pairs of two folders: each copy with the original of the same path in its folder.

    Suffixes may differ where one original only has the name; so an original may have several copies. Case and Unicode
    normalisation may differ, too. Copies come in the order of their names, then the originals without any.

    Args:
        report: takes one line for a folder that cannot be listed.
        left_out: takes the path of each picture that VEIQA made.

    Raises:
        UsageError: a folder cannot be listed, holds no images, or lies in the other one.
    """
    _check_apart(originals, copies)
    there = {name_key(path): path for path in _paths(originals, report, left_out)}
    by_stem: dict[str, list[str]] = defaultdict(list)
    for path in there.values():
        by_stem[_stem(path)].append(path)
    without = dict.fromkeys(there.values())
    for copy in _paths(copies, report, left_out):
        exact = there.get(name_key(copy))
        found = [exact] if exact is not None else by_stem.get(_stem(copy), [])
        for path in found:
            without.pop(path, None)
        yield _pair(originals, copies, found, copy)
    for path in without:
        name = os.path.join(originals, path)  # noqa: PTH118  # as the user wrote the folder
        yield Pair(name, None, f"{display_name(name)}: has no copy in {display_name(copies)}")


def _pair(originals: Path, copies: Path, found: Sequence[str], copy: str) -> Pair:
    name = os.path.join(copies, copy)  # noqa: PTH118
    if len(found) == 1:
        return Pair(os.path.join(originals, found[0]), name)  # noqa: PTH118
    if not found:
        return Pair(None, name, f"{display_name(name)}: has no original in {display_name(originals)}")
    several = " and ".join(map(display_name, sorted(found)))
    return Pair(None, name, f"{display_name(name)}: has several originals, {several}; say which by --pairs")


def _check_apart(originals: Path, copies: Path) -> None:
    first, second = (Path(os.path.realpath(folder)) for folder in (originals, copies))
    if first == second:
        raise UsageError(f"{display_name(copies)}: is the folder of the originals itself; name that of the copies")
    if first in second.parents or second in first.parents:
        raise UsageError(
            f"{display_name(originals)} and {display_name(copies)}: one lies in the other; move it out, or name pairs "
            "by --pairs"
        )


def _paths(folder: Path, report: Report, left_out: Report) -> list[str]:
    """The images in a folder, relative to it."""
    root = str(folder)
    found = [os.path.relpath(path, root) for path in walk(root, report=report, left_out=left_out)]
    if not found:
        raise UsageError(f"{display_name(folder)}: holds no images")
    return found


def _stem(path: str) -> str:
    return name_key(os.path.splitext(path)[0])  # noqa: PTH122  # names need not be text


def of_table(file: Path, originals: Path, copies: Path) -> list[Pair]:
    """The pairs of a table with the columns ``original`` and ``copy``.

    Args:
        originals, copies: the folders to which its names are relative.

    Raises:
        UsageError: it cannot be read, or is no such table.
    """
    try:
        text = text_of(file)
    except ValueError as error:
        raise UsageError(f"--pairs {display_name(file)}: {error}") from error
    try:
        rows = read_table(text, (ORIGINAL, COPY))
        for row in rows:
            for column in (ORIGINAL, COPY):
                if not row.cells.get(column):
                    raise TableError(f"names no {column}", row.number)
    except TableError as error:
        raise UsageError(f"--pairs {error.of(display_name(file))}") from error
    return [Pair(str(originals / row.cells[ORIGINAL]), str(copies / row.cells[COPY])) for row in rows]
