"""Files of unknown origin, read within limits."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import UsageError, brief, one_line

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
    return decoded(content)


def decoded(content: bytes) -> str:
    """The text of bytes in UTF-8, with or without a byte-order mark.

    Raises:
        ValueError: they are none.
    """
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
