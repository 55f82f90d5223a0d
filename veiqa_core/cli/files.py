"""Files and folders that commands write."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from ..errors import UsageError
from ..files import is_stream, write_whole


def check_place(output: Path | None, option: str = "--output") -> None:
    """Find what would keep a file from being written before any work is done.

    Args:
        option: that names it, for the message.

    Raises:
        UsageError: its folder is not there or may not be written to, or it is a folder itself.
    """
    if output is None or is_standard_output(output) or is_stream(output):
        return
    if output.is_dir():
        raise UsageError(f"{option} {output}: is a folder; name a file")
    if not output.parent.is_dir():
        raise UsageError(f"{option} {output}: cannot be written: no such folder")
    if not os.access(output.parent, os.W_OK):
        raise UsageError(f"{option} {output}: cannot be written: Permission denied")


def is_standard_output(path: Path | None) -> bool:
    """Whether no file is named, or standard output by one of its names, which leads elsewhere in a command."""
    return path is None or str(path) in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def keep_what_is_read(option: str, target: Path | None, *named: str | Path | None) -> None:
    """Never write over an image, or over another file that the command reads.

    Args:
        option: that names the target, for the message.
        named: images, lists and whatever else is read; None for nothing.

    Raises:
        UsageError: the target is one.
    """
    if target is None or not target.is_file():
        return
    place = target.resolve()
    if any(name is not None and Path(name).resolve() == place for name in named) or _holds_image(place):
        raise UsageError(
            f"{option} {target}: is one of the images, lists or other files that are read; name another file"
        )


def keep_stores(option: str, target: Path | None, given: Path | None) -> None:
    """Never write over a store or what lies beside it: the one in use, the default one, or any other.

    Args:
        option: that names the target, for the message.
        given: the store that the command was told to use.

    Raises:
        UsageError: the target is one.
    """
    if target is None or is_standard_output(target) or is_stream(target):
        return
    from ..store import default_path
    from ..store.file import BESIDE, is_store

    place = os.path.realpath(target)
    kept = [] if given is None else [os.path.realpath(given)]
    with suppress(UsageError):  # there may be no default one
        kept.append(os.path.realpath(default_path()))
    if place in {f"{path}{end}" for path in kept for end in ("", *BESIDE)} or is_store(target):
        raise UsageError(f"{option} {target}: is a store of similarities, or lies beside it; name another file")


def _holds_image(path: Path) -> bool:
    from ..errors import ImageError
    from ..images import frames

    try:
        return frames(path) > 0
    except ImageError:
        return False


def keep_apart(output: Path | None, folder: Path) -> None:
    """Never write over what a dataset's folder holds.

    Raises:
        UsageError: the file is one of the folder's.
    """
    if output is not None and output.is_file() and output.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"--output {output}: is a file of the dataset; name another")


def make_folder(option: str, folder: Path, *datasets: Path) -> None:
    """See to it that there is a folder to write into, apart from those of datasets.

    Args:
        option: that names it, for the message.

    Raises:
        UsageError: it is a dataset's, or cannot be made or written to.
    """
    if any(folder.resolve() == dataset.resolve() for dataset in datasets):
        raise UsageError(f"{option} {folder}: is the dataset's folder; name another")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{option} {folder}: cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{option} {folder}: cannot be written: Permission denied")


def write_text(text: str, output: Path | None) -> None:
    """Write to a file in one step, or to standard output.

    Raises:
        UsageError: it cannot be written.
    """
    if output is None or is_standard_output(output):
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    write_whole(output, lambda stream: stream.write(text.encode()))
