"""Scores in words."""

from __future__ import annotations

from ..page.markup import Html, number
from ..result import Result


def score(result: Result) -> Html:
    """A score on a scale to one decimal, any other to four."""
    return number(result.score, 4 if result.scale is None else 1)
