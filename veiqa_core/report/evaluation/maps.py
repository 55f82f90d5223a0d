"""Where images lose their quality by an evaluated recipe, for those that its scores are most wrong about."""

from __future__ import annotations

import attrs
import numpy as np
from torch import Tensor

from ...devices import Device
from ...errors import VeiqaError
from ...evaluation.evaluate import Evaluation
from ...evaluation.provenance import precision_of, provenance_of
from ...explanations.heatmaps import explained
from ...measuring.meter import Meter
from ...measuring.quantity import of_recipe
from ...recipes.resolution import ResolvedRecipe
from ...scoring.fitted import FittedMapper
from ...scoring.recipe_scorer import RecipeScorer


@attrs.frozen(eq=False)
class Maps:
    """Makes quality maps.

    A recipe that the evaluation refits is fitted once more for each image: to all that may be fitted on, but those of
    the image's own content.
    """

    own: Evaluation
    device: Device
    _meters: dict[str | None, Meter] = attrs.field(factory=dict, init=False)

    def of(self, name: str) -> tuple[Tensor, float] | None:
        """The map ``[H, W]`` of an image, and how many points the scale has; None where there is none.

        That is where the recipe has none, or something fails.
        """
        table = self.own.measured.table
        row = table.names.index(name)
        key = self.own.measured.keys[row]
        recipe = self.own.measured.used[key]
        if not recipe.branches:
            return None
        try:
            scorer = RecipeScorer(self._refitted(recipe, key, row) if self.own.protocol["refits"] else recipe)
            if not scorer.maps or scorer.scale is None:
                return None
            meter = self._meters.setdefault(key, Meter(of_recipe(recipe), self.device, None))
            image = self.own.measured.rated.read(name, recipe.view)
            every = range(len(meter.quantities))
            measured, engine, outcome = meter.shown(image, every)
            measurements = [measured[index] for index in every]
            found = explained(engine, image.reduced(), outcome, measurements, scorer).quality_map
        except VeiqaError:
            return None  # the page says all else of the image
        return None if found is None else (found, scorer.scale[1] - scorer.scale[0])

    def _refitted(self, recipe: ResolvedRecipe, key: str | None, row: int) -> ResolvedRecipe:
        """The recipe fitted without an image's content.

        Raises:
            VeiqaError: it cannot be.
        """
        joined, count = self.own.joined, len(self.own.measured.table)
        table, part = joined.table, recipe.mapper
        first = count if self.own.protocol["split"] == "train" else 0
        rows = [own for own in joined.rows(key) if own >= first and table.clusters[own] != table.clusters[row]]
        ends = joined.rated.ratings.quality_range
        if part is None or not part.traits["fitted"] or not rows:
            return recipe
        contents, types = ([column[own] for own in rows] for column in (table.contents, table.distortions))
        made = FittedMapper.fit(part, joined.similarities(rows), table.quality[np.array(rows)], contents, types, ends)
        fitted = provenance_of(joined.rated.name, table, rows, ends, precision_of(joined.versions), None)
        return attrs.evolve(
            recipe, state=made.mapper.state(), fitted=fitted, novelty={}, classifier=None, classifier_state={}
        )
