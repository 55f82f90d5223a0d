"""Which copies belong to which originals: two files, the files of two folders by their names, or a table."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from ..errors import TableError, UsageError, brief
from ..files import places, urls
from ..files.names import name_key
from ..files.paths import display_name, public_name
from ..files.reading import MOST_TEXT, decoded, text_of
from ..files.tables import TableRow, read_table
from ..files.urls import Located, PlaceError, is_url
from ..inputs import joined, walk

Report = Callable[[str], object]

ORIGINAL, COPY = "original", "copy"


@attrs.frozen
class Pair:
    """An original and a copy of it.

    Attributes:
        original, copy: the files, by path or URL; None for one that is not there.
        problem: why there is nothing to compare; None where there is.
    """

    original: str | None
    copy: str | None
    problem: str | None = None

    @property
    def name(self) -> str:
        """What the pair is called: its copy, or the original that has none."""
        return self.copy or self.original or ""


def by_name(originals: Located, copies: Located, report: Report, left_out: Report) -> Iterator[Pair]:
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
        name = _joined(originals, path)
        yield Pair(name, None, f"{display_name(name)}: has no copy in {display_name(copies)}")


def _joined(folder: Located, path: str) -> str:
    """A path or URL in a folder, which stays as the user wrote it."""
    return joined(str(folder), (path,))


def _pair(originals: Located, copies: Located, found: Sequence[str], copy: str) -> Pair:
    name = _joined(copies, copy)
    if len(found) == 1:
        return Pair(_joined(originals, found[0]), name)
    if not found:
        return Pair(None, name, f"{display_name(name)}: has no original in {display_name(originals)}")
    several = " and ".join(map(display_name, sorted(found)))
    return Pair(None, name, f"{display_name(name)}: has several originals, {several}; say which by --pairs")


def _check_apart(originals: Located, copies: Located) -> None:
    inside, outside = _lies_in(originals, copies), _lies_in(copies, originals)
    if inside and outside:
        raise UsageError(f"{display_name(copies)}: is the folder of the originals itself; name that of the copies")
    if inside or outside:
        raise UsageError(
            f"{display_name(originals)} and {display_name(copies)}: one lies in the other; move it out, or name pairs "
            "by --pairs"
        )


def _lies_in(one: Located, other: Located) -> bool:
    """Whether a folder is another one, or lies in it."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and urls.lies_in(one, other)
    return Path(os.path.realpath(one)).is_relative_to(os.path.realpath(other))


def _paths(folder: Located, report: Report, left_out: Report) -> list[str]:
    """The images in a folder, relative to it."""
    root = str(folder)
    relative = urls.relative if isinstance(folder, str) else os.path.relpath
    found = [relative(path, root) for path in walk(root, report=report, left_out=left_out)]
    if not found:
        raise UsageError(f"{display_name(folder)}: holds no images")
    return found


def _stem(path: str) -> str:
    return name_key(os.path.splitext(path)[0])  # noqa: PTH122  # names need not be text


def of_table(file: Located, originals: Located | None, copies: Located | None) -> list[Pair]:
    """The pairs of a table with the columns ``original`` and ``copy``.

    A table that came from a URL may name URLs only, as :func:`veiqa_core.files.urls.check_listed` has it.

    Args:
        originals, copies: the folders in which its names are; None where none was named: then they may be URLs, or
            paths from here.

    Raises:
        UsageError: it cannot be read, or is no such table, or names what it may not.
    """
    try:
        text = text_of(file) if isinstance(file, Path) else decoded(places.content(file, MOST_TEXT))
    except (ValueError, PlaceError) as error:
        raise UsageError(f"--pairs {display_name(file)}: {error}") from None
    try:
        rows = read_table(text, (ORIGINAL, COPY))
        made = [
            Pair(_placed(originals, _named(row, ORIGINAL), row), _placed(copies, _named(row, COPY), row))
            for row in rows
        ]
        if isinstance(file, str):
            for row, pair in zip(rows, made, strict=True):
                _check_listed(row, pair, file)
    except TableError as error:
        raise UsageError(f"--pairs {error.of(display_name(file))}") from error
    return made


def _named(row: TableRow, column: str) -> str:
    name = row.cells.get(column)
    if not name:
        raise TableError(f"names no {column}", row.number)
    return name


def _placed(folder: Located | None, name: str, row: TableRow) -> str:
    """What a table's name means: a path in the folder; where there is none, a URL or a path."""
    if folder is None:
        return name
    if is_url(name):
        raise TableError(
            f"names {brief(display_name(name))}, a URL; name a path in the folder that was named, or no folders",
            row.number,
        )
    return urls.joined(folder, [name]) if isinstance(folder, str) else str(folder / name)


def _check_listed(row: TableRow, pair: Pair, url: str) -> None:
    for place in (pair.original, pair.copy):
        try:
            urls.check_listed(str(place), url)
        except PlaceError as error:
            raise TableError(f"names {brief(display_name(str(place)))}: {error}", row.number) from None


def places_of(pairs: Iterable[Pair]) -> dict[str, str]:
    """Where the images at URLs are, by their names without what is secret in them; not where one name means several."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        for place in filter(is_url, (pair.original, pair.copy)):
            found.setdefault(public_name(place), set()).add(place)
    return {name: places.pop() for name, places in found.items() if len(places) == 1}
