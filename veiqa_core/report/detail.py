"""All there is to see of one image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePath

from ..explanations import drawing
from ..explanations.heatmaps import Heatmaps
from ..explanations.pictures import MOST_PAIRS
from ..explanations.wording import called, difference_in_words, map_in_words, vei_in_words
from ..page.markup import Column, Html, counted, fold, join, key, number, table, tag
from ..result import Result
from ..scoring.recipe_scorer import likely
from .wording import score

_INTERVAL = "Nine in ten images like those that the recipe was fitted on have a quality within the interval."
_ESTIMATE = (
    "The map is an estimate of where: it judges each place as if the whole image were like it, so its mean need not be "
    "what the score lacks."
)
_OPACITY = 50  # percent, to begin with


def anchor(number: int) -> str:
    """By what the details of an image are found on the page."""
    return f"image-{number}"


def detail(result: Result, number: int, note: str | None = None) -> Html:
    """The article of an image.

    Args:
        result: with heat maps; without them what they would show is left out.
        number: the image's place in the run, from 1.
        note: a remark above all else.
    """
    path = PurePath(result.image)
    folder = None if str(path.parent) == "." else tag("small", str(path.parent))
    return tag(
        "article",
        tag("h3", path.name or result.image, folder, id=f"name-{number}"),
        note and tag("p", note, class_="verdict weak"),
        result.error and tag("p", tag("strong", "Failed. "), result.error, class_="verdict weak"),
        tag("div", *_viewer(result, number), tag("div", *_said(result), class_="said"), class_="sight"),
        *_pairs(result),
        _similarities(result),
        id=anchor(number),
        class_="image",
        aria_labelledby=f"name-{number}",
    )


def gauge(result: Result) -> Html | None:
    """The score and its interval on its scale."""
    if result.score is None or result.scale is None:
        return None
    low, high = result.scale
    share = [100 * (value - low) / (high - low) for value in (result.score, *(result.interval or ()))]
    label = f"{result.score:.1f} on a scale from {low:g}, worst, to {high:g}, best"
    if result.interval is None:
        place = f"--s:{share[0]:.1f}%"
    else:
        place = f"--s:{share[0]:.1f}%;--l:{share[1]:.1f}%;--h:{share[2]:.1f}%"
        label += f"; 90 % interval {result.interval[0]:.1f} to {result.interval[1]:.1f}"
    return tag("div", "", class_="gauge", style=place, role="img", aria_label=label)


def _said(result: Result) -> Iterator[Html | None]:
    """Score, likely distortion and remarks."""
    if result.score is None:
        if result.error is None:
            yield tag("p", "No score: the recipe has no mapper; its similarities are below.")
    else:
        yield tag("h4", "Score")
        yield tag("p", tag("strong", score(result), class_="big"), _within(result), class_="score")
        yield gauge(result)
        if result.scale is not None:
            low, high = result.scale
            yield tag("p", tag("span", f"{low:g} worst"), tag("span", f"{high:g} best"), class_="ends")
        if result.interval is not None:
            yield tag("p", _INTERVAL, class_="note")
        if "uncalibrated" in result.flags:
            yield tag("p", "Uncalibrated: not on the scale of any ratings.", class_="note")
    if result.distortion:
        yield tag("h4", "Likely distortion")
        yield tag("ul", *(_share(kind, share) for kind, share in likely(result.distortion)), class_="shares")
    if found := result.remarks:
        yield tag("h4", "Remarks")
        yield tag("ul", *(tag("li", remark) for remark in found), class_="remarks")


def _within(result: Result) -> Html | None:
    if result.interval is None:
        return None
    ends = f"{result.interval[0]:.1f} to {result.interval[1]:.1f}"
    return tag("span", tag("span", "90 % interval "), ends, class_="interval")


def _share(kind: str, share: float) -> Html:
    name = called(kind)
    title = tag("span", name[0].upper() + name[1:])
    if math.isnan(share):  # an earlier run's, whose file does not tell it
        return tag("li", title)
    bar = tag("span", "", class_="bar", style=f"--v:{share:.3f}", aria_hidden="true")
    return tag("li", title, bar, tag("span", f"{100 * share:.0f} %", class_="n"))


def _viewer(result: Result, number: int) -> Iterator[Html]:
    """The image under its quality map."""
    if not result.heatmaps:
        return
    picture = drawing.photo(result.heatmaps[0].input_image)
    # --w by --h is how large it is: a small picture is not blown up
    size = f"--w:{picture.width};--h:{picture.height}"
    seen = picture.html(f"The image {PurePath(result.image).name}", class_="input")
    if result.quality_map is None or result.scale is None:
        why = "There is no quality map: it takes a score that is calibrated."
        yield tag("figure", tag("div", seen, class_="stack", style=size), tag("figcaption", why), class_="viewer")
        return
    reach = result.scale[1] - result.scale[0]
    told = map_in_words(result.quality_map, reach)
    heat = drawing.heat(result.quality_map, reach).html(f"Quality map. {told}", class_="heat")
    yield tag(
        "figure",
        tag("div", seen, heat, class_="stack", style=f"{size};--map:{_OPACITY / 100}"),
        _slider(number),
        tag("p", tag("span", "0"), tag("span", "", class_="ramp"), tag("span", f"{reach:g} points lost"), class_="key"),
        tag("figcaption", tag("strong", "Where quality is lost. "), told, " ", _ESTIMATE),
        class_="viewer",
    )


def _slider(number: int) -> Html:
    name = f"map-{number}"
    return tag(
        "p",
        tag("label", "Map over the image", for_=name),
        tag("input", type="range", id=name, min=0, max=100, step=5, value=_OPACITY, aria_valuetext=f"{_OPACITY} %"),
        tag("output", f"{_OPACITY} %", for_=name),
        class_="slide",
    )


def _pairs(result: Result) -> Iterator[Html]:
    """The pairs of VEIs that matter most, and the names of the others."""
    if not result.heatmaps:
        return
    ranked = result.heatmaps[0].influence is not None
    shown, others = result.heatmaps[:MOST_PAIRS], result.heatmaps[MOST_PAIRS:]
    yield tag("h4", "The explanations that shape the map most" if ranked else "The explanations that are compared")
    yield tag(
        "p",
        "The image is degraded further: that is its pseudo-reference. What a network sees in either is a map, brighter "
        "where more. The more alike both maps, the less there was left to degrade: the worse the image already is.",
        class_="note",
    )
    yield from map(_pair, shown)
    if others:
        names = (tag("li", key(pair.title), *_influence(pair, " (", ")")) for pair in others)
        yield fold(f"{counted(len(others), 'further pair')}", tag("ul", *names, class_="names"))


def _pair(pair: Heatmaps) -> Html:
    of_input, of_pri = drawing.explanations(pair)
    told = [join([name.rsplit("/", 1)[-1], " ", number(value, 4)]) for name, value in pair.similarities.items()]
    values = (piece for place, one in enumerate(told) for piece in ([", "] if place else []) + [one])
    panels = (
        ("Pseudo-reference", drawing.photo(pair.pri_image, drawing.PAIR), "the image, degraded further"),
        ("Seen in the image", of_input, vei_in_words(pair.input_vei)),
        ("Seen in the pseudo-reference", of_pri, vei_in_words(pair.pri_vei)),
        ("Difference", drawing.difference(pair), difference_in_words(pair.input_vei - pair.pri_vei)),
    )
    return tag(
        "section",
        tag("h5", key(pair.title)),
        tag("p", *_influence(pair, "Shapes the map by ", ". "), "Similarity: ", *values, class_="note"),
        tag("div", *(_panel(title, picture, words) for title, picture, words in panels), class_="strip"),
        class_="vei",
    )


def _influence(pair: Heatmaps, before: str, after: str) -> Iterator[str]:
    if pair.influence is not None:
        yield f"{before}±{pair.influence:.1f} points{after}"


def _panel(title: str, picture: drawing.Picture, words: str) -> Html:
    alt = f"{title}: {words}."
    return tag("figure", picture.html(alt, loading="lazy"), tag("figcaption", title))


def _similarities(result: Result) -> Html | None:
    known = {name: value for name, value in result.similarities.items() if value is not None}
    if not known:
        return None
    rows = [[key(name), number(value, 4)] for name, value in known.items()]
    columns = [Column("Branch", numeric=False, head=True), Column("Similarity")]
    caption = "How alike the explanations of the image and of its pseudo-reference are, by branch."
    return fold(f"{counted(len(known), 'similarity', 'similarities')}", table(caption, columns, rows))
