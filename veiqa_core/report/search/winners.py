"""The winners of a report: recipes, controls, ties, and scores beside the ratings."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from ...evaluation import agreement
from ...page import svg
from ...page.formatting import number
from ...searching.winners import ControlFigure, Winner
from .scatter import scatter
from .wording import Wording, called

_SHOWN = 10
_ROWS = 800  # ties of all winners together


def winners(wording: Wording) -> dict[str, Any]:
    """All winners, and a table of them where there are several."""
    found = list(wording.search.winners.values())
    return {
        "objective": wording.name,
        "overview": [_overview_row(wording, winner) for winner in found] if len(found) > 1 else None,
        "winners": [_winner(wording, winner) for winner in found],
    }


def _overview_row(wording: Wording, winner: Winner) -> dict[str, Any]:
    with_figure = [control for control in winner.controls if control.figure is not None]
    held = wording.search.held_out_by_type.get(str(winner.kind))
    return {
        "anchor": wording.anchor(winner),
        "type": called(winner.kind),
        "images": len(winner.selection.rows),
        "branches": list(map(wording.key, winner.selection.chosen)),
        "figure": wording.reported(winner.selection.path[-1]),
        "held_out": None if held is None else held.values[wording.search.settings.objective.name],
        "beaten": sum(map(_is_beaten, with_figure)),
        "controls": len(with_figure),
    }


def _winner(wording: Wording, winner: Winner) -> dict[str, Any]:
    ranking, mapper = winner.ranking, winner.recipe.mapper
    return {
        "anchor": wording.anchor(winner),
        "type": called(winner.kind),
        "images": len(winner.selection.rows),
        "branches": _branches(wording, winner),
        "mapper": None if mapper is None else mapper.name,
        "is_fitted": bool(winner.recipe.state),
        "figure": wording.reported(ranking.figures[0]),
        "interval": wording.reported_ends(ranking.intervals[0]),
        "left_out": wording.search.candidates[winner.selection.chosen[0]].several,
        "chart": _chart(wording, winner),
        "chance": _chance(wording, winner),
        "controls": [_control(wording, control) for control in winner.controls],
        "ties": _ties(wording, winner),
        "cheapest": _cheapest(wording, winner),
        "scatter": scatter(wording, winner),
    }


def _branches(wording: Wording, winner: Winner) -> list[dict[str, Any]]:
    """The branches of the recipe, what each is made of, and what the recipe reaches once it is added."""
    chosen, path = winner.selection.chosen, (winner.selection.alone, *winner.selection.path[1:])
    return [
        {
            "key": wording.key(column),
            "parts": [(name, str(value)) for name, value in wording.search.candidates[column].coordinates.items()],
            "reached": wording.reported(reached),
        }
        for column, reached in zip(chosen, path, strict=True)
    ]


def _is_beaten(control: ControlFigure) -> bool:
    return control.behind is not None and control.behind[0] > 0


def _chart(wording: Wording, winner: Winner) -> Markup:
    ranking, chance = winner.ranking, winner.chance
    own = wording.reported(ranking.figures[0])
    dots = [svg.Dot("winner", own, wording.reported_ends(ranking.intervals[0]), f"{number(own)}, flattering", "win")]
    limit = chance.high if chance is not None and wording.search.settings.objective.name == "srocc" else None
    if chance is not None and limit is not None:
        dots.append(
            svg.Dot("chance", chance.median, (chance.median, limit), "best of so many, up to 1 in 20", "chance")
        )
    for control in winner.controls:
        if control.figure is not None:
            verdict = "winner ahead" if _is_beaten(control) else "tie"
            value = wording.reported(control.figure)
            dots.append(svg.Dot(control.name, value, None, f"{number(value)}, {verdict}"))
    known = [value for dot in dots for value in (dot.value, *(dot.ends or ())) if value is not None]
    label = (
        f"{wording.name} of the winner with its interval, of chance, and of the controls; the numbers are in the text."
    )
    return svg.figures(label, dots, wording.name, svg.from_zero(known), limit)


def _chance(wording: Wording, winner: Winner) -> dict[str, Any] | None:
    chance, search = winner.chance, wording.search
    if chance is None:
        return None
    own = agreement.srocc(winner.values, search.table.quality[winner.selection.rows])
    if own is not None and not search.candidates[winner.selection.chosen[0]].several:
        own = abs(own)  # a mapper finds the direction out; predictions have one
    return {
        "median": chance.median,
        "high": chance.high,
        "own": own,
        "above": own is not None and own > chance.high,
    }


def _control(wording: Wording, control: ControlFigure) -> dict[str, Any]:
    figure = None if control.figure is None or control.behind is None else wording.reported(control.figure)
    return {
        "name": control.name,
        "summary": control.summary,
        "figure": figure,
        "behind": control.behind,
        "reason": control.reason,
    }


def _ties(wording: Wording, winner: Winner) -> dict[str, Any]:
    """The candidates that cannot be distinguished from the winner: the best few, and those to be opened."""
    ranking = winner.ranking
    equal = set(ranking.ties.tolist()) - {int(ranking.columns[0])}
    places = [place for place, column in enumerate(ranking.columns) if int(column) in equal]
    folded = places[_SHOWN : max(2 * _SHOWN, _ROWS // len(wording.search.winners))]
    return {
        "compared": len(ranking.columns) - 1,
        "count": len(places),
        "first": [_ranked(wording, winner, place) for place in (0, *places[:_SHOWN])],
        "folded": [_ranked(wording, winner, place) for place in folded],
        "left_out": max(0, len(places) - _SHOWN - len(folded)),
    }


def _ranked(wording: Wording, winner: Winner, place: int) -> dict[str, Any]:
    ranking = winner.ranking
    column = int(ranking.columns[place])
    return {
        "rank": place + 1,
        "key": wording.key(column),
        "figure": wording.reported(ranking.figures[place]),
        "interval": wording.reported_ends(ranking.intervals[place]),
        "behind": float(ranking.figures[0] - ranking.figures[place]) if place else None,
        "behind_interval": ranking.behind[place] if place else None,
        "gflop": wording.gflop(column),
    }


def _cheapest(wording: Wording, winner: Winner) -> dict[str, Any]:
    """The cheapest candidate within one standard error of the best, and which share of operations it saves."""
    costs, best, cheap = wording.search.costs, int(winner.ranking.columns[0]), winner.cheapest
    return {
        "is_winner": cheap == best,
        "error": winner.ranking.error,
        "key": wording.key(cheap),
        "figure": wording.reported(winner.selection.figures[cheap]),
        "saved": 1 - float(costs[cheap] / costs[best]) if costs[best] else 0.0,
        "gflop": wording.gflop(cheap),
        "winner_gflop": wording.gflop(best),
    }
