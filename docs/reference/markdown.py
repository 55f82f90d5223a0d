"""Docstrings and tables as Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

_SECTIONS = {"Args": "Arguments", "Attributes": "Attributes", "Returns": "Returns", "Raises": "Raises"}
_NAMED = {"Args", "Attributes", "Raises"}
_ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
_TABLE_EDGE = re.compile(r"=+( +=+)+\Z")


def docstring(thing: object) -> str:
    """What the docstring of a thing says, its own or inherited; empty without one."""
    return from_docstring(inspect.getdoc(thing) or "")


def from_docstring(text: str) -> str:
    """A docstring's text as Markdown: sections as lists, literal blocks as Python, simple tables as tables."""
    lines, made = inspect.cleandoc(text).splitlines(), []
    while lines:
        line = lines.pop(0)
        section = line.removesuffix(":")
        if line.endswith(":") and section in _SECTIONS:
            made += _section(section, _indented(lines))
        elif _TABLE_EDGE.match(line):
            made += _table(line, lines)
        elif line.endswith("::"):
            made += [inline(line[:-1]), "", "```python", *_indented(lines), "```", ""]
        else:
            made.append(inline(line))
    return "\n".join(made).strip()


def inline(text: str) -> str:
    """Roles and double backquotes of reStructuredText as Markdown has them."""
    text = _ROLE.sub(r"`\1`", text).replace("``", "`")
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; columns that are empty in every row are left out."""
    rows = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    kept = [index for index in range(len(head)) if any(row[index] for row in rows)]
    lines = [[head[index] for index in kept], ["---"] * len(kept), *([row[index] for index in kept] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(value: object) -> str:
    """A value as code, or nothing for none at all."""
    return f"`{value}`" if str(value) else ""


def _indented(lines: list[str]) -> list[str]:
    """Take the indented lines that come next, without their indentation."""
    taken = []
    while lines and (not lines[0].strip() or lines[0].startswith(" ")):
        taken.append(lines.pop(0))
    return inspect.cleandoc("\n".join(["", *taken])).splitlines()


def _section(name: str, body: list[str]) -> list[str]:
    items: list[str] = []
    for line in body:
        if items and (line.startswith(" ") or name not in _NAMED):
            items[-1] += f" {line.strip()}"
        elif line:
            items.append(line)
    if name not in _NAMED:
        return ["", f"**{_SECTIONS[name]}** {inline(items[0])}", ""]
    reported = (item.partition(": ") for item in items)
    return ["", f"**{_SECTIONS[name]}**", "", *(f"- `{named}`: {inline(rest)}" for named, _, rest in reported), ""]


def _table(edge: str, lines: list[str]) -> list[str]:
    """A simple table of reStructuredText, of which the first edge was taken."""
    starts = [match.start() for match in re.finditer(r"=+", edge)]
    spans = list(zip(starts, [*starts[1:], None], strict=True))
    rows, edges = [], 1
    while edges < 3:
        line = lines.pop(0)
        if _TABLE_EDGE.match(line):
            edges += 1
        else:
            rows.append([inline(line[begin:end].strip()) for begin, end in spans])
    return ["", *table(rows[0], rows[1:]).splitlines(), ""]
