"""Similarities kept between runs, in one SQLite file: (image digest, branch digest) -> value and flags.

A value is kept as soon as its image is done, so a run that stops goes on where it was. What decides a value's bits is
in its key, so a value taken from the store is the one that would be computed again. Each row has a checksum; one that
is wrong counts as not known.
"""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import platformdirs

from ..errors import StoreError, UsageError
from ..files.paths import from_home
from . import rows
from .file import (
    MEMORY,
    PATIENCE,
    SHORT_PATIENCE,
    DamageError,
    Identity,
    Opened,
    check,
    damaged,
    identity,
    open_file,
    open_memory,
    ordered,
    problem,
    warn,
)
from .reading import About, Contents, reading
from .rows import Value

__all__ = ["Store", "Value", "default_path", "named_path", "open_default"]

_OF_IMAGE = (
    "SELECT branch, value, flags, checksum FROM similarities WHERE image = (SELECT id FROM images WHERE digest = ?)"
)

Result = TypeVar("Result")


def named_path() -> Path | None:
    """The file that ``VEIQA_STORE`` names, ``~`` being the user's home folder; None where it is not set.

    Raises:
        UsageError: there is no such home folder.
    """
    given = os.environ.get("VEIQA_STORE")
    return from_home(given, "VEIQA_STORE") if given else None


def default_path() -> Path:
    """The file that ``VEIQA_STORE`` names, or one in the user's cache folder.

    Raises:
        UsageError: there is no home folder to look for it in.
    """
    return named_path() or _in_cache()


def _in_cache() -> Path:
    try:
        folder = Path(platformdirs.user_cache_dir("veiqa", appauthor=False))
    except RuntimeError:  # as newer versions of platformdirs have it
        folder = Path()
    if not folder.is_absolute():
        raise UsageError("this user has no home folder for a store; name one with --store, or say --no-store")
    return folder / "store.sqlite"


def open_default() -> Store | None:
    """The store that is used where none is named by an option: the one that ``VEIQA_STORE`` names, or else one in the
    cache, which is a convenience: where it cannot be used a warning says so, and there is none.

    Raises:
        UsageError: ``VEIQA_STORE`` names a file that cannot be opened, or is no store.
    """
    named = named_path()
    if named is not None:
        return Store(named)
    try:
        return Store(_in_cache(), optional=True)
    except UsageError as error:
        warn(f"{error}; going on without it")
        return None


