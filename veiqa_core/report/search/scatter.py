"""Scores of a winner beside the ratings, image by image."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from ...contracts import FloatArray
from ...measuring.table import Indices
from ...page import svg
from ...page.formatting import number
from ...searching.candidates import quantities_of
from ...searching.winners import Winner
from .wording import Wording

_POINTS = 6000
"""Points of all charts of a page together."""

_TITLED = 1000
"""So many images can each have their name over their points."""

_CURVE = 200


def scatter(wording: Wording, winner: Winner) -> dict[str, Any] | None:
    """Scores against quality and, for a single value, that value with the fitted curve; None without scores."""
    rows, scores = winner.selection.rows, winner.scores
    known = np.flatnonzero(np.isfinite(scores))
    if not len(known):
        return None
    chosen = [wording.search.candidates[one] for one in winner.selection.chosen]
    step = -(-len(known) // max(100, _POINTS // (2 * len(wording.search.winners))))
    some = known[::step]
    types = {wording.search.table.distortions[rows[place]] for place in some}
    return {
        "images": len(known),
        "step": step,
        "scores": _scores(wording, winner, some),
        "similarities": _similarities(wording, winner, some) if len(quantities_of(chosen)) == 1 else None,
        "legend": [(svg.sample(look), kind or "no type") for look, kind in enumerate(wording.types) if kind in types],
    }


def _scores(wording: Wording, winner: Winner, some: Indices) -> Markup:
    quality = wording.search.table.quality[winner.selection.rows[some]]
    ends = svg.widened([*winner.scores[some], *quality])
    return svg.scatter(
        "Scores of the winner against the ratings of its images, with the line on which both are equal.",
        _groups(wording, winner, some, winner.scores[some]),
        ("score of the winner", f"quality: {wording.quality}"),
        (ends, ends),
        [(ends[0], ends[0]), (ends[1], ends[1])],
    )


def _similarities(wording: Wording, winner: Winner, some: Indices) -> Markup:
    table, rows = wording.search.table, winner.selection.rows
    similarity = winner.values
    line = _curve(similarity, winner.scores)
    quality = table.quality[rows[some]]
    return svg.scatter(
        "Similarities of image and PRI under the winner against the ratings, with the fitted curve.",
        _groups(wording, winner, some, similarity[some]),
        ("similarity, larger being more similar", f"quality: {wording.quality}"),
        (svg.widened(similarity[some]), svg.widened([*quality, *(score for _, score in line)])),
        line,
    )


def _curve(similarity: FloatArray, scores: FloatArray) -> list[tuple[float, float]]:
    """The fitted mapping, as far as the images know it."""
    points = sorted(
        {(float(a), float(b)) for a, b in zip(similarity, scores, strict=True) if np.isfinite([a, b]).all()}
    )
    step = max(1, len(points) // _CURVE)
    return [*points[::step], *points[-1:]]


def _groups(wording: Wording, winner: Winner, some: Indices, values: FloatArray) -> list[svg.Group]:
    """Points by type; quality goes upwards."""
    table, rows = wording.search.table, winner.selection.rows[some]
    titled = len(table.names) <= _TITLED
    groups = []
    for look, kind in enumerate(wording.types):
        own = [place for place, row in enumerate(rows) if table.distortions[row] == kind]
        points = [(float(values[place]), float(table.quality[rows[place]])) for place in own]
        titles = [
            f"{table.names[rows[place]]}: {number(values[place])}, rated {number(q)}"
            for place, (_, q) in zip(own, points, strict=True)
        ]
        if own:
            groups.append(svg.Group(look, points, titles if titled else None))
    return groups
