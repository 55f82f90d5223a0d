"""From oriented similarities to the likely distortion, through the classifier of a recipe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from ..api.distortions import PRISTINE
from ..contracts import DistortionClassifier, FloatArray, canonical_array
from ..errors import VeiqaError, unwrap
from ..extension.registry import Part
from ..isolation.attempts import attempt, or_usage_error
from ..recipes.resolution import ResolvedRecipe
from .mapping import restored

OTHER = "other"
"""What a classifier may call the types that it does not distinguish."""

_IMPOSSIBLE, _POSSIBLE = 0.5, 0.75  # of the scale: the scores up to and from which an image may have no distortion


def consistent(distortion: Mapping[str, float], quality: float) -> dict[str, float]:
    """Probabilities that do not contradict the score: an image of low quality has some distortion.

    That of :data:`~veiqa_core.api.distortions.PRISTINE` is at most 0 up to half of the scale and at most 1 from three
    quarters on, in between in proportion. What it loses goes to the other types in their proportions, or to
    :data:`OTHER` where they have none.

    Args:
        distortion: the probability of each type.
        quality: the score from 0, the worst, to 1.
    """
    most = min(max((quality - _IMPOSSIBLE) / (_POSSIBLE - _IMPOSSIBLE), 0.0), 1.0)
    none = distortion.get(PRISTINE, 0.0)
    if none <= most:
        return dict(distortion)
    others = sum(share for kind, share in distortion.items() if kind != PRISTINE)
    if others <= 0:
        return {**distortion, PRISTINE: most, OTHER: 1 - most}
    factor = (1 - most) / others
    return {kind: most if kind == PRISTINE else share * factor for kind, share in distortion.items()}


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
        types_and_probabilities(recipe.classifier, classifier, np.zeros((1, recipe.width)))
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


def reported_types(
    part: Part,
    classifier: DistortionClassifier,
    similarities: FloatArray,
    scores: Sequence[float | None],
    scale: tuple[float, float] | None,
) -> list[dict[str, float]]:
    """The probability of each type that is reported of each of oriented similarities ``[N, B]``.

    Args:
        scores: of the images, which probabilities are not to contradict; None or NaN where there is none.
        scale: the worst and the best score; where it is None, scores say nothing of what is possible.

    Raises:
        VeiqaError: the classifier fails.
    """
    classes, shares = types_and_probabilities(part, classifier, similarities)
    found = [dict(zip(classes, row, strict=True)) for row in shares.tolist()]
    if scale is None:
        return found
    worst, best = scale
    return [
        own if score is None or math.isnan(score) else consistent(own, (score - worst) / (best - worst))
        for own, score in zip(found, scores, strict=True)
    ]


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
