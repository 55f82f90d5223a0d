"""Paths and names that people wrote or that are made from texts."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from pathlib import Path

from ..errors import UsageError
from . import urls

_NOT_IN_NAMES = re.compile(r"[^\w.@=+-]+")
_LONGEST = 200  # bytes, which leaves room for a number and the suffix


def located(name: str) -> urls.Located:
    """Where a name says that a file is: a URL stays a text."""
    return name if urls.is_url(name) else Path(name)


def display_name(path: str | Path) -> str:
    """A path or URL as text that any output can hold."""
    return os.fsencode(public_name(path)).decode("utf-8", "replace")


def public_name(path: str | Path) -> str:
    """A path or URL as results name it: of a URL without what is secret in it."""
    return urls.public(path) if isinstance(path, str) else str(path)


def file_name(name: str) -> str:
    """The last part of a path or URL."""
    return urls.last_part(name) if urls.is_url(name) else Path(name).name


def file_stem(text: str) -> str:
    """A text as a file's name without suffix: odd characters become hyphens; a long one is cut, its digest added."""
    stem = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", text))
    if len(os.fsencode(stem)) <= _LONGEST:
        return stem
    return f"{stem[: _LONGEST // 4]}-{hashlib.sha256(os.fsencode(text)).hexdigest()[:12]}"


def same_file(one: str | Path, other: str | Path) -> bool:
    """Whether two names lead to one file, also by links of either kind; False where there is none."""
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


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
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except OSError:  # a name that no file system takes
        return False
