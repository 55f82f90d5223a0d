"""``components.md``: every built-in component with all its parameters and traits, and every file that is shipped."""

from __future__ import annotations

from typing import Any

from veiqa_core.api import parameters as params
from veiqa_core.extension.catalogue import Catalogue, Registered, Shipped
from veiqa_core.extension.kinds import KINDS, Kind
from veiqa_core.extension.registry import installed

from .markdown import code, inline, table

_HEAD = """\
# Components and their parameters

All that comes with VEIQA, as `veiqa components show KIND/NAME` tells it on your machine, plugins included. What the
components do stands in [Components](../components.md). `-p KIND.PARAMETER=VALUE` sets a parameter; in a recipe a
component with parameters is a table. *Search* lists the values that a search tries unless a space says otherwise.
"""


def page() -> str:
    """The page."""
    files = [_files("Recipes", installed().recipes), _files("Search spaces", installed().spaces)]
    return "\n\n".join([_HEAD.strip(), *(_kind(kind) for kind in KINDS.values()), *files])


def ours() -> list[Registered]:
    """The components that come with VEIQA."""
    return [item for item in installed() if item.dist == "veiqa"]


def _kind(kind: Kind) -> str:
    made = [_component(item) for item in ours() if item.kind == kind.name]
    return "\n\n".join([f"## {kind.title[0].upper()}{kind.title[1:]} (`{kind.name}`)", *made])


def _component(item: Registered) -> str:
    component = item.component
    facts = [f"`{name}` = `{_reported(value)}`" for name, value in sorted(component.traits.items())]
    if component.extra:
        facts.append(f"needs `pip install '{component.extra}'`")
    if component.known_values:
        facts.append("checked by `veiqa verify`")
    lines = [f"### `{item.kind}/{component.name}`", inline(component.summary)]
    if component.reference:
        lines.append(f"Source: {inline(component.reference)}")
    if facts:
        lines.append(f"Traits: {', '.join(facts)}.")
    described = params.describe(component.params)
    rows = [
        (
            code(info.name),
            code(info.type),
            code(_reported(info.default)),
            ", ".join(info.limits),
            ", ".join(code(_reported(value)) for value in info.search),
            inline(info.help),
        )
        for info in described
    ]
    head = ("parameter", "type", "default", "range", "search", "meaning")
    return "\n\n".join([*lines, table(head, rows) if rows else "No parameters."])


def _files(title: str, shelf: Catalogue[Shipped]) -> str:
    rows = [(code(item.name), inline(item.record.summary)) for item in shelf if item.dist == "veiqa"]
    return f"## {title}\n\n{table(('name', 'what'), rows)}"


def _reported(value: Any) -> str:
    """A value as recipes and ``-p`` take it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_reported, value))}]"
    return "none" if value is None else str(value)
