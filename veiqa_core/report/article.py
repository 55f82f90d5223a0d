"""All there is to see of one image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from ..explanations import drawing
from ..explanations.heatmaps import Heatmaps
from ..explanations.pictures import MOST_PAIRS
from ..explanations.wording import called, difference_in_words, vei_in_words
from ..page.rendering import render
from ..result import Result
from ..scoring.recipe_scorer import likely
from .scores import gauge, split_name
from .viewer import OPACITY, viewer


def article(result: Result, number: int, note: str | None = None) -> Markup:
    """The article of an image.

    Args:
        result: with heat maps; without them what they would show is left out.
        number: the image's place in the run, from 1.
        note: a remark above all else.
    """
    file, folder = split_name(result.image)
    return render(
        "report/templates/article.html.jinja",
        result=result,
        number=number,
        note=note,
        file=file,
        folder=folder,
        gauge=gauge(result.score, result.scale, result.interval, 1),
        types=[(called(kind), None if math.isnan(share) else share) for kind, share in likely(result.distortion or {})],
        viewer=_viewer(result) if result.heatmaps else None,
        opacity=OPACITY,
        pairs=list(map(_pair, result.heatmaps[:MOST_PAIRS])),
        other_pairs=result.heatmaps[MOST_PAIRS:],
        similarities=_known(result.similarities),
        methods=_known(result.methods),
    )


def _known(values: Mapping[str, float | None]) -> list[tuple[str, float]]:
    return [(key, value) for key, value in values.items() if value is not None]


def _viewer(result: Result) -> dict[str, Any]:
    reach = None if result.scale is None else result.scale[1] - result.scale[0]
    return viewer(result.heatmaps[0].input_image, result.quality_map, reach)


def _pair(pair: Heatmaps) -> dict[str, Any]:
    of_input, of_pri = drawing.explanations(pair)
    return {
        "title": pair.title,
        "influence": pair.influence,
        "similarities": [(name.rsplit("/", 1)[-1], value) for name, value in pair.similarities.items()],
        "panels": [
            ("Pseudo-reference", drawing.photo(pair.pri_image, drawing.PAIR), "the image, degraded further"),
            ("Seen in the image", of_input, vei_in_words(pair.input_vei)),
            ("Seen in the pseudo-reference", of_pri, vei_in_words(pair.pri_vei)),
            ("Difference", drawing.difference(pair), difference_in_words(pair.input_vei - pair.pri_vei)),
        ],
    }
