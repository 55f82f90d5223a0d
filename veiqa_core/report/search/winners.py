"""The winners of a report: recipes, controls, runner-ups, and scores beside the ratings."""

from __future__ import annotations

from collections.abc import Iterator

from ...evaluation import agreement
from ...page import svg
from ...page.markup import Column, Html, Row, counted, definitions, fold, join, key, number, span, table, tag
from ...search.winners import Control, Winner
from .scatter import scatters
from .telling import Teller, anchor, called

_SHOWN = 10
_ROWS = 800  # runner-ups of all winners together
_COLUMNS = ("Rank", "Branch", "Interval", "Behind by", "Interval of that", "GFLOP")


def winners(teller: Teller) -> Html:
    """The section with all winners."""
    found = list(teller.search.winners.values())
    several = len(found) > 1 or None
    return tag(
        "section",
        tag("h2", "The winners" if several else "The winner"),
        several and _overview(teller, found),
        *(_winner(teller, winner) for winner in found),
        id="winners",
    )


def _overview(teller: Teller, found: list[Winner]) -> Html:
    columns = [
        Column("Type", numeric=False, head=True),
        Column("Images"),
        Column("Branch", numeric=False),
        Column(f"{teller.name}, flattering"),
        Column(f"Held-out {teller.name}"),
        Column("Controls beaten"),
    ]
    return table("The recipe for each type.", columns, [_overview_row(teller, winner) for winner in found])


def _overview_row(teller: Teller, winner: Winner) -> Row:
    told = [control for control in winner.controls if control.figure is not None]
    held = teller.search.held_out_by_type.get(str(winner.kind))
    return [
        tag("a", called(winner.kind), href=f"#{anchor(teller.search, winner)}"),
        str(len(winner.selection.rows)),
        join(tag("div", key(teller.key(column))) for column in winner.selection.chosen),
        teller.figure(winner.selection.path[-1]),
        number(None if held is None else held.values[teller.search.terms.objective.name]),
        f"{sum(map(_ahead, told))} of {len(told)}",
    ]


def _winner(teller: Teller, winner: Winner) -> Html:
    title = called(winner.kind)
    return tag(
        "section",
        tag("h3", title[0].upper() + title[1:], " ", tag("small", counted(len(winner.selection.rows), "image"))),
        _recipe(teller, winner),
        _figures(teller, winner),
        tag("h4", "Against chance and the controls"),
        tag("div", _chart(teller, winner), _chance(teller, winner), class_="pair"),
        _controls(teller, winner),
        *_equals(teller, winner),
        *_cheapest(teller, winner),
        *scatters(teller, winner),
        id=anchor(teller.search, winner),
        class_="winner",
    )


def _recipe(teller: Teller, winner: Winner) -> Html:
    chosen, path = winner.selection.chosen, (winner.selection.alone, *winner.selection.path[1:])
    several = len(chosen) > 1
    items = [_branch(teller, column, path[place] if several else None) for place, column in enumerate(chosen)]
    mapper = winner.recipe.mapper
    fitted = "" if winner.recipe.state else ", which these images do not determine: it is not fitted"
    note = None if mapper is None else tag("p", "Scores by ", tag("code", mapper.name), fitted, ".", class_="note")
    return tag("div", tag("ol", *items, class_="several" if several else "single"), note, class_="recipe")


def _branch(teller: Teller, column: int, reached: float | None) -> Html:
    """A branch of the recipe, what it is made of, and what the recipe reaches with it."""
    coordinates = teller.search.candidates[column].coordinates
    parts = definitions(((name, str(value)) for name, value in coordinates.items()), class_="parts")
    told = None
    if reached is not None:
        told = tag("p", f"{teller.name} with this branch added: ", tag("strong", teller.figure(reached)), class_="note")
    return tag("li", tag("p", key(teller.key(column)), class_="key"), parts, told)


def _figures(teller: Teller, winner: Winner) -> Html:
    standing = winner.standing
    several = len(winner.selection.chosen) > 1
    return tag(
        "p",
        tag("span", "flattering", class_="badge"),
        " ",
        "Its first branch by itself: " if several else None,
        tag("strong", f"{teller.name} ", teller.figure(float(standing.figures[0]))),
        " on the very images it was chosen on, 95 % bootstrap interval by content ",
        teller.figure_span(standing.intervals[0]),
        ". The interval does not undo the flattery of choosing; the held-out figures do. ",
        "The path of a recipe with several branches is of predictions of contents that its mapper was not fitted on; "
        "what follows is about the first branch."
        if several
        else None,
    )


def _ahead(control: Control) -> bool:
    return control.behind is not None and control.behind[0] > 0


def _chart(teller: Teller, winner: Winner) -> Html:
    standing, floor = winner.standing, winner.floor
    own = teller.told(float(standing.figures[0]))
    ranked = floor is not None and teller.search.terms.objective.name == "srocc"
    dots = [svg.Dot("winner", own, teller.told_span(standing.intervals[0]), f"{number(own)}, flattering", "win")]
    if floor is not None and ranked:
        dots.append(
            svg.Dot("chance", floor.median, (floor.median, floor.high), "best of so many, up to 1 in 20", "chance")
        )
    for control in winner.controls:
        if control.figure is not None:
            word = "winner ahead" if _ahead(control) else "not told apart"
            value = teller.told(control.figure)
            dots.append(svg.Dot(control.name, value, None, f"{number(value)}, {word}"))
    known = [value for dot in dots for value in (dot.value, *(dot.ends or ())) if value is not None]
    ends = svg.from_zero(known)
    label = (
        f"{teller.name} of the winner with its interval, of chance, and of the controls; the numbers are in the text."
    )
    chart = svg.figures(label, dots, teller.name, ends, floor.high if floor is not None and ranked else None)
    return tag("figure", chart)


