"""Tables of text, as lines: for people, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from ..text import printable

Rows = Sequence[Sequence[str]]


def columns(rows: Rows) -> list[str]:
    """Cells under each other."""
    shown = [[*map(printable, row)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]


def pipes(rows: Rows) -> list[str]:
    """A table of Markdown, whose first row is its head."""
    lines = [f"| {' | '.join(printable(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return [lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]]
