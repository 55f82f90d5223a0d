"""Novelty: how unlike the images that a recipe was fitted on an image is, and how much less its score is known.

The images fitted on fill a part of the space of similarities, which probabilistic principal components describe
(Tipping and Bishop, J. Royal Statistical Society B 61(3), 1999). An image's novelty is its distance from their centre
in standard deviations, directions in which they hardly vary counting as noise, over the distance that one in fifty
images of contents left out exceeds. From the distance on that one in ten exceeds, the prediction interval grows with a
power of the novelty: the smallest that keeps nine in ten images of distortion types left out within their intervals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..contracts import FloatArray, Prediction, ScoreMapper, canonical_array
from ..errors import RecipeError, VeiqaError, brief
from ..extension.registry import Part
from ..files.values import is_number
from ..recipes.resolution import ResolvedRecipe
from .mapping import fitted_prediction, predicted

LIMIT = 1.0
"""The novelty from which on a score is a guess."""

_EXCEED = 0.02  # of the images of contents left out exceed the limit
_KNOWN = 0.9  # of them have the interval as it was fitted
_COVERED = 0.9  # of images of types left out lie within their intervals
_POWERS = np.arange(0, 3.01, 0.25)
_VARIANCE = 0.99  # is described by the principal components, of
_COMPONENTS = 30  # at most
_LEAST = 30  # images, below which nothing is said
_FOLDS = 10
_TYPE_FOLDS = 5
_FEWEST_TYPES = 3


@attrs.frozen(eq=False)
class Familiar:
    """The part of the space of similarities that images fill.

    Attributes:
        centre, scale: ``[B]``, means and standard deviations of the similarities.
        directions: ``[K, B]``, orthonormal, in standard deviations.
        variances: ``[K]``, of the images along them.
        noise: their mean variance along all other directions.
    """

    centre: FloatArray
    scale: FloatArray
    directions: FloatArray
    variances: FloatArray
    noise: float

    @classmethod
    def fit(cls, similarities: FloatArray) -> Familiar:
        """What similarities ``[N, B]`` fill."""
        centre, scale = similarities.mean(axis=0), similarities.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        _, lengths, axes = np.linalg.svd((similarities - centre) / scale, full_matrices=False)
        variances = lengths**2 / len(similarities)
        described = np.cumsum(variances) / max(variances.sum(), np.finfo(float).tiny)
        count = min(int(np.searchsorted(described, _VARIANCE)) + 1, _COMPONENTS, len(variances))
        left = similarities.shape[1] - count
        noise = float(variances[count:].sum()) / left if left else 0.0
        least = float(variances[count - 1])
        return cls(centre, scale, axes[:count], variances[:count], noise if noise > 0 else max(least, 1e-12))

    def distance(self, similarities: FloatArray) -> FloatArray:
        """How far ``[N]`` similarities ``[N, B]`` lie from the centre, 1 being what a normal distribution expects."""
        apart = (similarities - self.centre) / self.scale
        # no matrix product, so that rows keep their bits
        along = np.stack([(apart * direction).sum(axis=1) for direction in self.directions], axis=1)
        rest = np.maximum((apart**2).sum(axis=1) - (along**2).sum(axis=1), 0) / self.noise
        distance: FloatArray = np.sqrt(((along**2 / self.variances).sum(axis=1) + rest) / apart.shape[1])
        return distance


@attrs.frozen(eq=False)
class Novelty:
    """How unlike the images fitted on others are.

    Attributes:
        limit: the distance that counts as a novelty of 1.
        start: the novelty from which on intervals grow.
        power: with which power of the novelty over ``start``.
    """

    familiar: Familiar
    limit: float
    start: float
    power: float

    def of(self, similarities: FloatArray) -> FloatArray:
        """The novelty ``[N]`` of oriented similarities ``[N, B]``: 0 at the centre, 1 at the limit."""
        novelty: FloatArray = self.familiar.distance(canonical_array(similarities)) / self.limit
        return novelty

    def widened(self, prediction: Prediction, novelty: FloatArray) -> Prediction:
        """A prediction ``[N]`` whose intervals have grown with the novelty ``[N]``."""
        growth = _growth(novelty / self.start, self.power)
        score = prediction.score
        return Prediction(score, score - growth * (score - prediction.low), score + growth * (prediction.high - score))

    def state(self) -> Mapping[str, Any]:
        """What a recipe holds: numbers and lists of numbers."""
        arrays = {name: getattr(self.familiar, name).tolist() for name in _ARRAYS}
        return {
            "limit": self.limit,
            "start": self.start,
            "power": self.power,
            "noise": self.familiar.noise,
            **arrays,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], branches: int, where: str) -> Novelty:
        """From what :meth:`state` gave.

        Args:
            branches: how many similarities there are.
            where: what errors name.

        Raises:
            RecipeError: it is no such state, or of another number of branches.
        """
        unknown = set(state) - {*_ARRAYS, *_NUMBERS}
        if unknown:
            raise RecipeError(f"{where}: unknown field {brief(min(unknown))}")
        for name in _NUMBERS:
            least, due = (0.0, "0 or above") if name == "power" else (_TINY, "above 0")
            if not is_number(state.get(name)) or not state[name] >= least:
                raise RecipeError(f"{where}.{name}: must be a number {due}, not {brief(state.get(name))}")
        rows = state.get("directions")
        if not isinstance(rows, list) or not rows:
            raise RecipeError(f"{where}.directions: must be lists of numbers, not {brief(rows)}")
        directions = np.stack([_numbers(row, branches, f"{where}.directions") for row in rows])
        centre, scale = (_numbers(state.get(name), branches, f"{where}.{name}") for name in ("centre", "scale"))
        variances = _numbers(state.get("variances"), len(rows), f"{where}.variances")
        if not ((scale > 0).all() and (variances > 0).all()):
            raise RecipeError(f"{where}: scale and variances must be above zero")
        familiar = Familiar(centre, scale, directions, variances, float(state["noise"]))
        return cls(familiar, *(float(state[name]) for name in ("limit", "start", "power")))


_ARRAYS = ("centre", "scale", "directions", "variances")
_NUMBERS = ("limit", "start", "power", "noise")
_TINY = 1e-300


def _numbers(values: Any, count: int, where: str) -> FloatArray:
    if not isinstance(values, list) or len(values) != count or not all(map(is_number, values)):
        raise RecipeError(f"{where}: must be a list of {count} numbers, not {brief(values)}")
    return np.array(values, dtype=np.float64)


def ready_novelty(recipe: ResolvedRecipe) -> Novelty | None:
    """What a recipe says of the images that it was fitted on; None where it does not.

    Raises:
        RecipeError: what it says does not fit.
    """
    if not recipe.novelty:
        return None
    return Novelty.restore(recipe.novelty, recipe.width, f"recipe {recipe.name!r}: novelty")


def fitted_novelty(
    part: Part,
    mapper: ScoreMapper,
    similarities: FloatArray,
    quality: FloatArray,
    contents: Sequence[str | None],
    types: Sequence[str | None],
) -> Novelty | None:
    """The novelty of images beside those that a mapper was fitted to.

    Args:
        part, mapper: what was fitted to all of them.
        similarities, quality: oriented ``[N, B]``, and ``[N]``.
        contents, types: what each image shows, and its distortion type.

    Returns:
        None where there are too few images, or the mapper maps one similarity only.
    """
    if part.traits["branches"] == "one" or len(quality) < _LEAST or similarities.shape[1] < 2:
        return None
    similarities, quality = canonical_array(similarities), canonical_array(quality)
    left_out = np.empty_like(quality)
    for out in _folds(contents, _FOLDS):
        left_out[out] = Familiar.fit(similarities[~out]).distance(similarities[out])
    known, limit = np.quantile(left_out, [_KNOWN, 1 - _EXCEED])
    if not 0 < known <= limit < math.inf:
        return None
    made = predicted(part, mapper, similarities)
    width = (made.high - made.low) / 2
    power = _power(part, similarities, quality, types, width, float(known))
    return Novelty(Familiar.fit(similarities), float(limit), float(known / limit), power)


def _folds(labels: Sequence[str | None], count: int) -> list[NDArray[np.bool_]]:
    """Which images each fold leaves out; those of a label go together, those without one alone."""
    own = [f"{index}" if label is None else f"of {label}" for index, label in enumerate(labels)]
    names, which = np.unique(np.array(own), return_inverse=True)
    folds = [which % count == fold for fold in range(min(count, len(names)))]
    return folds if len(folds) > 1 else [np.arange(len(own)) % 2 == fold for fold in range(2)]


def _power(
    part: Part,
    similarities: FloatArray,
    quality: FloatArray,
    types: Sequence[str | None],
    width: FloatArray,
    known: float,
) -> float:
    """With which power of the novelty intervals must grow to hold for types left out; 1 where none can be left out."""
    if len({kind for kind in types if kind is not None}) < _FEWEST_TYPES or None in types:
        return 1.0
    ratios, distances = [], []
    for out in _folds(types, _TYPE_FOLDS):
        try:
            made = fitted_prediction(part, similarities[~out], quality[~out], similarities[out])
        except VeiqaError:
            continue  # the other types do not determine a mapping
        ratios.append(np.abs(made.score - quality[out]) / width[out])
        distances.append(Familiar.fit(similarities[~out]).distance(similarities[out]) / known)
    if not ratios or not np.isfinite(np.concatenate(ratios)).all():
        return 1.0
    ratio, distance = np.concatenate(ratios), np.concatenate(distances)
    covered = [float((ratio <= _growth(distance, power)).mean()) for power in _POWERS]
    return float(_POWERS[next((i for i, share in enumerate(covered) if share >= _COVERED), int(np.argmax(covered)))])


def _growth(beyond: FloatArray, power: float) -> FloatArray:
    """By what intervals are multiplied where the novelty is so many times that from which on they grow."""
    growth: FloatArray = np.maximum(beyond, 1) ** power
    return growth
