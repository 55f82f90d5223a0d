"""From oriented similarities to scores, through the mapper of a recipe."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..contracts import FloatArray, Prediction, ScoreMapper
from ..errors import FitError, RecipeError, or_raise
from ..extension.registry import Part
from ..guard.attempts import attempt, or_usage_error
from ..resolution import ResolvedRecipe

_ROUNDING = 4 * np.finfo(float).eps
"""Relative differences up to this are what rounding leaves of equal values."""


def constant(values: FloatArray) -> bool:
    """Whether values ``[N]`` are all the same, to rounding."""
    size = np.abs(values).max(initial=0)
    return size == 0 or bool(np.isfinite(size) and np.ptp(values / size) <= _ROUNDING)


def ready_mapper(recipe: ResolvedRecipe) -> ScoreMapper | None:
    """The recipe's mapper, ready to predict; None where there is none, or it is not fitted yet.

    Raises:
        UsageError: it cannot be built, or its state does not fit.
    """
    if recipe.mapper is None:
        return None
    mapper: ScoreMapper = or_usage_error(attempt(recipe.mapper, recipe.mapper.create))
    if recipe.state:
        try:
            mapper.restore(recipe.state)
        except ValueError as error:
            raise RecipeError(f"recipe {recipe.name!r}: mapper.state: {error}") from error
    elif recipe.mapper.traits["fitted"]:
        return None
    trial = np.zeros((1, len(recipe.branches)))
    or_usage_error(attempt(recipe.mapper, lambda: mapper.predict(trial)))
    return mapper


def fitted_mapper(
    part: Part, similarities: FloatArray, quality: FloatArray, contents: Sequence[str | None] | None = None
) -> ScoreMapper:
    """A mapper fitted to oriented similarities ``[N, B]`` and quality ``[N]``.

    Args:
        contents: what each image shows, for mappers that take it, so that their interval holds for unseen contents.

    Raises:
        FitError: every rating or every similarity is the same, so that there is nothing to learn.
        VeiqaError: it cannot be fitted, with the reason.
    """
    check_varied(similarities, quality)

    def work() -> ScoreMapper:
        mapper: ScoreMapper = part.create()
        if contents is None or None in contents or not part.traits.get("contents", False):
            mapper.fit(similarities, quality)
        else:
            mapper.fit(similarities, quality, contents)  # type: ignore[call-arg]  # as its trait says
        return mapper

    return or_raise(attempt(part, work))


def check_varied(similarities: FloatArray, quality: FloatArray) -> None:
    """Refuse data in which one side does not vary: whatever is fitted to it gives every image one score.

    Raises:
        FitError: it does not.
    """
    if len(quality) > 1 and constant(quality):
        raise FitError(f"all {len(quality)} ratings are the same ({quality[0]:g}): there is nothing to fit")
    if len(similarities) > 1 and all(constant(column) for column in similarities.T):
        raise FitError(f"no similarity differs between the {len(similarities)} images: there is nothing to fit")


def predicted(part: Part, mapper: ScoreMapper, similarities: FloatArray) -> Prediction:
    """A fitted mapper's prediction for similarities ``[N, B]``.

    Raises:
        VeiqaError: it fails, with the component named.
    """
    return or_raise(attempt(part, lambda: mapper.predict(similarities)))


def fitted_prediction(part: Part, similarities: FloatArray, quality: FloatArray, others: FloatArray) -> Prediction:
    """What a mapper fitted to oriented similarities ``[N, B]`` and quality ``[N]`` predicts for others.

    Raises:
        VeiqaError: it cannot be fitted, or fails.
    """
    return predicted(part, fitted_mapper(part, similarities, quality), others)


def within(prediction: Prediction, scale: tuple[float, float] | None) -> Prediction:
    """A prediction held between the worst and the best quality, where these are known."""
    if scale is None:
        return prediction
    return Prediction(*(np.clip(values, *scale) for values in (prediction.score, prediction.low, prediction.high)))


def unmapped(similarities: FloatArray) -> Prediction:
    """Scores without a fitted mapper: minus the mean oriented similarity of ``[N, B]``, on no scale of quality."""
    score: FloatArray = -similarities.mean(axis=1)
    unknown = np.full_like(score, np.nan)
    return Prediction(score, unknown, unknown)
