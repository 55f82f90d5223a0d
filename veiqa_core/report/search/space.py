"""What a report says of the whole space: what matters in it, the ranking, what the folds chose, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...contracts import FloatArray
from ...searching.candidates import Candidate, branches_of
from .wording import Wording, called

RANKED = 500
"""So many candidates at most stand in the ranking."""

_CELLS = 15_000
"""So many cells of heat tables can be on a page."""

_KINDS = {"PRI": "pri", "network": "extractor", "explainer": "explainer", "metric": "metric"}
_NONE = "none: a method"
_PAIRS = (("layer", "metric"), ("PRI", "explainer"))

Labels = Mapping[str, Sequence[str | None]]
"""For each axis the place of every candidate on it."""


def matters(wording: Wording) -> dict[str, Any]:
    """Heat tables of the best objective: for each winner, and of the mean where there are several."""
    axes = _axes(wording.search.candidates)
    figures = {called(kind): winner.selection.figures for kind, winner in wording.search.winners.items()}
    several = len(figures) > 1
    cells = sum(len(set(zip(axes[down], axes[across], strict=True))) for down, across in _pairs(axes))
    shown = list(figures.items())[: max(1, _CELLS // max(cells, 1))] if several else []
    return {
        "objective": wording.name,
        "several": several,
        "heats": _heats(wording, axes, np.mean(list(figures.values()), axis=0)),
        "types": [(name, _heats(wording, axes, own)) for name, own in shown],
        "left_out": len(figures) - len(shown) if several else 0,
    }


def _heats(wording: Wording, axes: Labels, figures: FloatArray) -> list[dict[str, Any]]:
    return [
        _heat(f"Best {wording.name} by {down} and {across}.", axes[down], axes[across], figures, wording.reported)
        for down, across in _pairs(axes)
    ]


def ranking(wording: Wording) -> dict[str, Any]:
    """Every candidate, or the best of them, best first."""
    search = wording.search
    figures = np.stack([winner.selection.figures for winner in search.winners.values()])
    mean = figures.mean(axis=0)
    order = sorted(range(len(search.candidates)), key=lambda c: (-_or_last(mean[c]), wording.key(c)))[:RANKED]
    failures = search.failures
    return {
        "objective": wording.name,
        "types": list(map(called, search.winners)),
        "candidates": len(search.candidates),
        "left_out": any(candidate.several for candidate in search.candidates),
        "rows": [
            {
                "key": wording.key(column),
                "mean": wording.reported(mean[column]),
                "figures": list(map(wording.reported, figures[:, column])),
                "gflop": wording.gflop(column),
                "degenerate": search.degenerate[column],
                "failed": failures[column].images if column in failures else 0,
            }
            for column in order
        ],
    }


def _or_last(value: float) -> float:
    return float(value) if np.isfinite(value) else -np.inf


def folds(wording: Wording) -> dict[str, Any]:
    """What was chosen without each part of the contents."""
    search = wording.search
    rows = []
    for kind, winner in search.winners.items():
        choices = [fold.chosen for fold in search.folds if fold.kind == kind]
        times = Counter(column for chosen in choices for column in chosen)
        rows += [
            (called(kind), wording.key(column), count, len(choices), column in winner.selection.chosen)
            for column, count in sorted(times.items(), key=lambda item: (-item[1], wording.key(item[0])))
        ]
    return {
        "same": sum(fold.chosen == search.winners[fold.kind].selection.chosen for fold in search.folds),
        "choices": len(search.folds),
        "rows": rows,
    }


def cost(wording: Wording) -> dict[str, Any]:
    """Operations by explainer and layer, and how many stages there are."""
    search = wording.search
    axes = _axes(search.candidates)
    caption = "Operations for one image and its PRI by layer and explainer, in GFLOP; a stronger colour is more."
    return {
        "size": search.cost_size,
        "heat": _heat(caption, axes["layer"], axes["explainer"], search.costs / 1e9, float),
        "stages": list(_stages(search.candidates).items()),
    }


def _stages(candidates: Sequence[Candidate]) -> Mapping[str, int]:
    branches = branches_of(candidates)
    methods = len(candidates) - len(branches)
    seen = {(b.extractor, b.explainer, b.layer) for b in branches}
    return {
        "PRIs": len({b.pri for b in branches}),
        "Images through networks": len(
            {(b.extractor, b.pri) for b in branches} | {(b.extractor, None) for b in branches}
        ),
        "Explanations": len({(b.pri, b.extractor, b.explainer, b.layer) for b in branches}) + len(seen),
        "Comparisons": len(set(branches)),
        **({"Methods": methods} if methods else {}),
    }


def _axes(candidates: Sequence[Candidate]) -> Labels:
    """Where candidates stand: components with what varies of them, layers with their network where it varies."""
    axes: dict[str, Sequence[str | None]] = {
        axis: [_component(candidate, kind) for candidate in candidates] for axis, kind in _KINDS.items()
    }
    several = len(set(axes["network"])) > 1
    axes["layer"] = [
        " ".join([*([str(network)] if several else []), _layer(candidate)])
        for candidate, network in zip(candidates, axes["network"], strict=True)
    ]
    for axis in ("scale", "size"):
        axes[axis] = [str(candidate.coordinates.get(axis, "")) for candidate in candidates]
    return axes


def _layer(candidate: Candidate) -> str:
    return str(candidate.coordinates.get("layer", "(input)" if candidate.branch else _NONE))


def _component(candidate: Candidate, kind: str) -> str | None:
    name = candidate.coordinates.get(kind)
    own = [(at.removeprefix(f"{kind}."), v) for at, v in candidate.coordinates.items() if at.startswith(f"{kind}.")]
    if name is None:
        return _NONE
    return " ".join([str(name), *(f"{at}={value}" for at, value in own)])


def _pairs(axes: Labels) -> Iterator[tuple[str, str]]:
    """Which axes are crossed: those of which at least one varies."""
    vary = {axis for axis, labels in axes.items() if len(set(labels)) > 1}
    for pair in _PAIRS:
        if vary & set(pair):
            yield pair
    rest = [axis for axis in ("network", "scale", "size") if axis in vary]
    if len(rest) == 1:
        yield rest[0], "explainer" if rest == ["network"] else "metric"
    elif rest:
        yield rest[0], rest[1]


def _heat(
    caption: str,
    down: Sequence[str | None],
    across: Sequence[str | None],
    values: FloatArray,
    reported: Callable[[float], float],
) -> dict[str, Any]:
    """A table of the largest values of each crossing, coloured from the smallest of them (0) to the largest (1)."""
    best: dict[tuple[str | None, str | None], float] = {}
    for place, value in enumerate(values):
        if np.isfinite(value):
            at = down[place], across[place]
            best[at] = max(best.get(at, -np.inf), float(value))
    low, high = min(best.values(), default=0.0), max(best.values(), default=0.0)
    cells = {at: (reported(value), (value - low) / (high - low) if high > low else 0.5) for at, value in best.items()}
    columns = list(dict.fromkeys(across))
    return {
        "caption": caption,
        "columns": columns,
        "rows": [(name, [cells.get((name, column)) for column in columns]) for name in dict.fromkeys(down)],
    }
