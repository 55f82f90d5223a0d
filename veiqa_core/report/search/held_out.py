"""The headline of a report: figures of images under choices that were made without their contents."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from ...evaluation.figures import Figures
from ...page import svg
from ...page.formatting import number
from .wording import LONG_NAMES, Wording

_ORDER = ("srocc", "plcc", "krocc", "rmse")


def held_out(wording: Wording) -> dict[str, Any] | None:
    """The held-out figures and what they mean; None where there are too few contents for any."""
    search, figures = wording.search, wording.search.held_out
    if figures is None:
        return None
    main = search.settings.objective.name
    return {
        "folds": max((fold.number for fold in search.folds), default=0),
        "cards": [
            (name, LONG_NAMES[name].split(" after")[0], figures.values[name], figures.intervals[name], name == main)
            for name in sorted(_ORDER, key=lambda name: name != main)
        ],
        "objective": wording.name,
        "correlates": wording.correlates,
        "value": figures.values[main],
        "ends": figures.intervals[main],
        "deviation": wording.deviation(None),
        "gain_is_shown": _gain_is_shown(wording, figures),
        "types": _types(wording),
        "on_own_images": _on_own_images(wording, figures.values[main]),
        "chart": _chart(wording, figures),
        "columns": _ORDER,
        "rows": [
            *(_row(wording, kind, kind, own) for kind, own in search.held_out_by_type.items()),
            _row(wording, "overall", None, figures),
        ],
    }


def _gain_is_shown(wording: Wording, figures: Figures) -> bool:
    """Whether the whole interval of the objective is better than no correlation, or than always the mean."""
    ends = figures.intervals[wording.search.settings.objective.name]
    limit = 0.0 if wording.correlates else wording.deviation(None)
    if ends is None or limit is None:
        return False
    return ends[0] > limit if wording.correlates else ends[1] < limit


def _types(wording: Wording) -> dict[str, Any] | None:
    """For which types a gain is shown by themselves."""
    types = wording.search.held_out_by_type
    if len(types) < 2 or not wording.correlates:
        return None
    return {
        "all": len(types),
        "with_gain": [kind for kind, figures in types.items() if _gain_is_shown(wording, figures)],
    }


def _on_own_images(wording: Wording, value: float | None) -> dict[str, float] | None:
    """How much better the winner looks on the images that it was chosen on."""
    winner = wording.search.winners.get(None)
    if winner is None or value is None:
        return None
    own = wording.reported(winner.selection.path[-1])
    return {"value": own, "gain": own - value if wording.correlates else value - own}


def _chart(wording: Wording, overall: Figures) -> Markup | None:
    by_type, objective = wording.search.held_out_by_type, wording.search.settings.objective.name
    if not by_type:
        return None
    rows = [("overall", overall, "held"), *((kind, figures, "other") for kind, figures in by_type.items())]
    dots = [
        svg.Dot(name, own.values[objective], own.intervals[objective], number(own.values[objective]), style)
        for name, own, style in rows
    ]
    known = [value for dot in dots for value in (dot.value, *(dot.ends or ())) if value is not None]
    label = f"Held-out {wording.name} overall and of each type with 95 % intervals; the numbers are in the next table."
    return svg.figures(label, dots, f"held-out {wording.name}", svg.from_zero(known))


def _row(wording: Wording, name: str, kind: str | None, figures: Figures) -> dict[str, Any]:
    return {
        "name": name,
        "images": figures.count,
        "contents": figures.contents,
        "figures": [(figures.values[each], figures.intervals[each]) for each in _ORDER],
        "deviation": wording.deviation(kind),
        "coverage": figures.coverage,
    }
