"""The headline of a report: figures of images under choices that were made without their contents."""

from __future__ import annotations

from collections.abc import Iterator

from ...evaluation.figures import Figures
from ...page import svg
from ...page.markup import Column, Html, join, number, span, table, tag
from .telling import LONG_NAMES, Teller

_ORDER = ("srocc", "plcc", "krocc", "rmse")
_COLUMNS = (
    Column("Type", numeric=False, head=True),
    Column("Images"),
    Column("Contents"),
    *(Column(name.upper()) for name in _ORDER),
    Column("SD of ratings"),
    Column("In 90 % interval"),
)


def held_out(teller: Teller) -> Html:
    """The section with the held-out figures."""
    figures = teller.search.held_out
    title = tag("h2", "What to expect on new contents")
    if figures is None:
        why = "There are no held-out figures: the images show too few contents to keep choice and report apart."
        return tag("section", title, tag("p", why, class_="verdict weak"), id="held-out")
    return tag(
        "section",
        title,
        tag("p", _how(teller)),
        tag("div", *_cards(teller, figures), class_="cards"),
        tag("p", *_meaning(teller, figures), class_=f"verdict {'good' if _shown(teller, figures) else 'weak'}"),
        _by_type(teller),
        _table(teller, figures),
        id="held-out",
    )


def _how(teller: Teller) -> str:
    folds = max((fold.number for fold in teller.search.folds), default=0)
    return (
        f"Held-out: each image is scored by a recipe that was chosen and fitted without any image of its content. "
        f"The contents are dealt into {folds} parts, and the whole search is repeated without each of them. "
        f"Under each figure stands its 95 % bootstrap interval, whole contents being drawn."
    )


def _cards(teller: Teller, figures: Figures) -> Iterator[Html]:
    main = teller.search.terms.objective.name
    for name in sorted(_ORDER, key=lambda name: name != main):
        note = LONG_NAMES[name].split(" after")[0]
        if name == "rmse":
            note = f"{note}; the ratings’ own standard deviation is {number(teller.deviation(None))}"
        yield tag(
            "div",
            tag("h3", name.upper()),
            tag("p", number(figures.values[name]), class_="big"),
            tag("p", span(figures.intervals[name]), class_="interval"),
            tag("p", note[0].upper() + note[1:], class_="note"),
            class_="card main" if name == main else "card",
        )


def _limit(teller: Teller) -> float | None:
    """What the objective has to pass: no correlation, or the error of always answering the mean."""
    return 0.0 if teller.correlates else teller.deviation(None)


def _shown(teller: Teller, figures: Figures) -> bool:
    """Whether the whole interval of the objective is on the good side."""
    ends, limit = figures.intervals[teller.search.terms.objective.name], _limit(teller)
    if ends is None or limit is None:
        return False
    return ends[0] > limit if teller.correlates else ends[1] < limit


def _meaning(teller: Teller, figures: Figures) -> Iterator[Html | str]:
    name = teller.search.terms.objective.name
    value, ends = figures.values[name], figures.intervals[name]
    if value is None:
        yield "No figure could be computed: the predictions are the same everywhere, or there are none."
        return
    certain = ["no interval" if ends is None else "interval ", *([] if ends is None else [span(ends)])]
    yield join([tag("strong", f"{teller.name} ", number(value), ", ", *certain, "."), " "])
    if ends is None:
        yield "Without an interval nobody can say how far to trust it. "
    elif _shown(teller, figures):
        yield "On contents that were not seen, the scores agree with the ratings better than "
        yield "chance. " if teller.correlates else "always answering the mean of the ratings would. "
    elif teller.correlates and ends[1] < 0:
        yield "Below zero throughout: predictions that know little lie near the mean of the others, which draws "
        yield "correlations down. Read it as no agreement. "
    elif teller.correlates:
        yield "The interval is not above zero: this search does not show that what it chooses agrees with the ratings "
        yield "of contents that it has not seen. "
    else:
        yield "The interval is not below what always answering the mean of the ratings would give "
        yield join(["(", number(teller.deviation(None)), "): no gain over that is shown. "])
    yield from _single_types(teller)
    yield from _flattery(teller, value)


def _single_types(teller: Teller) -> Iterator[str]:
    """For which types the same can be said by themselves."""
    types = teller.search.held_out_by_type
    if len(types) > 1 and teller.correlates:
        sure = [kind for kind, figures in types.items() if _shown(teller, figures)]
        named = f" ({', '.join(sure)})" if 0 < len(sure) < len(types) else ""
        yield (
            f"By itself, {len(sure)} of {len(types)} types{named} has "
            if len(sure) == 1
            else (f"By themselves, {len(sure)} of {len(types)} types{named} have ")
        )
        yield "an interval above zero. "


def _flattery(teller: Teller, value: float) -> Iterator[Html | str]:
    """How much better the winner looks on the images that it was chosen on."""
    winner = teller.search.winners.get(None)
    if winner is None:
        yield "These are the figures to quote, not those of the winners below, which were chosen on the same images."
        return
    own = teller.told(winner.selection.path[-1])
    yield join(["On the images that it was chosen on, the winner reaches ", number(own), ": "])
    gain = own - value if teller.correlates else value - own
    yield join(["choosing flatters by ", number(gain), ". "]) if gain > 0 else "choosing did not flatter here. "
    yield f"The figure to quote is {number(value)}."


def _by_type(teller: Teller) -> Html | None:
    search, name = teller.search, teller.search.terms.objective.name
    rows = [(kind, figures, "other") for kind, figures in search.held_out_by_type.items()]
    if search.held_out is None or not rows:
        return None
    dots = [
        svg.Dot(kind, own.values[name], own.intervals[name], f"{number(own.values[name])}", style)
        for kind, own, style in [("overall", search.held_out, "held"), *rows]
    ]
    known = [value for dot in dots for value in (dot.value, *(dot.ends or ())) if value is not None]
    ends = svg.from_zero(known)
    label = f"Held-out {teller.name} overall and of each type with 95 % intervals; the numbers are in the next table."
    chart = svg.figures(label, dots, f"held-out {teller.name}", ends)
    return tag("figure", chart, tag("figcaption", f"Held-out {teller.name} and 95 % intervals."), class_="alone")


def _table(teller: Teller, overall: Figures) -> Html:
    rows: list[tuple[str, str | None, Figures]] = [
        *((kind, kind, figures) for kind, figures in teller.search.held_out_by_type.items()),
        ("overall", None, overall),
    ]
    return table(
        "Held-out figures with 95 % intervals. An RMSE near the standard deviation (SD) of the ratings is what always "
        "answering their mean would give. The last column is the share of images whose rating lies in the score’s 90 % "
        "prediction interval.",
        _COLUMNS,
        [
            [
                name,
                str(figures.count),
                str(figures.contents),
                *(_with_interval(figures, figure) for figure in _ORDER),
                number(teller.deviation(kind)),
                number(figures.coverage),
            ]
            for name, kind, figures in rows
        ],
    )


def _with_interval(figures: Figures, name: str) -> Html:
    return join([number(figures.values[name]), tag("small", span(figures.intervals[name]))])