class Store:
    """An open store; a context manager.

    A file that turns out to be damaged is set aside, at whatever call, with a warning, and what is sound in it is taken
    into a new one. A file that cannot be written is only read.

    A file that can no longer be used, as on a full disk, loses nothing that was measured: :meth:`put` returns, and the
    next :meth:`get`, or the end of the context, raises. An optional store says so on standard error instead; nothing is
    known or kept from then on.

    Args:
        optional: whether there can be a run without it.

    Attributes:
        path: the file.
        aside: files that were found damaged and set aside.

    Raises:
        UsageError: the file cannot be opened, or is no store of this layout.
    """

    _file: Opened

    def __init__(self, path: Path, *, optional: bool = False) -> None:
        self.path = path if path == MEMORY else Path(os.path.realpath(path))
        self.aside: list[Path] = []
        self._optional = optional
        self._failure: StoreError | None = None
        self._ordered = False  # whether the order of the rows was looked at, which takes longer
        self._about: dict[str, About] = {}
        self._reported = False
        self._open()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.connection.close()
        if error is None:
            self._raise_failure()

    @property
    def writable(self) -> bool:
        """Whether values can be kept."""
        return self._file.writable

    def get(self, image: str, branches: Sequence[str]) -> list[Value | None]:
        """What is known of an image, in the order of the branches.

        Raises:
            StoreError: the file can no longer be used, unless the store is optional.
        """
        found: list[Value | None] = [None] * len(branches)
        with self._use() as usable:
            if usable:
                found = self.work(lambda connection: self._get(connection, image, branches))
        self._raise_failure()
        return found

    def put(self, image: str, values: Mapping[str, Value]) -> None:
        """Keep values of one image by branch, all of them or none; NaN, which SQLite does not keep, is left out."""
        kept = {branch: value for branch, value in values.items() if not math.isnan(value.similarity)}
        with self._use() as usable:
            if usable and kept and self._may_write():
                self.work(lambda connection: self._put(connection, image, kept))

    def label(self, keys: Mapping[str, str]) -> None:
        """Keep readable keys of branches, by digest; those of branches without values are kept with their first one."""
        for digest, key in keys.items():
            known = self._about.get(digest)
            self._about[digest] = About(key, known.since if known else 0)
        with self._use() as usable:
            if usable and self.writable:
                self.work(lambda connection: self._label(connection, keys))

    def absorb(self, other: Path) -> int:
        """Take another store's sound values in where there are none yet; how many were new.

        Raises:
            UsageError: the other file is no store, or this one cannot be written.
            StoreError: this one can no longer be used, unless it is optional.
        """
        if not self.writable:
            raise UsageError(f"store {self.path}: cannot be written; name another with --store")
        with reading(other) as found:
            count = self._take(found)
        self._raise_failure()
        return count

    def quarantine(self) -> None:
        """Set this file aside, and put a new one in its place with all that is sound in it."""
        self._open(condemned=self._file.identity)

    def work(self, task: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do something on the connection; once more on the new file where this one turns out to be damaged.

        Raises:
            UsageError: the file cannot be read or written.
        """
        try:
            if identity(self.path) != self._file.identity:  # another process set it aside, or someone removed it
                self._open()
            return self._try(task)
        except (OSError, sqlite3.Error) as error:
            if not damaged(error):
                raise problem(self.path, error) from error
        self.quarantine()
        try:
            return self._try(task)
        except sqlite3.Error as error:
            raise problem(self.path, error) from error

    @contextmanager
    def _use(self) -> Iterator[bool]:
        """A block that uses the file, if it still can be used; its failure is remembered, and ends no run by itself."""
        try:
            yield self._failure is None
        except UsageError as error:
            self._failure = StoreError(str(error))
            if self._optional:
                warn(f"{error}; going on without it")

    def _raise_failure(self) -> None:
        if self._failure is not None and not self._optional:
            raise self._failure

    def _try(self, task: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            return task(self._file.connection)
        except BaseException:
            with suppress(sqlite3.Error):
                self._file.connection.rollback()
            self._forget()
            raise

    def _open(self, condemned: Identity = None) -> None:
        if hasattr(self, "_file"):
            self._file.connection.close()
        self._forget()
        self._ordered = False
        if condemned is not None and not self.writable:
            self._file = open_memory(condemned)
            warn(f"store {self.path}: is damaged and cannot be written; nothing in it is used any more")
            return
        try:
            self._file = open_file(self.path, condemned, SHORT_PATIENCE if self._optional else PATIENCE)
        except (OSError, sqlite3.Error) as error:
            raise problem(self.path, error) from error
        if self._file.aside is not None:
            self._rescue(self._file.aside)
        elif self.writable:
            self.work(check)

    def _rescue(self, aside: Path) -> None:
        self.aside.append(aside)
        count = 0
        with suppress(UsageError, StoreError), reading(aside) as found:
            count = self._take(found)
        warn(
            f"store {self.path}: was damaged and is now {aside}; {count} sound values of it were taken into a new file"
        )

    def _forget(self) -> None:
        self._numbers: dict[str, int] = {}
        self._known: tuple[int, int | None] | None = None  # how many branches, and the largest number

    def _may_write(self) -> bool:
        if not self.writable and not self._reported:
            self._reported = True
            warn(f"store {self.path}: cannot be written; values in it are used, new ones are not kept")
        return self.writable

    def _get(self, connection: sqlite3.Connection, image: str, branches: Sequence[str]) -> list[Value | None]:
        found = {number: rest for number, *rest in connection.execute(_OF_IMAGE, (image,))}
        if any(branch not in self._numbers for branch in branches):
            self._learn(connection)
        begun = rows.start(image)
        kept = [(branch, found.get(self._numbers.get(branch))) for branch in branches]
        values = [None if row is None else rows.value(begun, branch, *row) for branch, row in kept]
        bad = any(row is not None and value is None for (_, row), value in zip(kept, values, strict=True))
        if not self._ordered and (bad or self._lost(connection, image, found)):
            if not ordered(connection):
                raise DamageError("database disk image is malformed: rows out of order")
            self._ordered = True
        return values

    def _lost(self, connection: sqlite3.Connection, image: str, found: Mapping[int, object]) -> bool:
        """Whether an image has no rows although it has a number, which it has only together with rows."""
        return (
            not found and connection.execute("SELECT 1 FROM images WHERE digest = ?", (image,)).fetchone() is not None
        )

    def _put(self, connection: sqlite3.Connection, image: str, values: Mapping[str, Value]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        self._number(connection, values)
        connection.execute("INSERT OR IGNORE INTO images (digest) VALUES (?)", (image,))
        (number,) = connection.execute("SELECT id FROM images WHERE digest = ?", (image,)).fetchone()
        begun = rows.start(image)
        new = [rows.row(begun, branch, self._numbers[branch], value) for branch, value in values.items()]
        connection.executemany(f"INSERT OR REPLACE INTO similarities VALUES ({number}, ?, ?, ?, ?)", new)
        # In a damaged tree a row may go where no search finds it; without this it would be made again for ever.
        if not set(new) <= set(connection.execute(_OF_IMAGE, (image,))):
            raise DamageError("database disk image is malformed")
        connection.execute("COMMIT")

    def _number(self, connection: sqlite3.Connection, branches: Iterable[str]) -> None:
        """See to it that branches have numbers; in a transaction, so that no other process takes them away."""
        self._learn(connection)
        now = int(time.time())
        unknown = About(None, 0)
        new = [(b, self._about.get(b, unknown)) for b in branches if b not in self._numbers]
        if not new:
            return
        connection.executemany(
            "INSERT INTO branches (digest, key, since) VALUES (?, ?, ?)",
            [(branch, about.key, about.since or now) for branch, about in new],
        )
        self._learn(connection)
        if any(branch not in self._numbers for branch, _ in new):
            raise DamageError("database disk image is malformed")

    def _learn(self, connection: sqlite3.Connection) -> None:
        """Read the numbers of branches again if they changed: they only grow, so count and largest suffice."""
        known = connection.execute("SELECT count(*), max(id) FROM branches").fetchone()
        if known != self._known:
            self._numbers = dict(connection.execute("SELECT digest, id FROM branches"))
            self._known = known

    def _label(self, connection: sqlite3.Connection, keys: Mapping[str, str]) -> None:
        kept = connection.execute("SELECT digest, key FROM branches").fetchall()
        new = [(keys[digest], digest) for digest, key in kept if keys.get(digest, key) != key]
        if new:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("UPDATE branches SET key = ? WHERE digest = ?", new)
            connection.execute("COMMIT")

    def _take(self, other: Contents) -> int:
        for branch, about in other.branches.items():
            ours = self._about.get(branch, about)
            self._about[branch] = About(ours.key or about.key, about.since)
        count = 0
        for image, values in other.values:
            known = self.get(image, list(values))
            new = {branch: value for (branch, value), old in zip(values.items(), known, strict=True) if old is None}
            self.put(image, new)
            count += len(new)
        return count
