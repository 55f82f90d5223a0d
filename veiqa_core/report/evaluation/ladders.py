"""Ladders on the page of an evaluation: how a competitor's scores fall as photos get worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...evaluation.ladder import ABOVE, TAU, Ladder, Summary, summaries
from ...page import svg


def climbed(ladders: Mapping[str, Sequence[Ladder]]) -> dict[str, Any]:
    """What the page shows of each competitor's ladders."""
    return {"tau": TAU, "above": ABOVE, "competitors": [_of_one(name, own) for name, own in ladders.items() if own]}


def _of_one(name: str, ladders: Sequence[Ladder]) -> dict[str, Any]:
    kinds = summaries(ladders)
    dots = [
        svg.Dot(
            kind.distortion,
            kind.tau,
            (kind.lowest_tau, max(kind.tau, kind.lowest_tau)),
            f"{kind.tau:.2f}",
            "held" if kind.falls else "other",
        )
        for kind in kinds
    ]
    label = "Rank correlation of score and strength for each distortion: the median over the photos, and the lowest."
    low = min(0.0, *(kind.lowest_tau for kind in kinds))
    return {
        "name": name,
        "photos": len({ladder.photo for ladder in ladders}),
        "chart": svg.figures(label, dots, "rank correlation of score and strength", svg.widened([low, 1.0])),
        "steps": max(len(kind.scores) for kind in kinds) - 1,
        "rows": [_row(kind) for kind in kinds],
        "wrong": sum(not kind.falls for kind in kinds),
    }


def _row(kind: Summary) -> dict[str, Any]:
    return {
        "distortion": kind.distortion,
        "scores": kind.scores,
        "tau": kind.tau,
        "lowest": kind.lowest_tau,
        "above": kind.above[0],
        "photo": kind.above[1],
        "likely": kind.likely,
        "falls": kind.falls,
    }
