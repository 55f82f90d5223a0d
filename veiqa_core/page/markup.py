"""Pieces of a page: every text is escaped here, and only here."""

from __future__ import annotations

import html
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ..text import printable

_VOID = frozenset({"img", "input", "meta", "wbr"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | None


def text(value: object) -> Html:
    """Any value as text that stands for itself."""
    return Html(html.escape(printable(str(value), keep="\n\t")))


def tag(name: str, /, *children: Child, **attributes: object) -> Html:
    """An element; children that are no markup are escaped, and attributes that are None are left out.

    An underscore in an attribute's name stands for a hyphen, and one at its end for nothing.
    """
    if name in _VOID:
        return Html(f"<{name}{_given(attributes)}/>")
    return Html(f"<{name}{_given(attributes)}>{join(children)}</{name}>")


def within(name: str, pieces: Iterable[Html], /, **attributes: object) -> Iterator[Html]:
    """An element around pieces that are made while they are written."""
    yield Html(f"<{name}{_given(attributes)}>")
    yield from pieces
    yield Html(f"</{name}>")


def _given(attributes: Mapping[str, object]) -> str:
    return "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )


def join(children: Iterable[Child]) -> Html:
    """Several pieces, one after another."""
    return Html("".join(child if isinstance(child, Html) else text(child) for child in children if child is not None))


MISSING = tag("abbr", "–", title="not available")


def number(value: float | None, digits: int = 3) -> Html:
    """A number; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return MISSING
    return text(f"{value:z.{digits}f}".replace("-", "−"))


def span(ends: Iterable[float] | None) -> Html:
    """An interval, its lower end first."""
    known = None if ends is None else sorted(map(float, ends))
    if not known or not all(map(math.isfinite, known)):
        return MISSING
    return join([number(known[0]), " to ", number(known[1])])


def key(name: str) -> Html:
    """A branch's key, which may be broken after its parts."""
    parts = re.split(r"(?<=[/@(,])", name)
    return tag("code", *[piece for part in parts for piece in (part, tag("wbr"))][:-1])


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number and what it counts."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


@attrs.frozen
class Column:
    """A column of a table; ``head`` marks the one that names its rows.

    Attributes:
        sorted: how the rows are sorted by it: ``ascending`` or ``descending``.
        plain: whether it is nothing to sort by.
    """

    title: str
    numeric: bool = True
    head: bool = False
    sorted: str | None = None
    plain: bool = False


@attrs.frozen
class Cell:
    """What a cell shows, and by what it sorts where that is something else."""

    shown: Child
    value: float | str | None = None


Row = Sequence[Child | Cell]


def table(caption: Child, columns: Sequence[Column], rows: Iterable[Row], **attributes: object) -> Html:
    """A table that scrolls sideways by itself where the page is narrow."""
    return join(table_pieces(caption, columns, rows, **attributes))


def table_pieces(
    caption: Child, columns: Sequence[Column], rows: Iterable[Row], **attributes: object
) -> Iterator[Html]:
    """A :func:`table` whose rows may be made while they are written."""
    before = [tag("caption", caption), tag("thead", tag("tr", *map(_column, columns)))]
    body = within("tbody", (_row(columns, row) for row in rows))
    whole = within("table", itertools.chain(before, body), **attributes)
    return within("div", whole, class_="scroll", tabindex=0)


def scrolled(whole: Html) -> Html:
    """Something wide in a box of its own, which the keyboard can scroll."""
    return tag("div", whole, class_="scroll", tabindex=0)


def definitions(pairs: Iterable[tuple[str, Child]], **attributes: object) -> Html:
    """Names and what they mean."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs), **attributes)


def flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Child]]:
    """Versions and the like, which may be nested, as pairs for :func:`definitions`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((str(inner), key(str(own))) for inner, own in value.items())
        else:
            yield name, str(value)


def fold(summary: Child, *children: Child) -> Html:
    """Something to be opened."""
    return tag("details", tag("summary", summary), *children)


def _column(column: Column) -> Html:
    return tag(
        "th",
        column.title,
        scope="col",
        class_="n" if column.numeric else None,
        aria_sort=column.sorted,
        data_plain="" if column.plain else None,
    )


def _row(columns: Sequence[Column], row: Row) -> Html:
    return tag("tr", *(_cell(column, cell) for column, cell in zip(columns, row, strict=True)))


def _cell(column: Column, cell: Child | Cell) -> Html:
    shown, value = (cell.shown, cell.value) if isinstance(cell, Cell) else (cell, None)
    if column.head:
        return tag("th", shown, scope="row", data_value=value)
    return tag("td", shown, class_="n" if column.numeric else None, data_value=value)
