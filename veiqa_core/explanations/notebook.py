"""A result as a notebook shows it: small, and with the notebook's own colours."""

from __future__ import annotations

from collections.abc import Iterator

from ..page.markup import Child, Html, join, number, tag
from . import drawing
from .displayed import DisplayedResult
from .wording import map_in_words, types

_FEW = 8  # similarities that are listed


def shown(result: DisplayedResult) -> Html:
    """The markup of a result."""
    facts = tag("table", tag("tbody", *(_row(name, value) for name, value in _facts(result))))
    pictures = tag("div", *_pictures(result), style="display:flex;flex-wrap:wrap;gap:8px")
    return tag("div", facts, pictures, style="max-width:56rem;overflow-x:auto")


def _row(name: str, value: Child) -> Html:
    return tag("tr", tag("th", name, scope="row", style="text-align:left"), tag("td", value, style="text-align:left"))


def _facts(result: DisplayedResult) -> Iterator[tuple[str, Child]]:
    yield "image", result.image
    if result.error is not None:
        yield "error", result.error
    if result.score is not None:
        ends = "" if result.scale is None else f" ({result.scale[0]:g} worst, {result.scale[1]:g} best)"
        yield f"score{ends}", tag("strong", number(result.score, 2))
    if result.interval is not None:
        yield "90 % interval", join([number(result.interval[0], 1), " to ", number(result.interval[1], 1)])
    if result.distortion:
        yield "likely distortion", types(result.distortion)
    if len(result.similarities) <= _FEW:
        yield from ((name, number(value, 4)) for name, value in result.similarities.items())
    else:
        yield "similarities", f"{len(result.similarities)} branches, in .similarities"
    if "uncalibrated" in result.flags:
        yield "note", "uncalibrated: not a quality"
    yield from (("note", remark) for remark in result.remarks)


def _pictures(result: DisplayedResult) -> Iterator[Html]:
    """The image, and where it loses quality; or a thumbnail of its file."""
    if result.heatmaps:
        yield _picture(drawing.photo(result.heatmaps[0].input_image, drawing.PAIR), "The image")
        if result.quality_map is not None and result.scale is not None:
            reach = result.scale[1] - result.scale[0]
            told = map_in_words(result.quality_map, reach)
            yield _picture(drawing.heat(result.quality_map, reach), f"Where quality is lost. {told}")
    elif result.path is not None and (small := drawing.thumbnail(result.path)) is not None:
        yield _picture(small, "The image")


def _picture(picture: drawing.Picture, words: str) -> Html:
    width = min(picture.width, drawing.PAIR)
    image = picture.html(words, style=f"width:{width}px;max-width:100%;height:auto")
    caption = tag("figcaption", words, style="font-size:small;opacity:.8")
    return tag("figure", image, caption, style=f"margin:4px 0;max-width:{width}px")
