"""Figures and differences of competitors on a dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...evaluation.comparison import Comparison
from ...page import svg
from ...page.formatting import number

_ORDER = ("srocc", "plcc", "krocc", "rmse")
_LIMITS = 1.96  # standard deviations
_MOST_PAIRS = 6


def figures(one: Comparison) -> dict[str, Any]:
    """The table of a dataset, overall and by type, and a chart of SROCC."""
    several = len(one.evaluations) > 1
    rows: list[dict[str, Any]] = []
    dots = []
    for name, own in one.evaluations.items():
        groups = {"overall": own.overall} if several else {**own.by_distortion, "overall": own.overall}
        for kind, each in groups.items():
            srocc = each.values["srocc"]
            dots.append(svg.Dot(name if several else kind, srocc, each.intervals["srocc"], number(srocc)))
            rows.append(
                {
                    "name": name if several else kind,
                    "n": each.count,
                    "contents": each.contents,
                    "figures": [(each.values[figure], each.intervals[figure]) for figure in _ORDER],
                    "coverage": each.coverage,
                    "after": f"{'own scores' if each.mapping == 'none' else f'after {each.mapping}'}, {each.fit}",
                }
            )
    kinds = list(one.first.by_distortion)
    by_type = [
        (name, [own.by_distortion[kind].values["srocc"] if kind in own.by_distortion else None for kind in kinds])
        for name, own in one.evaluations.items()
    ]
    known = [value for dot in dots for value in (dot.value, *(dot.ends or ())) if value is not None]
    return {
        "head": "Competitor" if several else "Type",
        "columns": _ORDER,
        "rows": rows,
        "spread": one.first.overall.spread,
        "kinds": kinds if several and len(kinds) > 1 else [],
        "by_type": by_type,
        "chart": svg.figures(
            "SROCC with intervals; the numbers are in the table.", dots, "SROCC", svg.from_zero(known)
        ),
    }


def bland_altman(one: Comparison) -> list[dict[str, Any]]:
    """Of the first pairs the difference of two scores over their mean (Bland and Altman, Lancet 327, 1986)."""
    charts = []
    for pair in one.pairs[:_MOST_PAIRS]:
        first, second = (one.evaluations[name].columns.scores("plcc") for name in (pair.first, pair.second))
        if first is None or second is None:
            continue
        known = np.isfinite(first) & np.isfinite(second)
        apart, mean = (first - second)[known], ((first + second) / 2)[known]
        if len(apart) < 2:
            continue
        bias, spread = float(apart.mean()), float(apart.std(ddof=1))
        limits = (bias - _LIMITS * spread, bias, bias + _LIMITS * spread)
        ends = svg.widened(mean.tolist())
        label = (
            f"Difference of {pair.first} and {pair.second} over their mean: {bias:.2f} on average, limits "
            f"{limits[0]:.2f} and {limits[2]:.2f}."
        )
        points = [*zip(mean.tolist(), apart.tolist(), strict=True)]
        charts.append(
            {
                "title": f"{pair.first} − {pair.second}",
                "bias": bias,
                "limits": (limits[0], limits[2]),
                "chart": svg.scatter(
                    label,
                    [svg.Group(0, points)],
                    ("mean of both scores", "difference"),
                    (ends, svg.widened([*apart.tolist(), *limits, 0.0])),
                    [(ends[0], bias), (ends[1], bias)],
                    (limits[0], limits[2]),
                ),
            }
        )
    return charts
