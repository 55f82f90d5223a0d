"""The ``-p kind.name=value`` options."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..api import parameters as params
from ..errors import UsageError, brief, near_miss
from ..extension.kinds import KINDS

if TYPE_CHECKING:
    from ..extension.registry import Registry
    from ..recipes.recipe import Choice

_SETTING = re.compile(r"(?P<kind>\w+)\.(?P<name>\w+)=(?P<text>.*)", re.DOTALL)


class Settings:
    """Parameters given on the command line, each for every component of its kind that has it.

    Raises:
        UsageError: one does not read ``KIND.NAME=VALUE``, or names no kind.
    """

    def __init__(self, registry: Registry, settings: Iterable[str]) -> None:
        self._registry = registry
        self._settings = [_read(setting) for setting in settings]
        self._used: set[tuple[str, str]] = set()
        self._known: dict[str, set[str]] = {kind: set() for kind in KINDS}

    @property
    def kinds(self) -> set[str]:
        """The kinds that some setting is for."""
        return {kind for kind, _, _ in self._settings}

    def choice(self, kind: str, name: str) -> Choice:
        """A component with the settings that it takes.

        Raises:
            UsageError: the name is unknown, or a value does not fit its parameter.
        """
        from ..recipes.recipe import Choice

        item = self._registry.get(kind, name)
        cls = item.component.params
        known = {info.name for info in params.describe(cls)}
        self._known[kind] |= known
        values = {}
        for of_kind, setting, text in self._settings:
            if of_kind == kind and setting in known:
                values[setting] = params.from_text(cls, setting, text, f"{kind} {item.label}")
                self._used.add((kind, setting))
        return Choice(name, values)

    def check_all_used(self) -> None:
        """Refuse a setting that nothing took.

        Raises:
            UsageError: no component took some setting.
        """
        for kind, name, _ in self._settings:
            if (kind, name) not in self._used:
                problem = near_miss(f"parameter of the chosen {kind}", name, self._known[kind])
                raise UsageError(f"-p {kind}.{brief(name, quoted=False)}: {problem}")


def values(settings: Iterable[str]) -> list[str]:
    """What parameters are set to, some of which may name files."""
    return [setting.partition("=")[2] for setting in settings]


def _read(setting: str) -> tuple[str, str, str]:
    match = _SETTING.fullmatch(setting)
    if match is None:
        raise UsageError(f"-p takes KIND.NAME=VALUE, such as pri.size=5, not {brief(setting)}")
    if match["kind"] not in KINDS:
        raise UsageError(f"-p {brief(setting, quoted=False)}: {near_miss('kind', match['kind'], KINDS)}")
    return match["kind"], match["name"], match["text"]
