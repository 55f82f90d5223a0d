"""Folders that are written into, and stores that are never written over."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..errors import UsageError
from ..files.writing import obstacle


def check_folder(option: str, folder: Path, *datasets: Path) -> None:
    """Find what would keep files from being written into a folder, before any work is done; nothing is made.

    Args:
        option: that names it, for the message.
        datasets: folders of which it must be none.

    Raises:
        UsageError: it is a dataset's, or cannot be made or written to.
    """
    if any(os.path.realpath(folder) == os.path.realpath(dataset) for dataset in datasets):
        raise UsageError(f"{option} {folder}: is the dataset's folder; name another")
    problem = obstacle(folder)
    if problem is not None:
        verb = "written" if os.path.isdir(folder) else "made"  # noqa: PTH112  # knows names that no file system takes
        raise UsageError(f"{option} {folder}: cannot be {verb}: {problem}")


def make_folder(option: str, folder: Path, *datasets: Path) -> None:
    """See to it that there is a folder to write into, apart from those of datasets.

    Raises:
        UsageError: as for :func:`check_folder`.
    """
    check_folder(option, folder, *datasets)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{option} {folder}: cannot be made: {error.strerror}") from error


def refuse_store_target(option: str, target: Path, given: Path | None) -> None:
    """Never write over a store or what lies beside it: the one in use, the default one, or any other.

    Args:
        option: that names the target, for the message.
        given: the store that was named.

    Raises:
        UsageError: the target is one.
    """
    from ..store import default_path
    from ..store.file import BESIDE, is_store

    place = os.path.realpath(target)
    kept = [] if given is None else [os.path.realpath(given)]
    with suppress(UsageError):  # there may be no default one
        kept.append(os.path.realpath(default_path()))
    if place in {f"{path}{end}" for path in kept for end in ("", *BESIDE)} or is_store(target):
        raise UsageError(f"{option} {target}: is a store of similarities, or lies beside it; name another file")
