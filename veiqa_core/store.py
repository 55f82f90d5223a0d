"""Similarities kept between runs, in one SQLite file: (image digest, branch digest) -> value and flags.

A value is kept as soon as its image is done, so a run that stops goes on where it was. What decides a value's bits is
in its key, so a value taken from the store is the one that would be computed again.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import attrs
import platformdirs

from .errors import UsageError

_LAYOUT = 1
_TABLE = (
    "CREATE TABLE IF NOT EXISTS similarities (image TEXT, branch TEXT, value REAL NOT NULL, flags TEXT NOT NULL, "
    "PRIMARY KEY (image, branch)) WITHOUT ROWID"
)
_PATIENCE = 60.0  # seconds to wait for another process that writes


@attrs.frozen
class Value:
    """A similarity and the remarks on its VEIs."""

    similarity: float
    flags: tuple[str, ...] = ()


def default_path() -> Path:
    """``VEIQA_STORE``, or a file in the user's cache folder."""
    given = os.environ.get("VEIQA_STORE")
    return Path(given) if given else Path(platformdirs.user_cache_dir("veiqa", appauthor=False)) / "store.sqlite"


class Store:
    """An open store; a context manager.

    Raises:
        UsageError: the file cannot be opened, or is no store of this layout.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            self._choose_journal()
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._check_layout()
        except (OSError, sqlite3.Error) as error:
            raise self._problem(error) from error
        except UsageError:
            self._connection.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, image: str, branches: Sequence[str]) -> list[Value | None]:
        """What is known of an image, in the order of the branches."""
        try:
            rows = self._connection.execute(
                "SELECT branch, value, flags FROM similarities WHERE image = ?", (image,)
            ).fetchall()
        except sqlite3.Error as error:
            raise self._problem(error) from error
        known = {branch: Value(value, tuple(json.loads(flags))) for branch, value, flags in rows}
        return [known.get(branch) for branch in branches]

    def put(self, image: str, values: Mapping[str, Value]) -> None:
        """Keep values of one image by branch, all of them or none."""
        rows = [(image, branch, value.similarity, json.dumps(value.flags)) for branch, value in values.items()]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO similarities VALUES (?, ?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._problem(error) from error

    def _choose_journal(self) -> None:
        """Turn the write-ahead log on, waiting for others: SQLite's own timeout does not cover this change."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _check_layout(self) -> None:
        (layout,) = self._connection.execute("PRAGMA user_version").fetchone()
        if layout not in (0, _LAYOUT):
            raise UsageError(
                f"store {self._path}: has layout {layout}, and this VEIQA knows {_LAYOUT}; name another with --store"
            )
        self._connection.execute(_TABLE)
        self._connection.execute(f"PRAGMA user_version = {_LAYOUT}")

    def _problem(self, error: Exception) -> UsageError:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return UsageError(f"store {self._path}: {reason}; name another with --store, or say --no-store")
