"""A fitted mapper with all that belongs to it: the scale that its scores are held to, and the novelty of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial

import attrs
import numpy as np

from ..contracts import FloatArray, Prediction, ScoreMapper
from ..extension.registry import Part
from ..recipes.resolution import ResolvedRecipe
from .mapping import finite_prediction, fitted_mapper, predicted, ready_mapper, within
from .novelty import Novelty, fitted_novelty, ready_novelty

Scale = tuple[float, float] | None
"""The worst and the best score; None where they are not known."""


@attrs.frozen(eq=False, slots=False)
class FittedMapper:
    """A mapper that predicts, within a scale and with intervals that grow with novelty.

    Attributes:
        make_novelty: gives the novelty, which may be fitted only then; None where the recipe knows none.
    """

    part: Part
    mapper: ScoreMapper
    scale: Scale
    make_novelty: Callable[[], Novelty | None]

    @classmethod
    def ready(cls, recipe: ResolvedRecipe, scale: Scale) -> FittedMapper | None:
        """The mapper of a recipe as it is; None where it has none, or it is not fitted yet.

        Raises:
            UsageError: it cannot be built, or what the recipe holds of it does not fit.
        """
        mapper, novelty = ready_mapper(recipe), ready_novelty(recipe)
        if mapper is None or recipe.mapper is None:
            return None
        return cls(recipe.mapper, mapper, scale, lambda: novelty)

    @classmethod
    def fit(
        cls,
        part: Part,
        similarities: FloatArray,
        quality: FloatArray,
        contents: Sequence[str | None],
        types: Sequence[str | None],
        scale: Scale,
    ) -> FittedMapper:
        """A mapper fitted to oriented similarities ``[N, B]`` and quality ``[N]``, what each image shows and its type.

        Novelty takes many further fits, so it is fitted when it is first needed.

        Raises:
            VeiqaError: it cannot be fitted, with the reason.
        """
        mapper = fitted_mapper(part, similarities, quality, contents)
        return cls(part, mapper, scale, partial(fitted_novelty, part, mapper, similarities, quality, contents, types))

    @cached_property
    def novelty(self) -> Novelty | None:
        """How unlike the images fitted on others are; None where that is not known."""
        return self.make_novelty()

    def plain(self, similarities: FloatArray, *, finite: bool = False) -> Prediction:
        """Scores and intervals of oriented similarities ``[N, B]``, whatever their novelty.

        Args:
            finite: whether a score that is not finite is a failure, too.

        Raises:
            VeiqaError: the mapper fails.
        """
        predict = finite_prediction if finite else predicted
        return within(predict(self.part, self.mapper, similarities), self.scale)

    def predict(
        self, similarities: FloatArray, *, finite: bool = False, always: bool = True
    ) -> tuple[Prediction, FloatArray | None]:
        """The same with intervals that have grown with the novelty ``[N]``, and that novelty, where it is known.

        Args:
            finite: as for :meth:`plain`.
            always: whether the novelty is wanted where no interval depends on it.
        """
        made = self.plain(similarities, finite=finite)
        if not always and np.isnan(made.low).all() and np.isnan(made.high).all():
            return made, None
        if self.novelty is None:
            return made, None
        found = self.novelty.of(similarities)
        return within(self.novelty.widened(made, found), self.scale), found
