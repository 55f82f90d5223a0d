"""A result as a notebook shows it: small, and with the notebook's own colours."""

from __future__ import annotations

from collections.abc import Iterator

from ..page.rendering import render
from . import drawing
from .displayed import DisplayedResult
from .wording import map_in_words, types

_FEW = 8  # similarities that are listed


def shown(result: DisplayedResult) -> str:
    """The markup of a result."""
    return render(
        "explanations/templates/notebook.html.jinja",
        result=result,
        types=types(result.distortion) if result.distortion else None,
        few=_FEW,
        pictures=[(picture, words, min(picture.width, drawing.PAIR)) for picture, words in _pictures(result)],
    )


def _pictures(result: DisplayedResult) -> Iterator[tuple[drawing.Picture, str]]:
    """The image, and where it loses quality; or a thumbnail of its file."""
    if result.heatmaps:
        yield drawing.photo(result.heatmaps[0].input_image, drawing.PAIR), "The image"
        if result.quality_map is not None and result.scale is not None:
            reach = result.scale[1] - result.scale[0]
            words = map_in_words(result.quality_map, reach)
            yield drawing.heat(result.quality_map, reach), f"Where quality is lost. {words}"
    elif result.path is not None and (small := drawing.thumbnail(result.path)) is not None:
        yield small, "The image"
