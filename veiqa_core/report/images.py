"""The table of all images."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..explanations.drawing import Picture
from ..page.markup import MISSING, Cell, Column, Html, join, number, table_pieces, tag
from .detail import anchor
from .rows import FEW, Row
from .wording import score

if TYPE_CHECKING:
    from .layout import Contents

_AT_ONCE = 100
"""Rows that are laid out at once."""


def images(contents: Contents) -> Iterator[Html]:
    """The section with the table, the worst scores first."""
    keys = contents.scorer.keys if len(contents.scorer.keys) <= FEW else ()
    scored = contents.scorer.recipe.mapper is not None
    shown = {*contents.told, *(["score"] if scored else [])}
    order = "the worst first" if scored else "in the order they came"
    caption = f"All images, {order}. Linked names lead to all there is to see of that image."
    rows = (_row(contents, contents.row(place), shown, keys) for place in contents.worst_first)
    yield tag("h2", "All images")
    yield from table_pieces(
        caption,
        list(_columns(shown, keys)),
        rows,
        class_="sortable gallery",
        data_page=_AT_ONCE,
        data_filter="Only rows with",
        data_filter_in="row",
        data_example="name, distortion, remark",
    )


def _columns(shown: set[str], keys: tuple[str, ...]) -> Iterator[Column]:
    yield Column("Image", numeric=False, head=True)
    if "score" in shown:
        yield Column("Score", sorted="ascending")
    if "interval" in shown:
        yield Column("90 % interval", numeric=False)
    if "likely" in shown:
        yield Column("Likely distortion", numeric=False)
    yield from (Column(name) for name in keys)
    if {"remarks", "error"} & shown:
        yield Column("Remarks", numeric=False)
    yield Column("Order")


def _row(contents: Contents, row: Row, shown: set[str], keys: tuple[str, ...]) -> list[Html | Cell]:
    cells: list[Html | Cell] = [Cell(_image(row, row.number in contents.articles), row.name)]
    if "score" in shown:
        cells.append(Cell(score(row.result), row.score))
    if "interval" in shown:
        cells.append(_interval(row))
    if "likely" in shown:
        cells.append(_likely(row))
    cells += [number(row.similarities.get(name), 4) for name in keys]
    if {"remarks", "error"} & shown:
        cells.append(_remarks(row))
    cells.append(tag("span", f"{row.number}"))
    return cells


def _image(row: Row, linked: bool) -> Html:
    """Thumbnail and name; what is seen is told by the name."""
    path = PurePath(row.name)
    folder = None if str(path.parent) == "." else tag("small", str(path.parent))
    name = tag("span", path.name or row.name, folder)
    shot = None
    if row.thumbnail is not None:
        shot = Picture(*row.thumbnail).html("", loading="lazy", decoding="async")
    frame = tag("span", shot, class_="frame")
    return tag("a", frame, name, href=f"#{anchor(row.number)}") if linked else tag("span", frame, name, class_="shot")


def _interval(row: Row) -> Cell:
    if row.interval is None:
        return Cell(MISSING)
    low, high = row.interval
    bar = None
    if row.scale is not None and row.score is not None:
        worst, best = row.scale
        places = (100 * (value - worst) / (best - worst) for value in (row.score, low, high))
        style = ";".join(f"--{name}:{place:.0f}%" for name, place in zip("slh", places, strict=True))
        bar = tag("span", "", class_="gauge", style=style, aria_hidden="true")
    return Cell(join([bar, tag("small", f"{low:.1f} to {high:.1f}")]), low)


def _likely(row: Row) -> Cell:
    if row.likely is None:
        return Cell(MISSING)
    kind, share = row.likely
    if math.isnan(share):  # an earlier run's, whose file does not tell it
        return Cell(kind, kind)
    return Cell(f"{kind} {100 * share:.0f} %", f"{kind} {share:.3f}")


def _remarks(row: Row) -> Html:
    error = row.error and tag("span", tag("strong", "Failed: "), row.error, class_="error")
    return join([error, "; ".join(row.remarks)])
