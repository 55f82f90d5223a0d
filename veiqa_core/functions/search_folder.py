"""Whether a search may be written into a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..files.paths import same_file
from ..report.search.folder import ABOUT, FILES
from .folders import check_folder, refuse_store_target


def check_output(folder: Path, dataset: Path, space: str, about: Mapping[str, Any], store: Path | None) -> None:
    """Refuse a folder that a search cannot be written into, before any work is done; nothing is made.

    Args:
        space: its name or file, which is read.
        about: what the search is, as :func:`veiqa_core.searching.outputs.about` has it.
        store: the store that was named.

    Raises:
        UsageError: it cannot be written, or holds files of another making, or another search.
    """
    check_folder("--output", folder, dataset)
    there = [name for name in FILES if os.path.lexists(folder / name)]
    for name in FILES:
        refuse_store_target("--output", folder / name, store)
        if (folder / name).is_dir():
            raise UsageError(f"--output {folder}: {name} is a folder there; name another")
        if same_file(space, folder / name):
            raise UsageError(f"--output {folder}: {name} is the search space that is read; name another folder")
    if not there:
        return
    earlier = _earlier(folder / ABOUT)
    if earlier is None:
        raise UsageError(f"--output {folder}: {there[0]} is there already, and no search wrote it; name another folder")
    for what, value in about.items():
        if _comparable(earlier.get(what)) != _comparable(value):
            was = f"({what} {earlier.get(what)}, not {value})"
            raise UsageError(f"--output {folder}: holds another search {was}; name another folder, or delete it first")


def _comparable(value: Any) -> Any:
    """A value, a dataset's folder as what it leads to."""
    return (
        {**value, "path": os.path.realpath(str(value["path"]))}
        if isinstance(value, dict) and "path" in value
        else value
    )


def _earlier(path: Path) -> dict[str, Any] | None:
    """What an earlier search wrote of itself; None where there is nothing such."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and {"space", "objective", "winners"} <= found.keys() else None
