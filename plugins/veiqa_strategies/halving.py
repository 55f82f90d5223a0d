"""Rounds in which fewer and fewer candidates are measured on more and more images."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping

from veiqa_core.contracts import Proposal, SearchTask

from .plugin import HalvingParams
from .sampling import draw

NEARLY = 1 - 1e-9
"""Shares from here on are all contents: 49 times 1/49 is below 1."""


class Halving:
    """Successive halving over the contents.

    Source: Jamieson and Talwalkar, AISTATS 2016, section 3, with the factor eta of Li et al., JMLR 18(185), 2018,
    algorithm 1, in place of 2. Instead of a number of measurements, the share of the first round is given, and the
    last round holds at least ``finalists`` candidates, so that the winner can be compared with others.

    The budget bounds how many candidates start, drawn as by ``random``; without one, all do. Those that reach the last
    round, on all contents, are some of them, so they keep to it too.
    """

    def __init__(self, params: HalvingParams) -> None:
        self.params = params

    def propose(self, task: SearchTask) -> Generator[Proposal, Mapping[int, float], None]:
        """A proposal for each round, the last on all contents."""
        left, share = draw(task, task.budget), self.params.first
        while share < NEARLY and len(left) > self.params.finalists:
            figures = yield Proposal(left, share)
            left = self._best(left, figures)
            share *= self.params.eta
        if left:
            yield Proposal(left)

    def _best(self, left: tuple[int, ...], figures: Mapping[int, float]) -> tuple[int, ...]:
        """Those that go on, in their own order; all where none has a figure."""
        ranked = sorted((index for index in left if index in figures), key=lambda index: (-figures[index], index))
        if not ranked:
            return left
        return tuple(sorted(ranked[: max(math.ceil(len(left) / self.params.eta), self.params.finalists)]))
