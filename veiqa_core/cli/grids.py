"""Tables of text, as lines: for people, as Markdown, and as LaTeX."""

from __future__ import annotations

import re
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


_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def latex(text: str) -> str:
    """A text as LaTeX shows it."""
    return "".join(_LATEX.get(character, character) for character in printable(text))


def tabular(rows: Rows) -> list[str]:
    """A table of LaTeX that needs no package, whose first row is its head and first column its names."""
    head, *others = (f"{' & '.join(_minus(latex(cell)) for cell in row)} \\\\" for row in rows)
    return [
        f"\\begin{{tabular}}{{l{'r' * (len(rows[0]) - 1)}}}",
        *("\\hline", head, "\\hline", *others, "\\hline"),
        "\\end{tabular}",
    ]


def _minus(cell: str) -> str:
    """A minus before a number in place of a hyphen."""
    return re.sub(r"(?<![\w.])-(?=\d)", "$-$", cell)
