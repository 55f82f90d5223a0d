"""From oriented similarities to scores, through the mapper of a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contracts import FloatArray, Prediction, ScoreMapper, canonical_array
from ..errors import FitError, RecipeError, UsageError, one_line, plain, unwrap
from ..extension.registry import Part
from ..files.values import plain_copy
from ..isolation.attempts import attempt, or_usage_error
from ..recipes.resolution import ResolvedRecipe

ROUNDING = 4 * np.finfo(float).eps
"""Relative differences up to this are what rounding leaves of equal values."""


def constant(values: FloatArray) -> bool:
    """Whether values ``[N]`` are all the same, to rounding."""
    return bool(constant_rows(values[None])[0])


def constant_rows(rows: FloatArray) -> NDArray[np.bool_]:
    """Which rows of ``[C, N]`` are the same throughout, to rounding."""
    size = np.abs(rows).max(axis=1, initial=0)
    with np.errstate(invalid="ignore"):
        scaled = rows / np.where(size, size, 1)[:, None]
        spread = scaled.max(axis=1, initial=-np.inf) - scaled.min(axis=1, initial=np.inf)
    same: NDArray[np.bool_] = np.isfinite(size) & (spread <= ROUNDING)
    return same


def ready_mapper(recipe: ResolvedRecipe) -> ScoreMapper | None:
    """The recipe's mapper, ready to predict; None where there is none, or it is not fitted yet.

    Raises:
        UsageError: it cannot be built, or its state does not fit.
    """
    if recipe.mapper is None:
        return None
    return _ready(recipe.mapper, recipe.state, recipe.width, f"recipe {recipe.name!r}: mapper.state")


def ready_local_mapper(recipe: ResolvedRecipe) -> ScoreMapper | None:
    """The recipe's local mapper, ready to predict; None where it has none.

    Raises:
        UsageError: it cannot be built, or its state does not fit.
    """
    if recipe.local is None:
        return None
    if not recipe.branches:
        raise UsageError(f"recipe {recipe.name!r} has no branches, so it has no quality map: leave 'local' out")
    return _ready(recipe.local, recipe.local_state, len(recipe.branches), f"recipe {recipe.name!r}: local.state")


def _ready(part: Part, state: Mapping[str, Any], width: int, where: str) -> ScoreMapper | None:
    mapper: ScoreMapper = or_usage_error(attempt(part, part.create))
    if state:
        or_usage_error(attempt(part, partial(restored, mapper, state, where)))
    elif part.traits["fitted"]:
        return None
    trial = np.zeros((1, width))
    or_usage_error(attempt(part, lambda: mapper.predict(trial)))
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
    similarities, quality = canonical_array(similarities), canonical_array(quality)
    check_varied(similarities, quality)

    def work() -> ScoreMapper:
        mapper: ScoreMapper = part.create()
        more: dict[str, Any] = {}  # as its traits say
        if contents is not None and None not in contents and part.traits.get("contents", False):
            more["contents"] = list(contents)
        if part.names and part.traits.get("names", False):
            more["names"] = list(part.names)
        mapper.fit(similarities.copy(), quality.copy(), **more)
        return mapper

    return unwrap(attempt(part, work))


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
    return unwrap(attempt(part, lambda: _predicted(mapper, similarities)))


def finite_prediction(part: Part, mapper: ScoreMapper, similarities: FloatArray) -> Prediction:
    """The same, where a score that is not finite is a failure too."""

    def work() -> Prediction:
        made = _predicted(mapper, similarities)
        if not np.isfinite(made.score).all():
            raise ValueError(f"gave {made.score[~np.isfinite(made.score)][0]}")
        return made

    return unwrap(attempt(part, work))


def _predicted(mapper: ScoreMapper, similarities: FloatArray) -> Prediction:
    """A prediction that nobody else writes into, nor has one been made of what others read."""
    made = mapper.predict(canonical_array(similarities).copy())
    return Prediction(*(np.array(getattr(made, name), dtype=np.float64) for name in ("score", "low", "high")))


def _state_problem(error: Exception) -> str:
    """Why a component does not take the state that a recipe holds: its own words, where it refuses it as it should."""
    return plain(str(error)) if isinstance(error, ValueError) else one_line(error)


def restored(fitted: Any, state: Mapping[str, Any], where: str) -> None:
    """Give a mapper or a classifier back what it was fitted to."""
    try:
        fitted.restore(plain_copy(state))
    except Exception as error:  # a state of a stranger's may lead a plugin to anything
        raise RecipeError(f"{where}: {_state_problem(error)}") from error


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
    score: FloatArray = -canonical_array(similarities).mean(axis=1)
    unknown = np.full_like(score, np.nan)
    return Prediction(score, unknown, unknown)
