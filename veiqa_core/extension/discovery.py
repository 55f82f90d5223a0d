"""Plugins found from the metadata of installed distributions, without importing any of them."""

from __future__ import annotations

import importlib.metadata
import os
import re

import attrs

GROUP = "veiqa"


@attrs.frozen(order=True)
class Found:
    """An entry point in the group ``veiqa``.

    Attributes:
        dist: normalised name of the distribution.
        entry: name of the entry point.
        version: version of the distribution.
        value: what to import: ``"package.module"`` or ``"package.module:object"``.
    """

    dist: str
    entry: str
    version: str
    value: str

    def load(self) -> object:
        """Import what the entry point names."""
        return importlib.metadata.EntryPoint(self.entry, self.value, GROUP).load()


def find() -> list[Found]:
    """All plugins of installed distributions, sorted.

    ``VEIQA_PLUGINS=a,b`` in the environment limits them to the distributions a and b; empty, to none.
    """
    allowed = os.environ.get("VEIQA_PLUGINS")
    names = None if allowed is None else {normalise(name) for name in allowed.split(",")}
    found: dict[tuple[str, str], Found] = {}
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            metadata = None if entry.dist is None else entry.dist.metadata
        except FileNotFoundError:  # as the backport of importlib.metadata says it, where that is installed
            metadata = None
        name, version = (None, None) if metadata is None else (metadata["Name"], metadata["Version"])
        if not name:  # what a half-finished removal leaves behind
            continue
        dist = normalise(name)
        if names is None or dist in names:  # the first on the path is the one that Python imports
            found.setdefault((dist, entry.name), Found(dist, entry.name, version or "unknown", entry.value))
    return sorted(found.values())


def normalise(dist: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", dist.strip()).lower()
