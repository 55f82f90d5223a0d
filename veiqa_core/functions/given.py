"""Arguments as people give them, made into what the groups of arguments hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..errors import UsageError, brief, near_miss
from ..extension.registry import Registry, installed
from ..files.paths import display_name
from ..files.urls import Located, is_url
from ..files.values import is_number

T = TypeVar("T")

Names = str | Sequence[str]
Place = str | os.PathLike[str]
Places = Sequence[tuple[str, Place]]
"""Other datasets: the name of the reader and the folder of each."""
Texts = Mapping[str, Any] | Sequence[str]
"""``{"FIELD": value}``, or ``["FIELD=VALUE"]`` as on the command line."""


def path_of(name: str, value: Any) -> Path:
    """A path.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, str | os.PathLike):
        raise UsageError(f"{name} must be a path, not {brief(value)}")
    if is_url(value):
        raise UsageError(f"{name} {display_name(value)}: is a URL, which is not taken here; name a path")
    return Path(value)


def place_of(name: str, value: Any) -> Located:
    """A path, or a URL as a text.

    Raises:
        UsageError: it is none.
    """
    return value if is_url(value) else path_of(name, value)


def optional(convert: Callable[..., T], name: str, value: Any, *more: Any) -> T | None:
    """What is given, converted; None where nothing is."""
    return None if value is None else convert(name, value, *more)


def names_of(name: str, value: Any) -> tuple[str, ...]:
    """Names: one, or several.

    Raises:
        UsageError: something else is given.
    """
    given = several(name, value)
    for one in given:
        if not isinstance(one, str):
            raise UsageError(f"{name} must be names, not {brief(one)}")
    return given


def several(name: str, value: Any) -> tuple[Any, ...]:
    """One thing or several as several; none of None.

    Raises:
        UsageError: something else is given.
    """
    if value is None:
        return ()
    if isinstance(value, str | os.PathLike) or not isinstance(value, Iterable):
        return (value,)
    if isinstance(value, Mapping):
        raise UsageError(f"{name} must be one or a list of them, not {brief(value)}")
    return tuple(value)


def places_of(name: str, value: Any) -> tuple[tuple[str, Path], ...]:
    """Datasets with their folders.

    Raises:
        UsageError: something else is given.
    """
    places = []
    if value is not None and not isinstance(value, list | tuple):
        raise UsageError(f"{name} must be a list of (dataset, path), not {brief(value)}")
    for one in value or ():
        if not isinstance(one, tuple | list) or len(one) != 2 or not isinstance(one[0], str):
            raise UsageError(f"{name} must be a list of (dataset, path), not {brief(value)}")
        places.append((one[0], path_of(name, one[1])))
    return tuple(places)


def texts_of(name: str, value: Any) -> tuple[str, ...]:
    """``FIELD=VALUE`` of each field, as the command line has it.

    Raises:
        UsageError: something else is given.
    """
    if isinstance(value, Mapping):
        return tuple(f"{field}={_text(own)}" for field, own in value.items())
    return names_of(name, value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(f'{own!r}' if isinstance(own, str) else _text(own) for own in value)}]"
    return str(value)


def one_of(name: str, value: Any, known: Sequence[str]) -> str:
    """A name of several.

    Raises:
        UsageError: it is none of them.
    """
    if value not in known:
        raise UsageError(f"{name}: {near_miss('name', str(value), known)}")
    return str(value)


def text_of(name: str, value: Any) -> str:
    """A text.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, str):
        raise UsageError(f"{name} must be a text, not {brief(value)}")
    return value


def registry_of(value: Any) -> Registry:
    """The components that are given, or else everything installed.

    Raises:
        UsageError: it is no registry.
    """
    if value is not None and not isinstance(value, Registry):
        raise UsageError(f"registry must be a Registry, not {brief(value)}")
    return installed() if value is None else value


def whole(name: str, value: Any, least: int) -> int:
    """A whole number.

    Raises:
        UsageError: it is none, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"{name} must be a whole number of at least {least}, not {brief(value)}")
    return value


def ends_of(name: str, value: Any) -> tuple[float, float]:
    """The lowest and the highest possible rating.

    Raises:
        UsageError: something else is given.
    """
    if not isinstance(value, tuple | list) or len(value) != 2 or not all(map(is_number, value)):
        raise UsageError(f"{name} must be (low, high), not {brief(value)}")
    return float(value[0]), float(value[1])
