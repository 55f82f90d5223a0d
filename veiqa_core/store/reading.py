"""Reading all of another store, or of a damaged one: what is sound, as far as SQLite can get to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import attrs

from . import rows
from .file import damaged, open_to_read, problem
from .rows import Value

_LEAST_ROW = 12  # bytes, fewer than any row takes: a damaged file could lead round in circles
ROWS = "SELECT image, branch, value, flags, checksum FROM similarities"

Scan = Generator[Any, None, bool]  # what a query finds, and whether it came to its end


@attrs.frozen
class About:
    """What is kept about a branch.

    Attributes:
        since: when it was first written, in seconds since 1970.
    """

    key: str | None
    since: int


@attrs.frozen
class Contents:
    """A store's branches by digest, and its sound values by image and branch, in parts and perhaps more than once."""

    branches: dict[str, About]
    values: Iterator[tuple[str, dict[str, Value]]]


@contextmanager
def reading(path: Path) -> Iterator[Contents]:
    """Read another store, as far as it can be read.

    Raises:
        UsageError: it is no store, or cannot be opened.
    """
    try:
        connection = open_to_read(path, tolerant=True)
        most = path.stat().st_size // _LEAST_ROW
    except (OSError, sqlite3.Error) as error:
        raise problem(path, error) from error
    with closing(connection):
        images = {number: digest for number, digest, *_ in _named(connection, "images", "NULL, 0", most)}
        known = {
            number: (digest, about) for number, digest, *about in _named(connection, "branches", "key, since", most)
        }
        branches = {number: digest for number, (digest, _) in known.items()}
        yield Contents(
            {digest: _about(*about) for digest, about in known.values()}, _values(connection, images, branches, most)
        )


def row_values(
    found: list[tuple[Any, ...]], image: str, branches: dict[int, str]
) -> tuple[dict[str, Value], list[int]]:
    """The sound values in rows (image, branch, value, flags, checksum) of one image, and the branches of the others."""
    begun = rows.start(image)
    sound, bad = {}, []
    for _, number, similarity, flags, checksum in found:
        branch = branches.get(number)
        value = None if branch is None else rows.value(begun, branch, similarity, flags, checksum)
        if branch is None or value is None:
            bad.append(number)
        else:
            sound[branch] = value
    return sound, bad


def _values(
    connection: sqlite3.Connection, images: dict[int, str], branches: dict[int, str], most: int
) -> Iterator[tuple[str, dict[str, Value]]]:
    for number, found in groupby(_rows(connection, images, most), key=itemgetter(0)):
        image = images.get(number)
        if image is not None:
            sound, _ = row_values(list(found), image, branches)
            yield image, sound


def _rows(connection: sqlite3.Connection, images: dict[int, str], most: int) -> Iterator[tuple[Any, ...]]:
    """All rows; where a page cannot be read, also from the other end and image by image."""
    whole = yield from _scan(connection, f"{ROWS} ORDER BY image, branch", most)
    if whole:
        return
    yield from _scan(connection, f"{ROWS} ORDER BY image DESC, branch DESC", most)
    for number in images:
        for order in ("branch", "branch DESC"):
            yield from _scan(connection, f"{ROWS} WHERE image = ? ORDER BY {order}", most, number)


def _named(connection: sqlite3.Connection, table: str, more: str, most: int) -> Iterator[tuple[Any, ...]]:
    """The rows (number, digest, more) of a table of names, from both its ends, then what only its index knows."""
    seen = set()
    for query in (
        f"SELECT id, digest, {more} FROM {table} NOT INDEXED ORDER BY id",
        f"SELECT id, digest, {more} FROM {table} NOT INDEXED ORDER BY id DESC",
        f"SELECT id, digest, NULL, 0 FROM {table} INDEXED BY sqlite_autoindex_{table}_1 ORDER BY digest",
    ):
        for row in _scan(connection, query, most):
            if row[0] not in seen and isinstance(row[1], str):
                seen.add(row[0])
                yield row


def _scan(connection: sqlite3.Connection, query: str, most: int, *given: int) -> Scan:
    try:
        yield from islice(connection.execute(query, given), most)
    except sqlite3.Error as error:
        # "no such table", where the schema cannot be read, is an OperationalError without a code of damage
        if not damaged(error) and error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        return False
    return True


def _about(key: object, since: object) -> About:
    return About(key if isinstance(key, str) else None, since if isinstance(since, int) else 0)
