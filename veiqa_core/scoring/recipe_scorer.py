"""What a recipe says of an image whose similarities are known: score, interval, likely distortion."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from ..contracts import FloatArray, canonical_array
from ..errors import UsageError, unwrap
from ..isolation.attempts import attempt
from ..measuring.quantity import of_recipe, signs
from ..recipes.resolution import ResolvedRecipe
from .classification import ready_classifier, reported_types
from .fitted import FittedMapper
from .mapping import finite_prediction, ready_local_mapper


@attrs.frozen
class ImageScore:
    """What is said of one image.

    Attributes:
        score: quality, higher being better; None without a mapper, or before it is fitted.
        interval: ends of the score's 90 % prediction interval; None where the mapper knows none.
        distortion: probability of each distortion type; None without a fitted classifier.
        novelty: how unlike the images fitted on it is, 1 being the limit; None where the recipe does not say what
            those are like.
    """

    score: float | None = None
    interval: tuple[float, float] | None = None
    distortion: Mapping[str, float] | None = None
    novelty: float | None = None


class RecipeScorer:
    """Scores images by their similarities, and after these the values of methods, which are called similarities here.

    Attributes:
        calibrated: whether scores are on the scale of ratings, because the mapper was fitted to some.
        scale: the worst and the best score; None where the recipe does not say what it was fitted on.

    Raises:
        UsageError: a mapper or the classifier cannot be built, or its state does not fit.
    """

    def __init__(self, recipe: ResolvedRecipe) -> None:
        self._recipe = recipe
        self._signs = signs(of_recipe(recipe))
        scale = recipe.fitted.range if recipe.state and recipe.fitted is not None else None
        self._mapper = FittedMapper.ready(recipe, scale)
        self._local = ready_local_mapper(recipe)
        self._classifier = ready_classifier(recipe)
        self.calibrated = self._mapper is not None and bool(recipe.state)
        self.scale = scale if self.calibrated else None

    def score(self, similarities: FloatArray) -> ImageScore:
        """The score of an image with similarities ``[B]``, as the metrics give them.

        Raises:
            VeiqaError: the mapper or the classifier fails.
        """
        oriented = (similarities * self._signs)[None]
        score = interval = novelty = None
        if self._mapper is not None:
            made, found = self._mapper.predict(oriented, finite=True)
            novelty = None if found is None else float(found[0])
            score, low, high = float(made.score[0]), float(made.low[0]), float(made.high[0])
            interval = (low, high) if np.isfinite([low, high]).all() else None
        return ImageScore(score, interval, self._distortion(oriented, score), novelty)

    def scores(self, similarities: FloatArray) -> FloatArray:
        """Scores ``[N]`` of similarities ``[N, B]``, as the metrics give them.

        Raises:
            UsageError: there is no mapper.
            VeiqaError: the mapper fails.
        """
        return self._needed_mapper().plain(similarities * self._signs, finite=True).score

    def local_quality(self, similarities: FloatArray, whole: FloatArray) -> FloatArray:
        """The quality ``[N]`` of places of an image.

        A local mapper says by how much it differs from that of the image.

        Args:
            similarities: of branches around the places, ``[N, B]``, as the metrics give them.
            whole: those of the image, and after them the values of methods, ``[B + M]``.

        Raises:
            UsageError: there is no mapper.
            VeiqaError: the mapper fails.
        """
        if self._local is None or self._recipe.local is None:
            return self.scores(similarities)
        branches = similarities.shape[1]
        differences = (similarities - whole[:branches]) * self._signs[:branches]
        return self.scores(whole[None]) + finite_prediction(self._recipe.local, self._local, differences).score

    @property
    def maps(self) -> bool:
        """Whether there is a quality map: of a calibrated score, beside methods by the local mapper only."""
        recipe = self._recipe
        whole = self._local is not None or not recipe.methods
        return self.scale is not None and bool(recipe.branches) and whole

    def sensitivity(self, similarities: FloatArray) -> FloatArray:
        """Derivatives ``[B]`` of the score with respect to similarities ``[B]``, as the metrics give them.

        Raises:
            UsageError: there is no mapper.
            VeiqaError: the mapper fails.
        """
        fitted = self._needed_mapper()

        def work() -> FloatArray:
            slope: FloatArray = (
                fitted.mapper.sensitivity(canonical_array(similarities * self._signs)[None])[0] * self._signs
            )
            return slope

        return unwrap(attempt(fitted.part, work))

    def _needed_mapper(self) -> FittedMapper:
        if self._mapper is None:
            raise UsageError(f"recipe {self._recipe.name!r} has no fitted mapper, so it has no scores")
        return self._mapper

    def _distortion(self, oriented: FloatArray, score: float | None) -> Mapping[str, float] | None:
        if self._classifier is None or self._recipe.classifier is None:
            return None
        (found,) = reported_types(self._recipe.classifier, self._classifier, oriented, [score], self.scale)
        return found


def likely(distortion: Mapping[str, float]) -> list[tuple[str, float]]:
    """The types that are not out of the question with their probabilities, the likeliest first."""
    ranked = sorted(distortion.items(), key=lambda item: -item[1])
    return [(kind, share) for kind, share in ranked if share >= 0.05 or kind == ranked[0][0]]
