"""The file of a store: its layout, opening it, and setting it aside when it is damaged.

Several processes may share a file. All opening and setting aside happens while an exclusive lock on ``FILE.lock`` is
held, so nobody opens a file that is half renamed. Who has a file open that another sets aside notices it by the file's
number at the next call and opens the new one. Until then it reads and writes the old file: what it reads is still
checked row by row, and what it wrote may be lost, and is then made again. SQLite itself sees that the old file was
renamed, and leaves the new one's log alone.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import attrs

from ..errors import UsageError
from ..text import printable

APPLICATION = int.from_bytes(b"VEIQ")
LAYOUT = 2
MEMORY = Path(":memory:")
BESIDE = ("-wal", "-shm", "-journal", ".lock")
"""What the names of the files beside a store add to its own."""

_MAGIC = b"SQLite format 3\0"
_APPLICATION_AT = 68  # bytes into the header

# The value has no declared type, since in a REAL column SQLite keeps -0.0 as 0.0. AUTOINCREMENT: a branch's number is
# never given again, so a number that another process remembers cannot come to mean another branch.
_SCHEMA = {
    "branches": (
        "CREATE TABLE branches (id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE, key TEXT, "
        "since INTEGER NOT NULL)"
    ),
    "images": "CREATE TABLE images (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE)",
    "similarities": (
        "CREATE TABLE similarities (image INTEGER NOT NULL, branch INTEGER NOT NULL, value NOT NULL, flags TEXT, "
        "checksum INTEGER NOT NULL, PRIMARY KEY (image, branch)) WITHOUT ROWID"
    ),
}
PATIENCE, SHORT_PATIENCE = 10.0, 3.0
"""Seconds to wait for another process that has the file locked: where it is needed, and where a run does without."""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_NOT_WRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)

Identity = tuple[int, int] | None  # device and number of a file; None for what is not there, or only in memory


class DamageError(sqlite3.DatabaseError):
    """A store whose content contradicts itself where SQLite sees nothing wrong."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


@attrs.frozen
class Opened:
    """An open store file.

    Attributes:
        aside: where the damaged file is that was found in its place.
    """

    connection: sqlite3.Connection
    identity: Identity
    writable: bool = True
    aside: Path | None = None


def damaged(error: Exception) -> bool:
    """Whether an error of SQLite says that the file is malformed, or no longer where it was."""
    return _code(error) in _DAMAGED or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED


def problem(path: Path, error: Exception) -> UsageError:
    """An error about a store as one line."""
    if _code(error) in _LOCKED:
        reason = "is locked by another program, or lies where files cannot be locked"
    elif isinstance(error, FileExistsError | NotADirectoryError):
        reason = "a part of its path is no folder"
    else:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return UsageError(f"store {path}: {reason}; name another with --store, or say --no-store")


def warn(text: str) -> None:
    """Say something about a store on standard error, unless that is closed."""
    if sys.stderr is not None:
        print(printable(f"warning: {text}"), file=sys.stderr)


def identity(path: Path) -> Identity:
    """What distinguishes a file from another that gets its name."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def is_store(path: Path) -> bool:
    """Whether the header of a file says that it is a store, sound or not."""
    header = _header(path)
    return header.startswith(_MAGIC) and header[_APPLICATION_AT:] == APPLICATION.to_bytes(4)


def _header(path: Path) -> bytes:
    """The first bytes of a file, up to what says whose database it is; none where there is no file to look at."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(_APPLICATION_AT + 4)
    except OSError:
        return b""


def open_file(path: Path, condemned: Identity = None, patience: float = PATIENCE) -> Opened:
    """Open a store, begin one where none is, and set a damaged one aside; read-only where it cannot be written.

    Args:
        condemned: the file that was found to be damaged, if it is still the one.
        patience: seconds to wait for others that have it locked, at this and at every later call.

    Raises:
        UsageError: the file is no store of this layout.
        OSError, sqlite3.Error: it cannot be opened.
    """
    header = _header(path)
    if header and not header.startswith(_MAGIC):  # of a file of one byte SQLite would make a database
        raise problem(path, sqlite3.DatabaseError("file is not a database"))
    try:
        if path != MEMORY:
            path.parent.mkdir(parents=True, exist_ok=True)
        with turn(path, patience):
            aside = _set_aside(path) if condemned is not None and identity(path) == condemned else None
            try:
                connection = _connect(path, patience)
            except sqlite3.DatabaseError as error:
                if not damaged(error):
                    raise
                aside = _set_aside(path)
                connection = _connect(path, patience)
            return Opened(connection, identity(path), aside=aside)
    except (PermissionError, sqlite3.OperationalError) as error:
        if not isinstance(error, OSError) and _code(error) not in _NOT_WRITABLE:
            raise
        if not path.is_file():
            raise
        return Opened(open_to_read(path), identity(path), writable=False)


