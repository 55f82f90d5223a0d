"""Files that are written: under names that file systems take, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO

from .errors import UsageError, one_line

_NOT_IN_NAMES = re.compile(r"[^\w.@=+-]+")
_LONGEST = 200  # bytes, which leaves room for a number and the suffix


def file_stem(text: str) -> str:
    """A text as a file's name without suffix: odd characters become hyphens; a long one is cut, its digest added."""
    stem = _NOT_IN_NAMES.sub("-", text)
    if len(os.fsencode(stem)) <= _LONGEST:
        return stem
    return f"{stem[: _LONGEST // 4]}-{hashlib.sha256(os.fsencode(text)).hexdigest()[:12]}"


def from_home(text: str | Path, what: str) -> Path:
    """A path that a user wrote, ``~`` and ``~NAME`` at its beginning being home folders, as shells have it.

    Args:
        what: where it was written, for the message.

    Raises:
        UsageError: there is no such home folder.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UsageError(
            f"{what} {text}: there is no such home folder; write the whole path, or ./~ for a name"
        ) from error


def is_file(path: Path) -> bool:
    """Whether there is a file that can be looked at; names that no file system takes are none."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_stream(path: Path) -> bool:
    """Whether what is there takes bytes as they come and keeps none: a device or a pipe."""
    return path.exists() and not path.is_file() and not path.is_dir()


def write_whole(path: Path, save: Callable[[IO[bytes]], object]) -> None:
    """Write a file in one step, its folder made where needed: whoever looks sees the old one, or none, or the new one.

    A link keeps pointing where it does; devices and pipes are written to directly.

    Raises:
        UsageError: it cannot be written.
    """
    if is_stream(path):
        _write_into(path, save)
        return
    path = path.resolve()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as stream:
            save(stream)
        unfinished.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or one_line(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()  # unless it became the file


def _write_into(path: Path, save: Callable[[IO[bytes]], object]) -> None:
    try:
        with path.open("wb") as stream:
            save(stream)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or one_line(error)}") from error


def read_text(path: Path, what: str) -> str:
    """The text of a file that a user named.

    Args:
        what: what the file should be, for the message.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"{what} {str(path)!r} cannot be read: {reason}; name a TOML file") from error
