"""How the scores of all images are distributed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..explanations.wording import called
from ..page import svg
from ..page.markup import Column, Html, fold, join, number, table, tag

if TYPE_CHECKING:
    from .layout import Contents

_PARTS = 20


def overview(contents: Contents) -> Iterator[Html]:
    """The section with the figures of all images together."""
    yield tag("h2", "How the scores are distributed" if contents.scorer.recipe.mapper is not None else "Overview")
    scores = np.frombuffer(contents.scores)
    known = scores[np.isfinite(scores)]
    yield tag("div", *_cards(contents, known), class_="cards")
    charts = [_histogram(contents, known) if len(known) else None, _types(contents) if contents.types else None]
    if any(charts):
        yield tag("div", *charts, class_="pair")


def _cards(contents: Contents, known: NDArray[np.float64]) -> Iterator[Html]:
    count, failed = len(contents.rows), len(contents.failed)
    if len(known):
        digits = 4 if _scale(contents) is None else 1
        low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
        yield _card("Median score", number(float(middle), digits), "half of them score this or lower", "card main")
        half = join([number(float(low), digits), " to ", number(float(high), digits)])
        yield _card("Middle half", half, "a quarter scores no higher than its start, a quarter no lower than its end")
        yield _card(
            "Lowest score", number(float(known.min()), digits), f"the highest is {number(float(known.max()), digits)}"
        )
    yield _card("Images", f"{count:,}", f"{failed:,} of them failed" if failed else "none failed")


def _card(title: str, value: str, note: str, style: str = "card") -> Html:
    return tag("div", tag("h3", title), tag("p", value, class_="big"), tag("p", note, class_="note"), class_=style)


def _scale(contents: Contents) -> tuple[float, float] | None:
    recipe = contents.scorer.recipe
    return recipe.fitted.range if recipe.fitted is not None and recipe.state else None


def _histogram(contents: Contents, known: NDArray[np.float64]) -> Html:
    scale = _scale(contents)
    ends = scale or svg.widened(known.tolist())
    counts, edges = np.histogram(known, bins=_PARTS, range=ends)
    median = float(np.median(known))
    fullest = int(counts.argmax())
    label = (
        f"Histogram of {len(known):,} scores in {_PARTS} equal parts from {ends[0]:g} to {ends[1]:g}. Median "
        f"{median:.1f}. The fullest part, {edges[fullest]:g} to {edges[fullest + 1]:g}, has {counts[fullest]:,}. All "
        "numbers are in the table below."
    )
    axis = "score" if scale is None else f"score, {scale[0]:g} worst, {scale[1]:g} best"
    chart = svg.histogram(label, counts.tolist(), ends, axis, ("median", median))
    parts = zip(edges[:-1], edges[1:], counts.tolist(), strict=True)
    rows = [[f"{low:g} to {high:g}", f"{count:,}"] for low, high, count in parts]
    columns = [Column("Score", numeric=False, head=True), Column("Images")]
    numbers = fold("The numbers", table("Images by score.", columns, rows))
    return tag("figure", tag("figcaption", tag("strong", "Scores")), chart, numbers)


def _types(contents: Contents) -> Html:
    told = sum(contents.types.values())
    rows = []
    for kind, count in contents.types.most_common():
        bar = tag("span", "", class_="bar", style=f"--v:{count / told:.3f}", aria_hidden="true")
        name = called(kind)
        share = tag("span", bar, f"{count:,}", class_="share")
        rows.append([f"{name[0].upper()}{name[1:]}" + (f" ({kind})" if name != kind else ""), share])
    columns = [Column("Likeliest distortion", numeric=False, head=True), Column("Images", numeric=False)]
    return tag("div", table("How many images each type of distortion is the likeliest of.", columns, rows))