def check(connection: sqlite3.Connection) -> None:
    """Look for damage that puts would spread, such as a page that is in the tree twice; fast enough for openings.

    Raises:
        DamageError: there is some.
    """
    (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise DamageError(f"database disk image is malformed: {said}")


def ordered(connection: sqlite3.Connection) -> bool:
    """Whether rows lie where searches find them, which not every version of SQLite checks."""
    keys = connection.execute("SELECT image, branch FROM similarities ORDER BY image, branch")
    return all(one < other for one, other in pairwise(keys))


def open_memory(stands_for: Identity) -> Opened:
    """An empty store in the place of a file that can neither be read nor replaced."""
    return Opened(_connect(MEMORY), stands_for, writable=False)


def open_to_read(path: Path, tolerant: bool = False) -> sqlite3.Connection:
    """Open a store without writing to it.

    Args:
        tolerant: read what can be read of a damaged one.

    Raises:
        UsageError: the file is no store of this layout.
        sqlite3.Error: it cannot be opened.
    """
    location = path.absolute().as_uri()
    for options in ("mode=ro", "mode=ro&immutable=1"):  # in a folder that cannot be written only the latter opens
        connection = _plain(f"{location}?{options}")
        try:
            if not _check_origin(connection, path):
                raise UsageError(f"store {path}: is empty; name another with --store")
            if tolerant:
                connection.execute("PRAGMA writable_schema = ON")
            else:
                _check_schema(connection)
        except (sqlite3.Error, UsageError) as error:
            connection.close()
            if _code(error) not in _NOT_WRITABLE or options != "mode=ro":
                raise
        else:
            return connection
    raise AssertionError("unreachable")


def _connect(path: Path, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open a store to read and write, and begin it where there is none.

    Raises:
        UsageError: the file is no store of this layout.
        sqlite3.Error: it cannot be opened, or is damaged.
    """
    connection = _plain(str(path) if path == MEMORY else path.absolute().as_uri(), patience)
    try:
        if not _check_origin(connection, path):
            _begin(connection)
        _check_schema(connection)
        _choose_journal(connection, patience)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA user_version = {LAYOUT}")  # fails where the file cannot be written
        connection.execute("ROLLBACK")
    except (sqlite3.Error, UsageError):
        connection.close()
        raise
    return connection


def _plain(location: str, patience: float = PATIENCE) -> sqlite3.Connection:
    connection = sqlite3.connect(location, timeout=patience, isolation_level=None, uri=True)
    connection.text_factory = lambda data: data.decode(errors="replace")  # a checksum finds damaged text
    return connection


def _check_origin(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether this is a store; False for an empty file, which can become one.

    Raises:
        UsageError: it is something else, or has another layout.
    """
    connection.execute("PRAGMA writable_schema = ON")  # else SQLite does not even read this from a file cut short
    try:
        application, layout, pages = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "page_count")
        )
    except sqlite3.DatabaseError as error:
        if _code(error) == sqlite3.SQLITE_NOTADB:
            raise problem(path, error) from error
        raise
    connection.execute("PRAGMA writable_schema = OFF")
    if pages == 0:
        return False
    if application == APPLICATION and layout == LAYOUT:
        return True
    if application == APPLICATION or (application == 0 and layout == 1):
        raise _other_layout(path, layout)
    raise UsageError(f"store {path}: is a database, but not VEIQA's; name another with --store")


def _other_layout(path: Path, layout: int) -> UsageError:
    return UsageError(
        f"store {path}: has layout {layout}, and this VEIQA knows {LAYOUT}; delete it, or name another with --store"
    )


def _begin(connection: sqlite3.Connection) -> None:
    # Before the write-ahead log is turned on, so that the file itself says from the first what it is.
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {LAYOUT}")
    connection.execute("COMMIT")


def _check_schema(connection: sqlite3.Connection) -> None:
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    if any(found.get(name) != statement for name, statement in _SCHEMA.items()):
        raise DamageError("database disk image is malformed")


def _choose_journal(connection: sqlite3.Connection, patience: float) -> None:
    """Turn the write-ahead log on, waiting for others: SQLite's own timeout does not cover this change."""
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def lock_of(path: Path) -> Path:
    """The file beside a store on which opening and setting aside take turns."""
    return _beside(path, ".lock")


@contextmanager
def turn(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock on opening and setting aside: an empty database, since SQLite locks on every system."""
    if path == MEMORY:
        yield
        return
    lock = lock_of(path)
    with closing(sqlite3.connect(lock, timeout=patience, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        if not os.access(lock, os.W_OK):  # then SQLite locked nothing, and says nothing
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(lock))
        yield


def _set_aside(path: Path) -> Path:
    """Rename a damaged store with its log; the log first, so that it never lies beside a new file."""
    number = 1
    while any(_beside(path, f".damaged-{number}{end}").exists() for end in ("", "-wal", "-shm")):
        number += 1
    for end in ("-wal", "-shm", ""):
        part = _beside(path, end)
        if part.exists():
            part.replace(_beside(path, f".damaged-{number}{end}"))
    return _beside(path, f".damaged-{number}")


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f"{path.name}{end}")


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
