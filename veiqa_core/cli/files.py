"""Files and folders that commands write."""

from __future__ import annotations

import os
import sys
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
    if output is None or str(output) == "-" or is_stream(output):
        return
    if output.is_dir():
        raise UsageError(f"{option} {output}: is a folder; name a file")
    if not output.parent.is_dir():
        raise UsageError(f"{option} {output}: cannot be written: no such folder")
    if not os.access(output.parent, os.W_OK):
        raise UsageError(f"{option} {output}: cannot be written: Permission denied")


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
    """Write to a file in one step, or for None or ``-`` to standard output.

    Raises:
        UsageError: it cannot be written.
    """
    if output is None or str(output) == "-":
        sys.stdout.write(text)
        return
    write_whole(output, lambda stream: stream.write(text.encode()))
