"""Where an image loses its quality: what a recipe makes of the similarities in the neighbourhood of each place.

Where input and PRI explain alike, there is little left to degrade, and quality is low: the mapper says how low, as it
does for whole images. Where all VEIs are empty nothing is said.
"""

from __future__ import annotations

import functools

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

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

_KEPT = 4  # pairs cut into surroundings: of one pair for metrics that need different sizes


@attrs.frozen(eq=False)
class QualityMap:
    """Where quality is lost.

    Attributes:
        lost: ``[H, W]`` float32 of zero or more: by how many points of the scale an image that is like this place
            throughout would fall short of the best score.
        influence: for each PRI's VEI how much the pair shapes the map: the standard deviation, over the places, of its
            branches' share in the score, to first order, in points.
    """

    lost: Tensor
    influence: dict[Explanation, float]


def quality_map(engine: Engine, image: Image, outcome: Outcome, recipe_scorer: RecipeScorer) -> QualityMap | None:
    """The map of an image whose branches were all measured; None where the recipe has no calibrated score.

    Raises:
        VeiqaError: a metric fails on a neighbourhood.
    """
    if not recipe_scorer.calibrated or recipe_scorer.scale is None:
        return None
    whole = torch.tensor([item.similarity for item in outcome.measurements], dtype=torch.float64)
    places = _Places(image, outcome)
    local = torch.stack([places.similarities(engine, step) for step in engine.plan.comparisons])
    lost = recipe_scorer.scale[1] - torch.from_numpy(
        recipe_scorer.scores(local.flatten(1).T.contiguous().numpy())
    ).view(places.cells)
    shown = spread(torch.where(_anything_seen(outcome, lost.shape), lost, 0), (image.size[1], image.size[0]))
    slope = torch.from_numpy(recipe_scorer.sensitivity(whole.numpy()))
    share = slope[:, None, None] * (local - whole[:, None, None])
    influence: dict[Explanation, float] = {}
    for vei in dict.fromkeys(step.x for step in engine.plan.comparisons):
        rows = [index for index, step in enumerate(engine.plan.comparisons) if step.x == vei]
        influence[vei] = float(share[rows].sum(0).std(correction=0))
    return QualityMap(shown.float(), influence)


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


def _anything_seen(outcome: Outcome, cells: torch.Size) -> Tensor:
    """Cells in which some VEI is not zero, ``[down, across]``."""
    strengths = [F.adaptive_max_pool2d(vei.abs(), cells)[0] for vei in outcome.veis.values() if isinstance(vei, Tensor)]
    return torch.stack(strengths).amax(0) > 0