def _controls(teller: Teller, winner: Winner) -> Html:
    columns = [
        Column("Control", numeric=False, head=True),
        Column(teller.name),
        Column("Winner ahead by (interval)"),
        Column("Verdict", numeric=False),
    ]
    rows = [_control(teller, control) for control in winner.controls]
    if not rows:
        return tag("p", "No controls are installed.")
    return table("What is left without the network, its training, or the comparison.", columns, rows)


def _control(teller: Teller, control: Control) -> Row:
    name = join([tag("span", control.name), tag("small", control.summary)])
    if control.figure is None or control.behind is None:
        return [name, number(None), number(None), f"none: {control.reason}"]
    word = tag("strong", "winner ahead") if _ahead(control) else "not told apart"
    if control.behind[1] < 0:
        word = tag("strong", "control ahead")
    return [name, teller.figure(control.figure), span(control.behind), word]


def _chance(teller: Teller, winner: Winner) -> Html:
    floor, matrix = winner.floor, teller.search.matrix
    legend = tag(
        "p", "Dots are figures; the winner’s bar is its 95 % interval. Shaded, where it is told: chance.", class_="note"
    )
    if floor is None:
        return tag("div", legend)
    rows, best = winner.selection.rows, int(winner.standing.columns[0])
    own = agreement.srocc(matrix.similarities(rows, [best])[:, 0], matrix.quality[rows])
    above = own is not None and abs(own) > floor.high
    told = tag(
        "p",
        "With ratings that are shuffled among the images, the best of so many candidates still reaches |SROCC| ",
        number(floor.median),
        " in half of all searches and ",
        number(floor.high),
        " in one of twenty. The winner has ",
        number(None if own is None else abs(own)),
        ": ",
        tag("strong", "above chance." if above else "no more than chance can give."),
    )
    beaten = (
        "Where the winner is not ahead of a control, what the control lacks (the network, its training, the "
        "comparison) may have no part in the agreement."
    )
    return tag("div", told, tag("p", beaten), legend)


def _equals(teller: Teller, winner: Winner) -> Iterator[Html]:
    standing = winner.standing
    equal = set(standing.equals.tolist()) - {int(standing.columns[0])}
    places = [place for place, column in enumerate(standing.columns) if int(column) in equal]
    yield tag("h4", "Runner-ups that cannot be told apart")
    if not places:
        others = len(standing.columns) - 1
        behind = f"There are none: the next {others} are all behind, in 97.5 % of bootstrap samples or more."
        yield tag("p", behind if others else "There are no others with a figure.")
        return
    more = "" if len(standing.columns) > len(places) + 1 else " or more"
    yield tag(
        "p",
        f"{counted(len(places), 'candidate')}{more} cannot be told apart from the winner: the interval of the "
        "difference on the same bootstrap samples reaches zero. Any of them may be the best.",
    )
    caption = f"The best {min(len(places), _SHOWN)}, and the winner itself."
    yield _runners(teller, winner, places[:_SHOWN], caption, True)
    told = places[_SHOWN : max(2 * _SHOWN, _ROWS // len(teller.search.winners))]
    if told:
        left = len(places) - _SHOWN - len(told)
        caption = "The others." if not left else f"The next of them; the last {left} are named in search.json."
        yield fold(f"{len(told)} more", _runners(teller, winner, told, caption, False))


def _runners(teller: Teller, winner: Winner, places: list[int], caption: str, first: bool) -> Html:
    columns = [Column(name, numeric=name != "Branch", head=name == "Branch") for name in _COLUMNS]
    columns.insert(2, Column(teller.name))
    rows = [_runner(teller, winner, place) for place in ([0, *places] if first else places)]
    return table(caption, columns, rows)


def _runner(teller: Teller, winner: Winner, place: int) -> Row:
    standing = winner.standing
    column = int(standing.columns[place])
    behind = float(standing.figures[0] - standing.figures[place])
    return [
        str(place + 1),
        key(teller.key(column)),
        teller.figure(float(standing.figures[place])),
        teller.figure_span(standing.intervals[place]),
        number(behind) if place else number(None),
        span(standing.behind[place]) if place else number(None),
        teller.work(column),
    ]


def _cheapest(teller: Teller, winner: Winner) -> Iterator[Html]:
    costs, best, cheap = teller.search.costs, int(winner.standing.columns[0]), winner.cheapest
    yield tag("h4", "The cheapest that is nearly as good")
    error = join(["within one standard error (", number(winner.standing.error), ") of the best"])
    if cheap == best:
        yield tag("p", "The winner itself: no candidate ", error, " takes fewer operations.")
        return
    saved = 1 - float(costs[cheap] / costs[best]) if costs[best] else 0.0
    share = "the same number of operations" if saved < 0.005 else f"{saved * 100:.0f} % fewer operations"
    yield tag(
        "p",
        key(teller.key(cheap)),
        f" reaches {teller.name} ",
        teller.figure(float(winner.selection.figures[cheap])),
        ", ",
        error,
        ", and takes ",
        tag("strong", share),
        ": ",
        teller.work(cheap),
        " instead of ",
        teller.work(best),
        " GFLOP for an image. It is in ",
        tag("code", "cheapest.toml"),
        ".",
    )
