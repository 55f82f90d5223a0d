"""Ladders on the page of an evaluation: how a competitor's scores fall as photos get worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...evaluation.ladder import ABOVE, TAU, Ladder, summaries


def climbed(ladders: Mapping[str, Sequence[Ladder]]) -> dict[str, Any]:
    """What the page shows of each competitor's ladders; kinds whose scores do not fall come first."""
    return {
        "tau": TAU,
        "above": f"{ABOVE:g}",
        "competitors": [_of_one(name, own) for name, own in ladders.items() if own],
    }


def _of_one(name: str, ladders: Sequence[Ladder]) -> dict[str, Any]:
    kinds = sorted(summaries(ladders), key=lambda kind: kind.falls)
    return {
        "name": name,
        "photos": len({ladder.photo for ladder in ladders}),
        "steps": max(len(kind.scores) for kind in kinds) - 1,
        "kinds": kinds,
        "wrong": sum(not kind.falls for kind in kinds),
    }
