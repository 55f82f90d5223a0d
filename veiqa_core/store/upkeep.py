"""Looking after a store: what is in it, whether it is sound, and taking values out."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import attrs

from ..errors import UsageError
from . import Store
from .file import SHORT_PATIENCE, lock_of, open_file, ordered, problem, turn
from .reading import ROWS, row_values

_KEYLESS = "(no key)"
_LATEST = 2**32  # a time that any calendar takes, in place of a damaged one


@attrs.frozen
class Branch:
    """A kept branch: its number, readable key, when it was first written, and how many values it has."""

    number: int
    key: str
    since: int
    values: int


@attrs.frozen
class Group:
    """The branches of one readable key: they differ in versions, weights or environment."""

    key: str
    branches: int
    values: int


@attrs.frozen
class Info:
    """What a store holds; ``oldest`` and ``newest`` are the first writings of branches, in seconds since 1970."""

    bytes: int
    images: int
    branches: int
    values: int
    oldest: int | None
    newest: int | None
    keys: tuple[Group, ...]


def info(store: Store) -> Info:
    """Count what a store holds, the keys with the most values first."""
    kept = store.work(_branches)
    (images,) = store.work(lambda connection: connection.execute("SELECT count(*) FROM images").fetchone())
    files = (store.path, store.path.with_name(f"{store.path.name}-wal"))
    return Info(
        bytes=sum(file.stat().st_size for file in files if file.is_file()),
        images=images,
        branches=len(kept),
        values=sum(branch.values for branch in kept),
        oldest=min((branch.since for branch in kept), default=None),
        newest=max((branch.since for branch in kept), default=None),
        keys=grouped(kept),
    )


def grouped(branches: list[Branch]) -> tuple[Group, ...]:
    """Branches by readable key, those with the most values first."""
    by_key = defaultdict(list)
    for branch in branches:
        by_key[branch.key].append(branch.values)
    groups = [Group(key, len(counts), sum(counts)) for key, counts in by_key.items()]
    return tuple(sorted(groups, key=lambda group: (-group.values, group.key)))


def verify(store: Store) -> list[str]:
    """What is wrong in a store; rows that are not what was written are removed, a malformed file is set aside."""
    said = store.work(lambda connection: [line for (line,) in connection.execute("PRAGMA integrity_check")])
    problems = [] if said == ["ok"] else [" ".join(str(line).split()) for line in said]
    if not problems and not store.work(ordered):
        problems.append("rows are not in the order of their keys")
    if problems and store.writable:
        store.quarantine()
    bad = store.work(_unsound)
    if bad and store.writable:
        store.work(lambda connection: _remove(connection, bad))
    if bad:
        done = "removed, and made again when they are needed" if store.writable else "they count as not known"
        problems.append(f"{len(bad)} values are not what was written: {done}")
    return [*(f"the file was malformed and is now {path}" for path in store.aside), *problems]


def try_to_begin(path: Path) -> None:
    """Find what would keep a store from being begun, by one that is made beside its place and removed.

    Raises:
        UsageError: there is something.
    """
    folder = next(folder for folder in path.absolute().parents if os.path.lexists(folder))
    try:
        with tempfile.TemporaryDirectory(prefix=".veiqa-", dir=folder) as made:
            open_file(Path(made) / "store.sqlite").connection.close()
        if lock_of(path).exists():
            with turn(path, SHORT_PATIENCE):
                pass
    except (OSError, sqlite3.Error) as error:
        raise problem(path, error) from error


def prune(store: Store, wanted: Callable[[Branch], bool], dry: bool = False) -> tuple[Group, ...]:
    """Take out the values of branches, and give their space back.

    Args:
        dry: only find out what would be taken out.

    Raises:
        UsageError: the file cannot be written.
    """
    if dry:
        return grouped([branch for branch in store.work(_branches) if wanted(branch)])
    if not store.writable:
        raise UsageError(f"store {store.path}: cannot be written")
    gone = store.work(lambda connection: _take_out(connection, wanted))
    if gone:
        store.work(lambda connection: connection.execute("VACUUM"))
        store.work(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    return grouped(gone)


def _branches(connection: sqlite3.Connection) -> list[Branch]:
    counts = dict(connection.execute("SELECT branch, count(*) FROM similarities GROUP BY branch"))
    return [
        Branch(number, key if key is not None else _KEYLESS, min(max(since, 0), _LATEST), counts.get(number, 0))
        for number, key, since in connection.execute(
            "SELECT id, CAST(key AS TEXT), CAST(since AS INTEGER) FROM branches"
        )
    ]


def _take_out(connection: sqlite3.Connection, wanted: Callable[[Branch], bool]) -> list[Branch]:
    connection.execute("BEGIN IMMEDIATE")
    gone = [branch for branch in _branches(connection) if wanted(branch)]
    connection.executemany("DELETE FROM branches WHERE id = ?", [(branch.number,) for branch in gone])
    if gone:
        connection.execute("DELETE FROM similarities WHERE branch NOT IN (SELECT id FROM branches)")
        connection.execute("DELETE FROM images WHERE id NOT IN (SELECT image FROM similarities)")
    connection.execute("COMMIT")
    return gone


def _unsound(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    images = dict(connection.execute("SELECT id, digest FROM images"))
    branches = dict(connection.execute("SELECT id, digest FROM branches"))
    bad = []
    for image, found in groupby(connection.execute(f"{ROWS} ORDER BY image, branch"), key=itemgetter(0)):
        of_image = list(found)
        wrong = row_values(of_image, images[image], branches)[1] if image in images else [row[1] for row in of_image]
        bad += [(image, branch) for branch in wrong]
    return bad


def _remove(connection: sqlite3.Connection, keys: list[tuple[int, int]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("DELETE FROM similarities WHERE image = ? AND branch = ?", keys)
    connection.execute("COMMIT")
