"""How the page of a search calls things and reports their figures."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np

from ...searching.search import Search
from ...searching.winners import Winner

LONG_NAMES = {
    "srocc": "Spearman’s rank correlation",
    "plcc": "Pearson’s correlation after a fit",
    "krocc": "Kendall’s rank correlation",
    "rmse": "root mean squared error after a fit, in units of the ratings; lower is better",
}


@attrs.frozen(eq=False)
class Wording:
    """Names and figures of one search."""

    search: Search

    @property
    def name(self) -> str:
        """The objective, as it is called."""
        return self.search.settings.objective.name.upper()

    @property
    def correlates(self) -> bool:
        """Whether the objective is a correlation."""
        return self.search.settings.objective.name != "rmse"

    def reported(self, value: float) -> float:
        """The objective as it is reported."""
        return self.search.settings.objective.reported(float(value))

    def reported_ends(self, ends: Iterable[float]) -> tuple[float, float]:
        """An interval of the objective as it is reported, its lower end first."""
        low, high = sorted(map(self.reported, ends))
        return low, high

    def key(self, column: int) -> str:
        """A candidate's key."""
        return self.search.candidates[column].key

    def gflop(self, column: int) -> float:
        """What a candidate costs, in GFLOP."""
        return float(self.search.costs[column]) / 1e9

    def anchor(self, winner: Winner) -> str:
        """By what a winner is found on the page."""
        return f"winner-{list(self.search.winners).index(winner.kind) + 1}"

    @property
    def quality(self) -> str:
        """What quality is called: the ratings, higher being better."""
        ratings = self.search.rated.ratings
        own = "MOS" if ratings.score_type == "mos" else f"{ratings.range[1]:g} − DMOS"
        return own if ratings.pseudo_rating is None else f"{own} by {ratings.pseudo_rating}, not people"

    @property
    def types(self) -> list[str | None]:
        """The distortion types of the dataset, in the order that gives them their markers."""
        found = set(self.search.table.distortions)
        return [*sorted(kind for kind in found if kind is not None), *([None] if None in found else [])]

    def deviation(self, kind: str | None) -> float | None:
        """The standard deviation of the ratings of one type, or of all that were searched."""
        table = self.search.table
        rows = [row for winner in self.search.winners.values() for row in winner.selection.rows]
        quality = [table.quality[row] for row in rows if kind is None or table.distortions[row] == kind]
        return float(np.std(quality)) if quality else None


def called(kind: str | None) -> str:
    """What the images of a type, or all, are called."""
    return "all types" if kind is None else kind
