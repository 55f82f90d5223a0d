"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ..errors import UsageError, one_line
from .paths import is_file, is_stream


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


def check_folder(folder: Path) -> None:
    """Refuse a folder that files cannot be written into; it may be still to be made.

    Raises:
        UsageError: it is a file, or something keeps files from being written there.
    """
    if is_file(folder):
        raise UsageError(f"{folder}: is a file, not a folder")
    if (problem := obstacle(folder)) is not None:
        raise UsageError(f"{folder}: cannot be written: {problem}")


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


def write_text(text: str, path: Path) -> None:
    """Write a text as UTF-8, otherwise as :func:`write_whole`.

    Raises:
        UsageError: it cannot be written.
    """
    write_whole(path, lambda stream: stream.write(text.encode()))


def _write_into(path: Path, save: Callable[[IO[bytes]], object]) -> None:
    try:
        with path.open("wb") as stream:
            save(stream)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or one_line(error)}") from error
