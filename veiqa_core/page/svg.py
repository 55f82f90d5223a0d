"""Charts as inline SVG; colours come from the page's style sheet, so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import attrs
from markupsafe import Markup

from .formatting import number

WIDTH = 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 50
_PLOT_HEIGHT = 400
_ROW, _EDGE = 46, 14
_HISTOGRAM_HEIGHT = 270

SHAPES = (
    "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "m-3.6-3.6h7.2v7.2h-7.2z",
    "m0-4.8l4.6 8h-9.2z",
    "m0-5l5 5l-5 5l-5-5z",
    "m0 4.8l4.6-8h-9.2z",
    "m-4-4l8 8m-8 0l8-8",
    "m-5 0h10m-5-5v10",
    "m-5-1.6l5-3.6l5 3.6l-1.9 5.8h-6.2z",
)
COLOURS = 8


@attrs.frozen
class Group:
    """Points that look the same; ``look`` picks shape and colour, ``titles`` are shown over single points."""

    look: int
    points: Sequence[tuple[float, float]]
    titles: Sequence[str] | None = None


@attrs.frozen
class Dot:
    """A row of a chart of figures: what it is, its figure and interval, and a word on it.

    Attributes:
        style: class of the row: ``win``, ``held``, ``chance`` or ``other``.
    """

    name: str
    value: float | None
    ends: tuple[float, float] | None = None
    note: str = ""
    style: str = "other"


@attrs.frozen
class Scale:
    """From values to places."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> str:
        share = (value - self.low) / (self.high - self.low)
        return f"{self.start + share * (self.end - self.start):.1f}".removesuffix(".0")


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two ends."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [place * step for place in range(first, last + 1)]


def widened(values: Iterable[float], least: float = 0.0) -> tuple[float, float]:
    """Ends a little beyond all finite values, and at least so far apart."""
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    more = max((high - low) * 0.05, (least - (high - low)) / 2, abs(high) * 1e-6, 1e-9)
    return low - more, high + more


