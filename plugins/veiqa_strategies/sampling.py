"""All candidates, or a random sample of them."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from veiqa_core.api import NoParams, UsageError
from veiqa_core.contracts import Proposal, SearchTask


class Exhaustive:
    """All candidates on all images; the budget is not looked at."""

    def __init__(self, params: NoParams) -> None:
        pass

    def propose(self, task: SearchTask) -> Generator[Proposal, Mapping[int, float], None]:
        """One proposal of everything."""
        if task.candidates:
            yield Proposal(tuple(range(len(task.candidates))))


class Random:
    """As many candidates as the budget says on all images, drawn uniformly without replacement.

    Source: Bergstra and Bengio, JMLR 13, 2012. With the same seed, a larger budget adds to what a smaller one draws.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def propose(self, task: SearchTask) -> Generator[Proposal, Mapping[int, float], None]:
        """One proposal of what was drawn.

        Raises:
            UsageError: the task has no budget.
        """
        chosen = draw(task, needed_budget(task, "random"))
        if chosen:
            yield Proposal(chosen)


def needed_budget(task: SearchTask, strategy: str) -> int:
    """The budget of a task, for a strategy that cannot do without.

    Raises:
        UsageError: there is none.
    """
    if task.budget is None:
        raise UsageError(f"strategy {strategy!r} needs a budget: how many candidates it may measure")
    return task.budget


def draw(task: SearchTask, most: int | None) -> tuple[int, ...]:
    """At most so many candidates, by the task's seed, in their own order; all of them for None."""
    count = len(task.candidates)
    if most is None or most >= count:
        return tuple(range(count))
    return tuple(sorted(np.random.default_rng(task.seed).permutation(count)[:most].tolist()))
