"""The maps of a result as pictures in JSON: those that a report shows, as PNG."""

from __future__ import annotations

from typing import Any

from ..explanations import drawing
from ..explanations.drawing import EXACT
from ..explanations.heatmaps import Heatmaps
from ..explanations.pictures import MOST_PAIRS
from ..explanations.wording import map_in_words
from ..result import Result


def maps(result: Result) -> dict[str, Any] | None:
    """The image, its quality map, and the pairs of VEIs that shape it most; None where there are none.

    Pictures are ``data:`` addresses of PNG files. Without a calibrated score there is no quality map.
    """
    if not result.heatmaps:
        return None
    return {
        "image": drawing.photo(result.heatmaps[0].input_image, form=EXACT).data,
        "quality": _quality(result),
        "explanations": [_pair(pair) for pair in result.heatmaps[:MOST_PAIRS]],
    }


def _quality(result: Result) -> dict[str, Any] | None:
    if result.quality_map is None or result.scale is None:
        return None
    reach = result.scale[1] - result.scale[0]
    return {
        "map": drawing.heat(result.quality_map, reach, form=EXACT).data,
        "most": reach,
        "text": map_in_words(result.quality_map, reach),
    }


def _pair(pair: Heatmaps) -> dict[str, Any]:
    of_input, of_pri = drawing.explanations(pair, form=EXACT)
    return {
        "title": pair.title,
        "influence": pair.influence,
        "similarities": pair.similarities,
        "pri": drawing.photo(pair.pri_image, drawing.PAIR, form=EXACT).data,
        "input_vei": of_input.data,
        "pri_vei": of_pri.data,
        "difference": drawing.difference(pair, form=EXACT).data,
    }
