"""Plugins found from the metadata of installed distributions, without importing any of them.

Each distribution is read by itself, so that one with damaged metadata keeps no other from being found.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution
from typing import Any, TypeVar

import attrs

from ..errors import one_line

S = TypeVar("S")
T = TypeVar("T")

GROUP = "veiqa"

_ENTRY_POINTS = "entry_points.txt"


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


@attrs.frozen(order=True)
class Damaged:
    """An installed distribution whose metadata cannot be read.

    Attributes:
        dist: its name, as far as that can be known.
        reason: what is wrong.
    """

    dist: str
    reason: str

    def __str__(self) -> str:
        return f"distribution {self.dist}: {self.reason}; plugins that it may hold are left out"


@attrs.frozen
class Discovery:
    """What the installed distributions name, sorted: the plugins, and the distributions that cannot be read."""

    plugins: tuple[Found, ...]
    damaged: tuple[Damaged, ...]


def find() -> list[Found]:
    """The plugins of :func:`discover`."""
    return list(discover().plugins)


def discover() -> Discovery:
    """All plugins of installed distributions, and the distributions whose metadata are damaged.

    ``VEIQA_PLUGINS=a,b`` in the environment limits them to the distributions a and b; empty, to none.
    """
    allowed = os.environ.get("VEIQA_PLUGINS")
    names = None if allowed is None else {normalise(name) for name in allowed.split(",")}
    plugins: list[Found] = []
    damaged: set[Damaged] = set()
    seen: set[str] = set()
    for dist in distributions(damaged):
        name = _name(dist)
        if name in seen:  # the first on the path is the one that Python imports
            continue
        seen.add(name)
        try:
            plugins += [plugin for plugin in _plugins(dist) if names is None or plugin.dist in names]
        except Exception as error:  # whatever somebody else's damaged files make of reading them
            damaged.add(Damaged(name, one_line(error) if isinstance(error, _Unusable) else _reason(error)))
    return Discovery(tuple(sorted(plugins)), tuple(sorted(damaged)))


def distributions(damaged: set[Damaged] | None = None) -> Iterator[Distribution]:
    """All installed distributions, as far as they can be listed.

    Args:
        damaged: takes what keeps the rest from being listed.
    """
    found = iter(importlib.metadata.distributions())
    while True:
        try:
            dist = next(found)
        except StopIteration:
            return
        except Exception as error:  # a finder of somebody else's making
            if damaged is not None:
                damaged.add(Damaged("unknown", f"the installed distributions cannot be listed: {one_line(error)}"))
            return
        yield dist


def pass_over_damaged() -> None:
    """Let libraries look for entry points of their own beside damaged distributions, here and in processes begun here.

    One such distribution ends ``importlib.metadata.entry_points()`` for everybody, and with it the import of torch and
    triton, which look for further backends. So the list that it goes by leaves such distributions out.
    """
    listed = importlib.metadata.distributions

    def sound(**context: Any) -> Iterator[Distribution]:
        return (dist for dist in listed(**context) if _read(lambda of: of.entry_points, dist) is not None)

    importlib.metadata.distributions = sound
    os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")  # a new process imports torch before it comes here


def version_of(dist: str) -> str | None:
    """The version of an installed distribution, without importing it; None where none is installed or readable."""
    return _read(importlib.metadata.version, dist)


def requires_of(dist: str) -> list[str]:
    """The requirements of an installed distribution; none where they cannot be read."""
    return _read(importlib.metadata.requires, dist) or []


def versions_of_module(top: str) -> list[str]:
    """The versions of the distributions that hold a top-level module, sorted. Slow: all distributions are read."""
    holders = [dist for dist in distributions() if top in (_read(_modules, dist) or ())]
    return sorted({version for dist in holders if (version := _read(lambda of: of.version, dist))})


def normalise(dist: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", dist.strip()).lower()


class _Unusable(Exception):
    """What is wrong with a distribution, in our words."""

    def __str__(self) -> str:
        return str(self.args[0])


def _plugins(dist: Distribution) -> list[Found]:
    """The plugins that a distribution names.

    Raises:
        Exception: its metadata are damaged, whatever that leads to.
    """
    named = [entry for entry in dist.entry_points if entry.group == GROUP]
    if not named:
        place = getattr(dist, "_path", None)
        if dist.read_text(_ENTRY_POINTS) is None and place is not None and place.joinpath(_ENTRY_POINTS).exists():
            raise _Unusable(f"its {_ENTRY_POINTS} cannot be read")  # closed, or no file
        return []
    metadata = _read(lambda of: of.metadata, dist)
    name = None if metadata is None else _read(lambda of: of["Name"], metadata)
    if not name:
        raise _Unusable("its METADATA is missing or names no distribution, as a half-finished removal leaves it")
    version = _read(lambda of: of.version, dist) or "unknown"
    return [Found(normalise(name), entry.name, version, entry.value) for entry in named]


def _name(dist: Distribution) -> str:
    """A distribution's normalised name, taken from its folder where that names it, for reading metadata takes long."""
    by_folder = _read(lambda of: of._normalized_name, dist)  # type: ignore[attr-defined]  # as Python's entry_points()
    name = by_folder or _read(lambda of: of.metadata["Name"], dist)
    return normalise(name) if name else str(getattr(dist, "_path", "unknown"))


def _modules(dist: Distribution) -> set[str]:
    """The top-level modules of a distribution, by its own list or by its files."""
    named = (dist.read_text("top_level.txt") or "").split()
    return set(named) or {file.parts[0].partition(".")[0] for file in dist.files or ()}


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"its {_ENTRY_POINTS} is not UTF-8 text"
    return f"its {_ENTRY_POINTS} is malformed: {one_line(error)}"


def _read(work: Callable[[S], T], of: S) -> T | None:
    """What can be read of metadata; None where it is not there or damaged."""
    try:
        return work(of)
    except Exception:  # besides PackageNotFoundError whatever damaged files make of reading them
        return None
