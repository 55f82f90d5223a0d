"""What fitted mappers share: checks of the data, the state, and the prediction interval."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from veiqa_core.api import FitError, UsageError, brief, is_number
from veiqa_core.contracts import FloatArray, Prediction, canonical_array

POINT = 1e-150
"""Values that differ by less are one: beyond, squares and slopes leave what numbers can hold."""

_FOLDS = 10
_FEWEST_CONTENTS = 3


def numbers(dimensions: int) -> Any:
    """A field of a model: an array of so many dimensions, in a state a number, a list or a list of lists."""
    return attrs.field(metadata={"dimensions": dimensions})


class Model(attrs.AttrsInstance, Protocol):
    """What a fit found: a function of the similarities, as an attrs class whose fields are made by :func:`numbers`.

    A score must have the same bits whatever rows stand beside its own, so no matrix product may run over them.
    """

    @property
    def branches(self) -> int:
        """How many similarities it takes."""
        ...

    def score(self, similarities: FloatArray) -> FloatArray:
        """Scores ``[N]`` of similarities ``[N, B]`` in C order."""
        ...

    def slope(self, similarities: FloatArray) -> FloatArray:
        """Derivatives ``[N, B]`` of the scores."""
        ...


M = TypeVar("M", bound=Model)


class FittedMapper(ABC, Generic[M]):
    """A function of the similarities that is fitted to quality, with a 90 % prediction interval (:func:`reach`)."""

    name: ClassVar[str]
    _model_type: type[M]

    def __init__(self, params: Any) -> None:
        self._model: M | None = None
        self._reach = math.nan

    @abstractmethod
    def _least(self, branches: int) -> int:
        """How many points a fit takes at least."""

    @abstractmethod
    def _fit(self, similarities: FloatArray, quality: FloatArray) -> M:
        """What fits best."""

    def _left_out(self, model: M, similarities: FloatArray, quality: FloatArray) -> FloatArray:
        """The absolute error ``[N]`` that a fit without it makes at each point."""
        return out_of_fold(self._fit, similarities, quality, _tenths(similarities, quality))

    def fit(self, similarities: FloatArray, quality: FloatArray, contents: Sequence[str] | None = None) -> None:
        """Fit to similarities ``[N, B]`` and quality ``[N]``.

        Args:
            contents: what each image shows. Where there are three or more, the interval is that of contents left out.

        Raises:
            FitError: there are too few points, or values that are not finite.
        """
        x, y = canonical_array(similarities), canonical_array(quality)
        if x.ndim != 2 or y.shape != x.shape[:1]:
            raise FitError(f"{self.name} takes similarities [N, B] and quality [N], not {x.shape} and {y.shape}")
        needed = self._least(x.shape[1])
        if len(y) < needed:
            raise FitError(f"{self.name} needs at least {needed} points, not {len(y)}")
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise FitError(f"{self.name} cannot be fitted to values that are not finite; leave them out")
        with np.errstate(over="ignore", invalid="ignore"):  # shows in what is found
            model = self._fit(x, y)
            folds = None if contents is None else _dealt(contents, needed)
            errors = self._left_out(model, x, y) if folds is None else out_of_fold(self._fit, x, y, folds)
        if not all(np.isfinite(values).all() for values in _arrays(model).values()):
            raise FitError(f"{self.name} cannot hold values of this size; rescale the similarities or the quality")
        self._model, self._reach = model, reach(errors)

    def predict(self, similarities: FloatArray) -> Prediction:
        """Quality of similarities ``[N, B]``, with its 90 % prediction interval."""
        score = self._fitted(similarities).score(canonical_array(similarities))
        return Prediction(score, score - self._reach, score + self._reach)

    def sensitivity(self, similarities: FloatArray) -> FloatArray:
        """Derivative ``[N, B]`` of the score with respect to each similarity."""
        return self._fitted(similarities).slope(canonical_array(similarities))

    def state(self) -> Mapping[str, Any]:
        """The fields of what was fitted, and ``reach``: half the width of the interval, where it is known."""
        if self._model is None:
            return {}
        width = {} if math.isnan(self._reach) else {"reach": self._reach}
        return {**{name: values.tolist() for name, values in _arrays(self._model).items()}, **width}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave.

        Raises:
            ValueError: the state is not of this mapper, with the field's name.
        """
        if not state:
            self._model, self._reach = None, math.nan
            return
        fields = attrs.fields(self._model_type)
        names = [field.name for field in fields]
        unknown = set(state) - {*names, "reach"}
        if unknown:
            raise ValueError(f"unknown field {brief(min(unknown))}; {self.name} keeps {', '.join(names)} and reach")
        width = state.get("reach", math.nan)
        if "reach" in state and not (is_number(width) and width >= 0):
            raise ValueError(f"reach must be a number of zero or more, not {brief(width)}")
        self._model = self._model_type(**{field.name: _read(field, state.get(field.name)) for field in fields})
        self._reach = float(width)

    def _fitted(self, similarities: FloatArray) -> M:
        if self._model is None:
            raise UsageError(f"mapper {self.name!r} is not fitted yet: fit it, or use a recipe that holds a fitted one")
        branches = np.shape(similarities)[1]
        if self._model.branches != branches:
            raise UsageError(f"mapper {self.name!r} was fitted to another number of branches than {branches}")
        return self._model


