"""Files that are written, whole or not at all under names that file systems take; and read, within limits."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

from .errors import UsageError, brief, one_line

_NOT_IN_NAMES = re.compile(r"[^\w.@=+-]+")
_LONGEST = 200  # bytes, which leaves room for a number and the suffix


def file_stem(text: str) -> str:
    """A text as a file's name without suffix: odd characters become hyphens; a long one is cut, its digest added."""
    stem = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", text))
    if len(os.fsencode(stem)) <= _LONGEST:
        return stem
    return f"{stem[: _LONGEST // 4]}-{hashlib.sha256(os.fsencode(text)).hexdigest()[:12]}"


def name_key(name: str) -> str:
    """What two names have in common that some file system takes for one: it ignores case and Unicode normalisation."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


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


def unfinished(path: Path) -> Path:
    """A new name for what is to take a file's place: in its folder, and short, however long the file's own name is."""
    return path.with_name(f".veiqa-{os.getpid()}-{secrets.token_hex(4)}.part")


def obstacle(folder: Path) -> str | None:
    """What keeps files from being written into a folder, which may be still to be made; None for nothing.

    It is found by making a file there, or where the folder will be made, and removing it.
    """
    place = Path(os.path.realpath(folder))
    try:
        there = next(path for path in (place, *place.parents) if os.path.lexists(path))
        if not there.is_dir():
            return os.strerror(errno.ENOTDIR)
        if there != place:
            longest = os.pathconf(there, "PC_NAME_MAX") if hasattr(os, "pathconf") else 255
            if any(len(os.fsencode(part)) > longest for part in place.relative_to(there).parts):
                return os.strerror(errno.ENAMETOOLONG)
        if not os.access(there, os.W_OK):
            return os.strerror(errno.EACCES)
        trial = unfinished(there / "trial")
        with trial.open("xb"):
            trial.unlink()
    except OSError as error:
        return error.strerror or one_line(error)
    return None


def write_whole(path: Path, save: Callable[[IO[bytes]], object]) -> None:
    """Write a file in one step, its folder made where needed: whoever looks sees the old one, or none, or the new one.

    A link keeps pointing where it does; devices and pipes are written to directly.

    Raises:
        UsageError: it cannot be written.
    """
    if is_stream(path):
        _write_into(path, save)
        return
    path = Path(os.path.realpath(path))
    draft = unfinished(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("xb") as stream:
            save(stream)
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or one_line(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()  # unless it became the file


def _write_into(path: Path, save: Callable[[IO[bytes]], object]) -> None:
    try:
        with path.open("wb") as stream:
            save(stream)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or one_line(error)}") from error


MOST_TEXT = 2**26
"""Bytes of a text file that a user names; a table may be larger."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe, not a file; save what it gives first"),
    (stat.S_ISSOCK, "a socket, not a file"),
    (stat.S_ISCHR, "a device, not a file"),
    (stat.S_ISBLK, "a device, not a file"),
)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_MARKS = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class NoFile(Exception):
    """What a path leads to is no regular file; the text says what it is."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file; nothing else is opened, for reading a pipe or a device may never end.

    Raises:
        NoFile: it is something else.
        OSError: it cannot be opened.
    """
    _check_kind(path.stat().st_mode)
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NO_WAIT)) as stream:
        _check_kind(os.fstat(stream.fileno()).st_mode)  # it may have been replaced
        yield stream


def _check_kind(mode: int) -> None:
    for is_kind, what in _KINDS:
        if is_kind(mode):
            raise NoFile(f"is {what}")


def text_of(path: Path, most: int = 4 * MOST_TEXT) -> str:
    """The text of a file in UTF-8, with or without a byte-order mark.

    Args:
        most: bytes beyond which a file is not read.

    Raises:
        ValueError: it cannot be read, with the reason.
    """
    try:
        with opened(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > most:
                raise ValueError(f"has {size:,} bytes, more than the {most:,} that are read")
            content = stream.read(most + 1)
    except NoFile as error:
        raise ValueError(str(error)) from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or one_line(error)}") from error
    if len(content) > most:  # it grew, or does not say how long it is
        raise ValueError(f"has more than the {most:,} bytes that are read")
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            raise ValueError(f"is {name} text; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (see its byte {error.start + 1:,}); save it as UTF-8") from None


def read_text(path: Path, what: str) -> str:
    """The text of a file that a user named.

    Args:
        what: what the file should be, for the message.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return text_of(path, MOST_TEXT)
    except ValueError as error:  # a path that holds NUL as well
        advice = "" if ";" in str(error) else "; name a TOML file"
        raise UsageError(f"{what} {brief(str(path), 400)} {error}{advice}") from error
