"""Scores of a winner beside the ratings, image by image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...contracts import FloatArray
from ...page import svg
from ...page.markup import Html, counted, number, tag
from ...search.matrix import Indices
from ...search.winners import Winner
from .telling import Teller

_POINTS = 6000
"""Points of all charts of a page together."""

_TITLED = 1000
"""So many images can each have their name over their points."""

_CURVE = 200


def scatters(teller: Teller, winner: Winner) -> Iterator[Html]:
    """Scores against quality and, for a single branch, similarities with the fitted curve."""
    yield tag("h4", "Scores beside the ratings")
    rows, scores = winner.selection.rows, winner.scores
    known = np.flatnonzero(np.isfinite(scores))
    if not len(known):
        yield tag("p", "There are no scores: these images do not determine the mapping.")
        return
    step = -(-len(known) // max(100, _POINTS // (2 * len(teller.search.winners))))
    some = known[::step]
    thinned = f" Every {step}th image is drawn." if step > 1 else ""
    charts = [_scores(teller, winner, some)]
    if len(winner.selection.chosen) == 1:
        charts.append(_similarities(teller, winner, some))
    yield tag("div", *charts, class_="pair")
    types = {teller.search.matrix.types[rows[place]] for place in some}
    looks = [(kind or "no type", look) for look, kind in enumerate(teller.types) if kind in types]
    yield svg.legend(looks)
    caption = f"{counted(len(known), 'image')}, the very ones that the recipe was chosen on and fitted to.{thinned}"
    yield tag("p", caption, class_="note")


def _scores(teller: Teller, winner: Winner, some: Indices) -> Html:
    quality = teller.search.matrix.quality[winner.selection.rows[some]]
    ends = svg.widened([*winner.scores[some], *quality])
    chart = svg.scatter(
        "Scores of the winner against the ratings of its images, with the line on which both are equal.",
        _groups(teller, winner, some, winner.scores[some]),
        ("score of the winner", f"quality: {teller.quality}"),
        (ends, ends),
        [(ends[0], ends[0]), (ends[1], ends[1])],
    )
    return tag("figure", chart, tag("figcaption", "Scores against ratings; on the line both are equal."))


def _similarities(teller: Teller, winner: Winner, some: Indices) -> Html:
    matrix, rows = teller.search.matrix, winner.selection.rows
    similarity = matrix.similarities(rows, winner.selection.chosen)[:, 0]
    line = _curve(similarity, winner.scores)
    quality = matrix.quality[rows[some]]
    chart = svg.scatter(
        "Similarities of image and PRI under the winner against the ratings, with the fitted curve.",
        _groups(teller, winner, some, similarity[some]),
        ("similarity, larger being more similar", f"quality: {teller.quality}"),
        (svg.widened(similarity[some]), svg.widened([*quality, *(score for _, score in line)])),
        line,
    )
    return tag("figure", chart, tag("figcaption", "Similarities against ratings, and the fitted curve."))


def _curve(similarity: FloatArray, scores: FloatArray) -> list[tuple[float, float]]:
    """The fitted mapping, as far as the images know it."""
    points = sorted(
        {(float(a), float(b)) for a, b in zip(similarity, scores, strict=True) if np.isfinite([a, b]).all()}
    )
    step = max(1, len(points) // _CURVE)
    return [*points[::step], *points[-1:]]


def _groups(teller: Teller, winner: Winner, some: Indices, values: FloatArray) -> list[svg.Group]:
    """Points by type; quality goes upwards."""
    matrix, rows = teller.search.matrix, winner.selection.rows[some]
    titled = len(matrix.names) <= _TITLED
    groups = []
    for look, kind in enumerate(teller.types):
        own = [place for place, row in enumerate(rows) if matrix.types[row] == kind]
        points = [(float(values[place]), float(matrix.quality[rows[place]])) for place in own]
        titles = [
            f"{matrix.names[rows[place]]}: {number(values[place])}, rated {number(q)}"
            for place, (_, q) in zip(own, points, strict=True)
        ]
        if own:
            groups.append(svg.Group(look, points, titles if titled else None))
    return groups