def reach(left_out: FloatArray) -> float:
    """Half the width of the 90 % prediction interval.

    Of a new point's error and those of n points left out, nine in ten are no larger than the ceil(0.9 (n + 1))-th
    smallest of the n (conformal prediction; Lei et al., J. American Statistical Association 113, 2018).

    Args:
        left_out: the absolute error ``[N]`` at each point of a fit without it.

    Returns:
        That error; NaN where there are fewer than nine or it is not known.
    """
    rank = -(-9 * (len(left_out) + 1) // 10)
    if rank > len(left_out):
        return math.nan
    width = float(np.sort(left_out)[rank - 1])
    return width if math.isfinite(width) else math.nan


def deleted(errors: FloatArray, coefficients: int) -> FloatArray:
    """Absolute errors ``[N]`` at points as they would be, on average, of fits without them: over ``1 - p/n``."""
    freedom = 1 - coefficients / len(errors)
    return np.abs(errors) / freedom if freedom > 0 else np.full_like(errors, np.nan)


def out_of_fold(
    fit: Callable[[FloatArray, FloatArray], Model], x: FloatArray, y: FloatArray, folds: NDArray[np.intp]
) -> FloatArray:
    """The absolute error ``[N]`` of the points of each fold under a fit to the others."""
    errors = np.empty_like(y)
    for out in (folds == number for number in np.unique(folds)):
        errors[out] = np.abs(y[out] - fit(x[~out], y[~out]).score(np.ascontiguousarray(x[out])))
    return errors


def _tenths(x: FloatArray, y: FloatArray) -> NDArray[np.intp]:
    """Folds ``[N]`` dealt in order of quality: every tenth covers the scale, however the rows are ordered."""
    tenth = np.empty(len(y), dtype=np.intp)
    tenth[np.lexsort((*x.T, y))] = np.arange(len(y)) % _FOLDS
    return tenth


def _dealt(contents: Sequence[str], least: int) -> NDArray[np.intp] | None:
    """Folds ``[N]`` that keep contents together; None where too few points would remain."""
    names, own = np.unique(np.array(contents, dtype=np.str_), return_inverse=True)
    if len(names) < _FEWEST_CONTENTS:
        return None
    folds = (np.arange(len(names)) % _FOLDS)[own]
    largest = int(np.bincount(folds).max())
    return folds if len(own) - largest >= least else None


def standard(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Values ``[N, ...]`` less their means and over their standard deviations, the means, and the deviations.

    What is constant, to rounding or to what a slope can hold, becomes 0 and has a deviation of 1.
    """
    centre = values.mean(axis=0)
    apart = values - centre
    size = np.abs(apart).max(axis=0)
    constant = size <= np.maximum(4 * np.finfo(float).eps * np.abs(centre), POINT)
    size = np.where(constant, 1.0, size)
    scale = np.where(constant, 1.0, size * np.sqrt(((apart / size) ** 2).mean(axis=0)))
    return np.where(constant, 0.0, apart / scale), centre, scale


def _arrays(model: Model) -> dict[str, FloatArray]:
    return {field.name: getattr(model, field.name) for field in attrs.fields(type(model))}


def _read(field: attrs.Attribute[Any], value: Any) -> FloatArray:
    """The array of a model's field from a state."""
    dimensions = field.metadata["dimensions"]
    if _is_nested(value, dimensions) and (dimensions < 2 or len(set(map(len, value))) == 1):
        return np.array(value, dtype=np.float64)
    wanted = ("a finite number", "a list of finite numbers", "lists of as many finite numbers")[dimensions]
    raise ValueError(f"{field.name} must be {wanted}, not {brief(value)}")


def _is_nested(value: Any, dimensions: int) -> bool:
    if dimensions == 0:
        return is_number(value)
    if dimensions == 1 and isinstance(value, list) and set(map(type, value)) == {float}:  # thousands at once
        return all(map(math.isfinite, value))
    return isinstance(value, list) and all(_is_nested(item, dimensions - 1) for item in value)
