"""A search as files: recipes, a table of every candidate, and plain data."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..datasets.rated_set import RatedSet
from ..images import display_name
from .search import Search
from .settings import SearchSettings
from .winners import ControlFigure, Winner


def results_csv(search: Search) -> str:
    """:func:`rows` as CSV; what is not available is empty."""
    found = list(rows(search))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([found[0], *(row.values() for row in found)])
    return stream.getvalue()


def rows(search: Search) -> Iterator[dict[str, Any]]:
    """A row for each candidate: coordinates, key, cost, degenerate maps, the objective of each type, failures."""
    coordinates = list(dict.fromkeys(name for candidate in search.candidates for name in candidate.coordinates))
    objective = search.settings.objective
    figures = {
        objective.name if kind is None else f"{objective.name} {kind}": own for kind, own in search.winners.items()
    }
    names = ("key", *coordinates, "operations", "degenerate", *figures, "failed", "failure")
    failures, degenerate = search.failures, search.degenerate
    for place, candidate in enumerate(search.candidates):
        row: dict[str, Any] = {name: candidate.coordinates.get(name) for name in coordinates}
        row |= {name: number(objective.reported(own.selection.figures[place])) for name, own in figures.items()}
        row |= {"key": candidate.key, "operations": int(search.costs[place]), "degenerate": degenerate[place]}
        failure = failures.get(place)
        row |= {"failed": failure.images if failure else 0, "failure": failure.reason if failure else None}
        yield {name: row[name] for name in names}
    for key, reason in search.refused.items():
        known = {"key": key, "failed": len(search.table.names), "failure": reason}
        yield {name: known.get(name) for name in names}


def about(space: str, rated: RatedSet, settings: SearchSettings) -> dict[str, Any]:
    """Which search it is, as plain data: one of other data is another search."""
    view = {} if settings.view is None else {"view": settings.view}
    return {
        **view,
        "space": space,
        "dataset": {"name": rated.name, "path": display_name(rated.root), "images": len(rated.images)},
        "objective": settings.objective.name,
        "strategy": settings.strategy.key,
        "budget": settings.budget,
        "branches": settings.branches,
        "folds": settings.folds,
        "seed": settings.seed,
    }


def to_dict(search: Search) -> dict[str, Any]:
    """The outcome as plain data, ready for JSON."""
    return {
        **about(search.space, search.rated, search.settings),
        "candidates": len(search.candidates),
        "refused": dict(search.refused),
        "failed": {search.candidates[c].key: f.reason for c, f in search.failures.items()},
        "unread": {search.table.names[row]: reason for row, reason in search.table.unread.items()},
        "skipped": search.skipped,
        "cost_size": list(search.cost_size),
        "winners": {kind or "all": _winner(search, winner) for kind, winner in search.winners.items()},
        "folds_chosen": [
            {"type": fold.kind, "fold": fold.number, "chosen": keys(search, fold.chosen)} for fold in search.folds
        ],
        "held_out": None if search.held_out is None else search.held_out.to_dict(),
        "held_out_by_type": {kind: figures.to_dict() for kind, figures in search.held_out_by_type.items()},
        "notes": list(search.notes),
        "versions": dict(search.versions),
    }


def keys(search: Search, candidates: Sequence[int]) -> list[str]:
    """The keys of candidates."""
    return [search.candidates[one].key for one in candidates]


def interval(ends: Iterable[float]) -> list[float] | None:
    """An interval, lower end first, or None where there is none."""
    found = sorted(ends)
    return found if all(map(math.isfinite, found)) else None


def number(value: float) -> float | None:
    """A figure, or None where there is none."""
    return float(value) if math.isfinite(value) else None


def _winner(search: Search, winner: Winner) -> dict[str, Any]:
    reported, ranking = search.settings.objective.reported, winner.ranking
    return {
        "images": len(winner.selection.rows),
        "chosen": keys(search, winner.selection.chosen),
        "alone": reported(winner.selection.alone) if math.isfinite(winner.selection.alone) else None,
        "path": [reported(figure) for figure in winner.selection.path],
        "figure": reported(float(ranking.figures[0])),
        "interval95": interval(reported(float(end)) for end in ranking.intervals[0]),
        "standard_error": number(ranking.error),
        "ties": keys(search, ranking.ties.tolist()),
        "cheapest_within_one_standard_error": search.candidates[winner.cheapest].key,
        "chance_srocc": None
        if winner.chance is None
        else {"median": winner.chance.median, "one_in_twenty": winner.chance.high},
        "controls": [_control(search, control) for control in winner.controls],
    }


def _control(search: Search, control: ControlFigure) -> dict[str, Any]:
    figure = None if control.figure is None else search.settings.objective.reported(control.figure)
    behind = None if control.behind is None else interval(control.behind)
    return {"name": control.name, "figure": figure, "winner_ahead95": behind, "reason": control.reason}
