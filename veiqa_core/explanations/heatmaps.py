"""What can be shown of a score: the VEIs behind it, and where the image loses quality."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from torch import Tensor

from ..errors import VeiqaError
from ..images import Image
from ..measuring.branches.engine import Engine
from ..measuring.branches.outcome import Measurement, Outcome
from ..measuring.branches.plan import Explanation
from ..scoring.recipe_scorer import RecipeScorer
from .quality_map import QualityMap, quality_map


@attrs.frozen(eq=False)
class Heatmaps:
    """The two VEIs behind similarities, with the images that they explain.

    Attributes:
        title: PRI, extractor, layer and explainer.
        similarities: what the metrics make of this pair, by branch key.
        influence: how much the pair shapes the quality map, in points of the scale (see
            :class:`veiqa_core.explanations.quality_map.QualityMap`); None where there is no such map.
        input_image, pri_image: ``[3, H, W]`` float32 in [0, 1].
        input_vei, pri_vei: ``[h, w]`` float32, not rescaled.
    """

    title: str
    similarities: dict[str, float]
    influence: float | None
    input_image: Tensor
    pri_image: Tensor
    input_vei: Tensor
    pri_vei: Tensor


@attrs.frozen(eq=False)
class Explained:
    """What is shown of one image, as in :class:`veiqa_core.result.Result`, and remarks on it."""

    heatmaps: tuple[Heatmaps, ...] = ()
    quality_map: Tensor | None = None
    flags: tuple[str, ...] = ()


def explained(
    engine: Engine,
    image: Image,
    outcome: Outcome,
    measurements: Sequence[Measurement],
    recipe_scorer: RecipeScorer,
) -> Explained:
    """The heat maps of an image, and its quality map where everything was measured and the recipe has one.

    Args:
        measurements: of all branches, and after them of the outputs of methods.
    """
    found: QualityMap | None = None
    flags: tuple[str, ...] = ()
    if all(item.error is None for item in measurements):
        whole = np.array([item.similarity for item in measurements], dtype=np.float64)
        try:
            found = quality_map(engine, image, outcome, whole, recipe_scorer)
        except VeiqaError as error:  # the score stands without it
            flags = (f"no quality map: {error}",)
    pairs: dict[Explanation, Heatmaps] = {}
    for step, measurement in zip(engine.plan.comparisons, outcome.measurements, strict=True):
        x, y, pri = outcome.veis[step.x], outcome.veis[step.y], outcome.pris[step.branch.pri]
        if isinstance(x, VeiqaError) or isinstance(y, VeiqaError) or isinstance(pri, VeiqaError):
            continue
        influence = None if found is None else found.influence[step.x]
        made = Heatmaps(step.branch.explained, {}, influence, image.pixels[0], pri[0], y[0], x[0])
        pair = pairs.setdefault(step.x, made)
        if measurement.similarity is not None:
            pair.similarities[measurement.key] = measurement.similarity
    ranked = sorted(pairs.values(), key=lambda pair: -(pair.influence or 0))  # stable: in order where there is no map
    return Explained(tuple(ranked), None if found is None else found.lost, flags)
