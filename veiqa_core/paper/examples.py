"""Figure 2: an image of each distortion type, its PRI, and the VEIs of both."""

from __future__ import annotations

from collections.abc import Mapping

from ..contracts import RatedImage
from ..datasets.rated_set import RatedSet
from ..errors import VeiqaError
from ..explanations.heatmaps import Heatmaps
from ..extension.registry import Registry
from ..recipes.recipe import RecipeSet
from ..scorer import Scorer
from .published import published


def examples(rated: RatedSet, recipes: RecipeSet, registry: Registry) -> Mapping[str, Heatmaps]:
    """By distortion type, of the content that comes first by name; in each the image of middling quality.

    Raises:
        VeiqaError: an image cannot be explained.
    """
    found = {}
    for kind in published().types:
        file = rated.root / _middling(rated, kind).image
        result = Scorer(recipes, device="cpu", distortion=kind, registry=registry).score(file, heatmaps=True)
        if result.error is not None:
            raise VeiqaError(f"{file}: {result.error}")
        found[kind] = result.heatmaps[0]
    return found


def _middling(rated: RatedSet, kind: str) -> RatedImage:
    own = [item for item in rated.images if item.distortion == kind]
    first = min(item.content or "" for item in own)
    ranked = sorted((item for item in own if (item.content or "") == first), key=rated.ratings.quality)
    return ranked[len(ranked) // 2]
