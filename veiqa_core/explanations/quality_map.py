"""Where an image loses its quality: what a recipe makes of the similarities in the neighbourhood of each place.

Where input and PRI explain alike, there is little left to degrade, and quality is low. How much lower than elsewhere
says the recipe's local mapper, which is fitted to neighbourhoods; where it has none, its mapper of whole images says
how low. All places are then shifted alike until their mean is what the score of the whole image lost. Where all VEIs
are empty nothing is said.
"""

from __future__ import annotations

import functools

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

from ..contracts import FloatArray
from ..errors import unwrap
from ..images import Image
from ..isolation.attempts import attempt
from ..measuring.branches.comparison import prepare
from ..measuring.branches.engine import Engine
from ..measuring.branches.outcome import Outcome
from ..measuring.branches.plan import Comparison, Explanation
from ..recipes.recipe import Scale, Size
from ..scoring.recipe_scorer import RecipeScorer
from .neighbourhoods import grid, neighbourhoods, spread

_HALVINGS = 30  # of an interval of some hundred points
_KEPT = 4  # pairs cut into surroundings: of one pair for metrics that need different sizes


@attrs.frozen(eq=False)
class QualityMap:
    """Where quality is lost.

    Attributes:
        lost: ``[H, W]`` float32 of zero or more: how many points of the scale each place costs. The mean is by how much
            the image's score falls short of the best one.
        influence: for each PRI's VEI how much the pair shapes the map: the standard deviation, over the places, of its
            branches' share in the score, to first order, in points.
    """

    lost: Tensor
    influence: dict[Explanation, float]


def quality_map(
    engine: Engine, image: Image, outcome: Outcome, whole: FloatArray, recipe_scorer: RecipeScorer
) -> QualityMap | None:
    """The map of an image; None where the recipe has none.

    Args:
        whole: the similarities of all branches, and after them the values of methods, ``[B + M]`` float64.

    Raises:
        VeiqaError: a metric fails on a neighbourhood.
    """
    if not recipe_scorer.maps or recipe_scorer.scale is None:
        return None
    local = local_similarities(engine, image, outcome)
    cells = (local.shape[1], local.shape[2])
    worst, best = recipe_scorer.scale
    around = local.flatten(1).T.contiguous().numpy()
    quality = torch.from_numpy(recipe_scorer.local_quality(around, whole)).view(cells)
    size = (image.size[1], image.size[0])
    seen = spread(_anything_seen(outcome, cells), size)
    lost = best - float(recipe_scorer.scores(whole[None])[0])
    shown = adding_up(spread(best - quality, size), seen, lost, best - worst)
    slope, own = (torch.from_numpy(each[: len(local)]) for each in (recipe_scorer.sensitivity(whole), whole))
    share = slope[:, None, None] * (local - own[:, None, None])
    influence: dict[Explanation, float] = {}
    for vei in dict.fromkeys(step.x for step in engine.plan.comparisons):
        behind = [index for index, step in enumerate(engine.plan.comparisons) if step.x == vei]
        influence[vei] = float(share[behind].sum(0).std(correction=0))
    return QualityMap(shown.float(), influence)


def local_similarities(engine: Engine, image: Image, outcome: Outcome) -> Tensor:
    """The similarities of all branches around each cell of an image, ``[B, down, across]`` float64.

    Raises:
        VeiqaError: a metric fails on a neighbourhood.
    """
    places = _Places(image, outcome)
    return torch.stack([places.similarities(engine, step) for step in engine.plan.comparisons])


def adding_up(lost: Tensor, seen: Tensor, mean: float, most: float) -> Tensor:
    """The map nearest to ``lost`` whose values lie between 0 and ``most`` and have a given mean.

    That is ``lost`` shifted by one number and held between the two ends: the Euclidean projection.

    Args:
        lost, seen: ``[H, W]``; ``seen``, from 0 to 1, is how much of each value counts.

    Returns:
        ``[H, W]``; with a smaller mean, where too little is seen.
    """
    low, high = -float(lost.max()), most - float(lost.min())
    for _ in range(_HALVINGS):
        shift = (low + high) / 2
        if float((seen * (lost + shift).clamp(0, most)).mean()) < mean:
            low = shift
        else:
            high = shift
    return seen * (lost + high).clamp(0, most)


class _Places:
    """The surroundings of the cells of an image, in its VEIs."""

    def __init__(self, image: Image, outcome: Outcome) -> None:
        self._size = (image.size[1], image.size[0])
        self._outcome = outcome
        self.cells = grid(self._size)
        self._around = functools.lru_cache(_KEPT)(self._cut)  # the metrics of a pair come one after another

    def similarities(self, engine: Engine, step: Comparison) -> Tensor:
        """A branch's similarity around each cell, ``[down, across]``.

        The VEIs are scaled as wholes; around a place the similarity is what the metric makes of that part of both.
        """
        branch = step.branch
        pair = self._around(step.x, step.y, branch.scale, branch.size, branch.metric.traits.get("min_size", 1))

        def work() -> Tensor:
            found: Tensor = engine.components[branch.metric].compare(*(maps.clone() for maps in pair))
            if not torch.isfinite(found).all():
                raise ValueError("gave a value that is not finite")
            return found.view(self.cells)

        return unwrap(attempt(branch.metric, work))

    def _cut(self, x: Explanation, y: Explanation, scale: Scale, size: Size, least: int) -> tuple[Tensor, Tensor]:
        both = [unwrap(self._outcome.veis[vei]) for vei in (x, y)]
        first, second = prepare(*both, scale=scale, size=size, image=self._size, min_size=1)
        return neighbourhoods(first, self.cells, least), neighbourhoods(second, self.cells, least)


def _anything_seen(outcome: Outcome, cells: tuple[int, int]) -> Tensor:
    """1 for each cell in which some VEI is not zero, else 0, float64 ``[down, across]``."""
    strengths = [F.adaptive_max_pool2d(vei.abs(), cells)[0] for vei in outcome.veis.values() if isinstance(vei, Tensor)]
    return (torch.stack(strengths).amax(0) > 0).double()
