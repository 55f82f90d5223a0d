"""Search strategies, and the controls that a winner is held against."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import attrs
from torch import Tensor


@attrs.frozen(eq=False)
class SearchTask:
    """What a search strategy sees of a search.

    Attributes:
        candidates: the branches to choose from, each as its coordinates in the order of the space: plain values by
            ``pri``, ``pri.quality``, ``extractor``, ``layer``, ``explainer``, ``metric``, ``scale``, ``size``, ...
            A parameter's coordinate is there only where its component has that parameter and several values are tried.
        budget: the most candidates that may be measured on every image; None for no limit.
        seed: the only source of randomness.
        folder: where the strategy may keep files of its own, made by it; None for nowhere. What was there before may
            be overwritten, and must not change what is proposed.
    """

    candidates: Sequence[Mapping[str, str | int | float | bool]]
    budget: int | None
    seed: int
    folder: Path | None


@attrs.frozen
class Proposal:
    """Candidates to be measured, by index, on a share of the contents in (0, 1], always the first ones of one order."""

    candidates: tuple[int, ...]
    share: float = 1.0


@runtime_checkable
class SearchStrategy(Protocol):
    """Decides which candidates of a search are measured on how many images."""

    def propose(self, task: SearchTask) -> Generator[Proposal, Mapping[int, float], None]:
        """Propose candidates until done.

        Each proposal is answered with the objective of its candidates, higher being better; those that failed, or have
        no figure on so few images, are left out. The best candidate measured on all images wins. The same task and
        answers must give the same proposals.

        Raises:
            UsageError: the task cannot be done, such as without a budget.
        """
        ...


@attrs.frozen(eq=False)
class Pair:
    """An image and its PRI under one branch, as a control sees them.

    Attributes:
        image, pri: ``[1, 3, H, W]`` float32 in [0, 1].
        image_vei, pri_vei: ``[1, h, w]`` float32, not rescaled.
        similarity: what the branch gives.
        compare: the branch's metric on two other maps ``[1, h, w]`` in [0, 1], the PRI's first, which are not scaled.
    """

    image: Tensor
    pri: Tensor
    image_vei: Tensor
    pri_vei: Tensor
    similarity: float
    compare: Callable[[Tensor, Tensor], float]


@runtime_checkable
class Control(Protocol):
    """A control: what a branch must beat before its similarity can be said to come from what the network sees."""

    def branch(self, branch: Mapping[str, Any]) -> Mapping[str, Any]:
        """The branch that is measured for the control, as its table in a recipe; the one given where that serves.

        Raises:
            UsageError: this branch has no such control, and why.
        """
        ...

    def value(self, pair: Pair) -> float:
        """The control's number for one image."""
        ...
