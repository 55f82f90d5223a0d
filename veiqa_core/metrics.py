"""Quality as a metric of TorchMetrics: for training loops and evaluations that already speak its form.

Importing this needs the extra ``torchmetrics``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from .errors import ComponentError, UsageError
from .recipes.recipe import Recipe, RecipeSet
from .scorer import Scorer

try:
    from torchmetrics import Metric
    from torchmetrics.utilities import dim_zero_cat
except ImportError as error:
    raise ImportError("veiqa_core.metrics needs TorchMetrics: pip install 'veiqa[torchmetrics]'") from error

Reduction = Literal["mean", "none"]


class Veiqa(Metric):
    """The quality of batches of images, as a recipe scores it.

        quality = Veiqa("fast")
        quality.update(batch)  # as often as there are batches
        quality.compute()

    Each image has the score that :class:`~veiqa_core.Scorer` gives it alone, so neither batches nor processes change
    it. The score has no gradient.

    Args:
        recipe: as for :class:`~veiqa_core.Scorer`; one that is fitted or needs no fitting.
        reduction: ``"mean"`` of all images, or ``"none"``: the score of each.
        scorer: further arguments of :class:`~veiqa_core.Scorer` by name, such as ``device``.

    Raises:
        UsageError: the recipe cannot be read or run, gives no scores, or there is no such reduction.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    scores: list[Tensor]

    def __init__(
        self,
        recipe: str | Path | Recipe | RecipeSet | None = None,
        *,
        reduction: Reduction = "mean",
        scorer: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if reduction not in ("mean", "none"):
            raise UsageError(f"reduction must be 'mean' or 'none', not {reduction!r}")
        self._reduction = reduction
        self._scorer = Scorer(recipe, **(scorer or {}))
        if self._scorer.recipe.mapper is None:
            raise UsageError(f"recipe {self._scorer.recipe.name!r} has no mapper, and so gives no score")
        self.add_state("scores", default=[], dist_reduce_fx="cat")

    def update(self, images: Tensor) -> None:
        """Score a batch ``[N, 3, H, W]``: uint8, or floats in [0, 1].

        Raises:
            ComponentError: an image cannot be scored; nothing of the batch is kept then.
        """
        if images.ndim != 4:
            raise UsageError(f"a batch [N, 3, H, W] is needed, not a tensor of shape {list(images.shape)}")
        made = []
        for result in self._scorer.score_many(images):
            if result.score is None:
                raise ComponentError(result.error or f"{result.image}: the recipe gives no score")
            made.append(result.score)
        kind = torch.float32 if self.device.type == "mps" else torch.float64  # which that device lacks
        self.scores.append(torch.tensor(made, dtype=kind, device=self.device))

    def compute(self) -> Tensor:
        """The mean score, or the scores ``[N]`` in the order of the images; NaN or none before any."""
        if not self.scores:
            return torch.full((), torch.nan, dtype=torch.float64) if self._reduction == "mean" else torch.empty(0)
        scores: Tensor = dim_zero_cat(self.scores)
        return scores.mean() if self._reduction == "mean" else scores