def from_zero(values: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis on which zero can be seen."""
    low, high = widened([0.0, *values])
    return (low if any(value < 0 for value in values) else 0.0), high


def marker(look: int, x: str = "7", y: str = "7") -> str:
    """The path of a marker."""
    return f"M{x} {y}{SHAPES[(look + look // COLOURS) % len(SHAPES)]}"


def sample(look: int) -> Markup:
    """A marker by itself, for a legend."""
    mark = _element("path", d=marker(look), class_=f"mark c{look % COLOURS}")
    return _element("svg", mark, viewBox="0 0 14 14", class_="key", aria_hidden="true")


def scatter(
    label: str,
    groups: Sequence[Group],
    axes: tuple[str, str],
    ends: tuple[tuple[float, float], tuple[float, float]],
    line: Sequence[tuple[float, float]],
    limits: Sequence[float] = (),
) -> Markup:
    """Points over two axes, and a line through them.

    Args:
        label: what the chart shows, for those who do not see it.
        ends: of the axis across and of the one upwards.
        limits: heights at which further lines go across.
    """
    x = Scale(*ends[0], _LEFT, WIDTH - _RIGHT)
    y = Scale(*ends[1], _PLOT_HEIGHT - _BOTTOM, _TOP)
    return _chart(
        label,
        _PLOT_HEIGHT,
        _across(x, axes[0], _PLOT_HEIGHT - _BOTTOM, _TOP),
        _upwards(y, axes[1]),
        _element("path", d=_path(line, x, y), class_="line"),
        *(_element("path", d=f"M{_LEFT} {y(limit)}H{WIDTH - _RIGHT}", class_="zero") for limit in limits),
        *(_points(group, x, y) for group in groups),
    )


def figures(
    label: str, rows: Sequence[Dot], axis: str, ends: tuple[float, float], chance: float | None = None
) -> Markup:
    """Figures with intervals under each other on one axis; a band up to ``chance`` where it is given."""
    height = _TOP + _ROW * len(rows) + _BOTTOM
    bottom = height - _BOTTOM
    x = Scale(*ends, _EDGE, WIDTH - _EDGE)
    band = []
    if chance is not None:
        start = x(max(0.0, ends[0]))
        band = [_element("path", d=f"M{start} {_TOP}H{x(chance)}V{bottom}H{start}z", class_="band")]
    zero = [_element("path", d=f"M{x(0)} {_TOP}V{bottom}", class_="zero")] if ends[0] <= 0 <= ends[1] else []
    drawn = [_dot(row, x, _TOP + _ROW * place) for place, row in enumerate(rows)]
    return _chart(label, height, *band, _across(x, axis, bottom, _TOP), *zero, *drawn)


def histogram(
    label: str,
    counts: Sequence[int],
    ends: tuple[float, float],
    axis: str,
    line: tuple[str, float] | None = None,
    counted: str = "images",
) -> Markup:
    """How many values lie in each of equal parts of an axis; a named line at one value where it is given.

    Args:
        label: what the chart shows, for those who do not see it.
        counted: what the counts are of.
    """
    top, bottom = _TOP + 16, _HISTOGRAM_HEIGHT - _BOTTOM
    x = Scale(*ends, _LEFT, WIDTH - _RIGHT)
    y = Scale(0.0, max(1, *counts) * 1.02, bottom, top)
    width = (ends[1] - ends[0]) / len(counts)
    pieces = [_across(x, axis, bottom, bottom), _upwards(y, counted, whole=True)]
    for place, count in enumerate(counts):
        low = ends[0] + place * width
        title = _element("title", f"{low:g} to {low + width:g}: {count:,}")
        left, right = float(x(low)) + 1, float(x(low + width)) - 1
        pieces.append(
            _element("path", title, d=f"M{left:.1f} {bottom}V{y(count)}H{right:.1f}V{bottom}z", class_="column")
        )
    if line is not None:
        name, value = line
        pieces.append(_element("path", d=f"M{x(value)} {top}V{bottom}", class_="median"))
        side = "end" if float(x(value)) > WIDTH / 2 else "start"
        at = f"{float(x(value)) + (-5 if side == 'end' else 5):.1f}"
        pieces.append(_element("text", name, x=at, y=top - 5, class_="end" if side == "end" else None))
    return _chart(label, _HISTOGRAM_HEIGHT, *pieces)


def _element(name: str, /, *children: str, **attributes: object) -> Markup:
    """An element; children that are no markup are escaped, and attributes that are None are left out.

    An underscore in an attribute's name stands for a hyphen, and one at its end for nothing.
    """
    given = Markup().join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(name, given, Markup().join(children))


def _chart(label: str, height: int, *children: Markup) -> Markup:
    return _element("svg", *children, viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=label)


def _across(x: Scale, title: str, bottom: int, top: int) -> Markup:
    lines, labels = [], []
    steps = ticks(x.low, x.high)
    for value in steps:
        lines.append(f"M{x(value)} {top}V{bottom}")
        labels.append(_element("text", _tick(value, steps), x=x(value), y=bottom + 18, class_="mid"))
    name = _element("text", title, x=_middle(x), y=bottom + 40, class_="mid axis")
    return _element("g", _element("path", d="".join(lines), class_="grid"), *labels, name)


def _upwards(y: Scale, title: str, whole: bool = False) -> Markup:
    lines, labels = [], []
    steps = [step for step in ticks(y.low, y.high) if not whole or step == round(step)]
    for value in steps:
        lines.append(f"M{_LEFT} {y(value)}H{WIDTH - _RIGHT}")
        labels.append(_element("text", _tick(value, steps), x=_LEFT - 8, y=y(value), dy=4, class_="end"))
    name = _element("text", title, transform=f"translate(13 {_middle(y)}) rotate(-90)", class_="mid axis")
    return _element("g", _element("path", d="".join(lines), class_="grid"), *labels, name)


def _tick(value: float, steps: Sequence[float]) -> str:
    step = steps[1] - steps[0] if len(steps) > 1 else 1.0
    digits = next((count for count in range(9) if abs(step * 10**count - round(step * 10**count)) < 1e-6), 9)
    return number(value, digits)


def _middle(scale: Scale) -> str:
    return f"{(scale.start + scale.end) / 2:.0f}"


def _path(points: Sequence[tuple[float, float]], x: Scale, y: Scale) -> str:
    return "".join(f"{'L' if place else 'M'}{x(a)} {y(b)}" for place, (a, b) in enumerate(points))


def _points(group: Group, x: Scale, y: Scale) -> Markup:
    style = f"mark c{group.look % COLOURS}"
    marks = [marker(group.look, x(a), y(b)) for a, b in group.points]
    if group.titles is None:
        return _element("path", d="".join(marks), class_=style)
    named = zip(marks, group.titles, strict=True)
    return _element("g", *(_element("path", _element("title", title), d=mark) for mark, title in named), class_=style)


def _dot(row: Dot, x: Scale, top: int) -> Markup:
    middle = top + 31
    pieces = [
        _element("text", _short(row.name), x=_EDGE + 6, y=top + 17, class_="name"),
        _element("text", row.note, x=WIDTH - _EDGE, y=top + 17, class_="end"),
    ]
    if row.ends is not None and all(map(math.isfinite, row.ends)):
        pieces.append(_element("path", d=f"M{x(row.ends[0])} {middle}H{x(row.ends[1])}", class_="whisker"))
    if row.value is not None and math.isfinite(row.value):
        pieces.append(_element("circle", cx=x(row.value), cy=middle, r=6))
    return _element("g", *pieces, class_=row.style)


def _short(name: str, most: int = 30) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
