"""From oriented similarities to the likely distortion, through the classifier of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ..contracts import DistortionClassifier, FloatArray, canonical_array
from ..errors import VeiqaError, unwrap
from ..extension.registry import Part
from ..isolation.attempts import attempt, or_usage_error
from ..recipes.resolution import ResolvedRecipe
from .mapping import restored


def ready_classifier(recipe: ResolvedRecipe) -> DistortionClassifier | None:
    """The recipe's classifier, ready to predict; None where there is none, or it is not fitted yet.

    Raises:
        UsageError: it cannot be built, or its state does not fit.
    """
    if recipe.classifier is None or not recipe.classifier_state:
        return None
    classifier: DistortionClassifier = or_usage_error(attempt(recipe.classifier, recipe.classifier.create))
    restore = partial(restored, classifier, recipe.classifier_state, f"recipe {recipe.name!r}: classifier.state")
    or_usage_error(attempt(recipe.classifier, restore))
    try:
        probabilities(recipe.classifier, classifier, np.zeros((1, recipe.width)))
    except VeiqaError as error:
        or_usage_error(error)
    return classifier


def fitted_classifier(part: Part, similarities: FloatArray, types: Sequence[str]) -> DistortionClassifier:
    """A classifier fitted to oriented similarities ``[N, B]`` and the type of each image.

    Raises:
        VeiqaError: it cannot be fitted, with the reason.
    """

    def work() -> DistortionClassifier:
        classifier: DistortionClassifier = part.create()
        classifier.fit(canonical_array(similarities).copy(), list(types))
        return classifier

    return unwrap(attempt(part, work))


def probabilities(part: Part, classifier: DistortionClassifier, similarities: FloatArray) -> FloatArray:
    """Probabilities ``[N, K]`` of the types for similarities ``[N, B]``.

    Raises:
        VeiqaError: the classifier fails.
    """
    return types_and_probabilities(part, classifier, similarities)[1]


def types_and_probabilities(
    part: Part, classifier: DistortionClassifier, similarities: FloatArray
) -> tuple[tuple[str, ...], FloatArray]:
    """The types of a classifier, and their probabilities ``[N, K]`` for similarities ``[N, B]``.

    Raises:
        VeiqaError: the classifier fails.
    """

    def work() -> tuple[tuple[str, ...], FloatArray]:
        made = np.array(classifier.probabilities(canonical_array(similarities).copy()), dtype=np.float64)
        classes = tuple(classifier.classes)
        if made.shape != (len(similarities), len(classes)) or not np.isfinite(made).all():
            raise ValueError(f"gave probabilities of shape {made.shape}, or some that are not finite")
        return classes, made

    return unwrap(attempt(part, work))
