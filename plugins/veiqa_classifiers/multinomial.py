"""Multinomial logistic regression."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from veiqa_core.api import FitError, UsageError, brief, is_number
from veiqa_core.contracts import FloatArray, canonical_array

from .plugin import MultinomialParams

_STRENGTHS = np.geomspace(1e-4, 1.0, 9)[::-1]
_ROUGH, _EXACT = 1e-4, 1e-6  # tolerances: to choose a strength, and to fit with it
_FOLDS = 5
_OTHER = "other"
_LONGEST = 200  # characters of a type's name
_FIELDS = ("classes", "centre", "scale", "weights")
Labels = NDArray[np.str_]


class Multinomial:
    """The log-odds of the types are linear in the standardised similarities; the weights are held small.

    Minimised is the mean negative log-likelihood plus half of ``strength`` times the sum of the squared weights. A
    strength that is not given is the one of a scale under which points left out are likeliest.
    """

    def __init__(self, params: MultinomialParams) -> None:
        self._params = params
        self._clear()

    def _clear(self) -> None:
        self._classes: tuple[str, ...] = ()
        self._centre: FloatArray = np.empty(0)
        self._scale: FloatArray = np.empty(0)
        self._weights: FloatArray = np.empty((0, 0))

    @property
    def classes(self) -> tuple[str, ...]:
        """The types in alphabetical order."""
        return self._classes

    def fit(self, similarities: FloatArray, types: Sequence[str]) -> None:
        """Fit to similarities ``[N, B]`` and the type of each image.

        Raises:
            FitError: there are fewer than two types, a type has a single image, or values are not finite.
        """
        named = [kind if kind in (self._params.types or types) else _OTHER for kind in types]
        x, labels = canonical_array(similarities), np.array(named, dtype=np.str_)
        if x.ndim != 2 or labels.shape != x.shape[:1]:
            raise FitError(f"multinomial takes similarities [N, B] and N types, not {x.shape} and {labels.shape}")
        if not np.isfinite(x).all():
            raise FitError("multinomial cannot be fitted to values that are not finite; leave them out")
        known, counts = np.unique(labels, return_counts=True)
        if len(known) < 2:
            raise FitError(f"multinomial needs at least two types, not {len(known)}")
        if counts.min() < 2:
            raise FitError(f"multinomial needs two images of a type at least; {known[counts.argmin()]} has one")
        centre, scale = x.mean(axis=0), x.std(axis=0)
        constant = scale <= 1e-12 * np.abs(centre)
        scale[constant] = 1.0
        standard = (x - centre) / scale
        weights = self._solve(standard, labels, self._strength(standard, labels))
        self._classes, self._centre, self._scale, self._weights = tuple(map(str, known)), centre, scale, weights

    def probabilities(self, similarities: FloatArray) -> FloatArray:
        """Probabilities ``[N, K]`` of the types for similarities ``[N, B]``."""
        if not self._classes:
            raise UsageError("classifier 'multinomial' is not fitted yet: fit it, or use a recipe with a fitted one")
        x = canonical_array(similarities)
        if x.shape[1] != len(self._centre):
            raise UsageError(f"classifier 'multinomial' was fitted to {len(self._centre)} branches, not {x.shape[1]}")
        return _probabilities(self._weights, (x - self._centre) / self._scale)

    def state(self) -> Mapping[str, Any]:
        """The types, each branch's mean and deviation, and for each type an intercept and weights."""
        if not self._classes:
            return {}
        return {
            "classes": list(self._classes),
            "centre": self._centre.tolist(),
            "scale": self._scale.tolist(),
            "weights": self._weights.tolist(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave.

        Raises:
            ValueError: the state is not of this classifier, with the field's name.
        """
        if not state:
            self._clear()
            return
        if set(state) != set(_FIELDS):
            raise ValueError(
                f"multinomial keeps {', '.join(_FIELDS)}, not {brief(', '.join(sorted(state)), quoted=False)}"
            )
        classes = state["classes"]
        texts = isinstance(classes, list) and all(
            isinstance(item, str) and item.isprintable() and 0 < len(item) <= _LONGEST for item in classes
        )
        if not texts or len(set(classes)) != len(classes) or len(classes) < 2:
            raise ValueError(f"classes must be a list of two different texts or more, not {brief(classes)}")
        centre, scale, weights = (_read(state[name], name) for name in _FIELDS[1:])
        if centre.ndim != 1 or scale.shape != centre.shape or not (scale > 0).all():
            raise ValueError("scale must hold a number above zero for each number of centre")
        if weights.shape != (len(classes), len(centre) + 1):
            raise ValueError(f"weights: {len(classes)} lists of {len(centre) + 1} numbers are needed")
        self._classes, self._centre, self._scale, self._weights = tuple(classes), centre, scale, weights

    def _strength(self, x: FloatArray, labels: Labels) -> float:
        """The strength given, or the one under which points left out are likeliest."""
        if self._params.strength is not None:
            return self._params.strength
        known, kind_of = np.unique(labels, return_inverse=True)
        losses = np.zeros((len(_STRENGTHS), len(labels)))
        for out in _folds(labels):
            solutions = self._solutions(x[~out], labels[~out], _STRENGTHS, _ROUGH)
            for row, weights in enumerate(solutions):
                made = _probabilities(weights, x[out])
                losses[row, out] = -np.log(np.maximum(made[np.arange(len(made)), kind_of[out]], 1e-12))
        kinds = [labels == kind for kind in known] if self._params.balanced else [slice(None)]
        means = [losses[:, kind].mean(axis=1) for kind in kinds]
        return float(_STRENGTHS[int(np.argmin(np.mean(means, axis=0)))])

    def _solve(self, x: FloatArray, labels: Labels, strength: float) -> FloatArray:
        """Intercepts and weights ``[K, B + 1]``, a row for each type in alphabetical order."""
        return next(self._solutions(x, labels, [strength], _EXACT))

    def _solutions(
        self, x: FloatArray, labels: Labels, strengths: Iterable[float], tolerance: float
    ) -> Iterator[FloatArray]:
        """The weights for each strength; every solution is where the search for the next one begins."""
        from sklearn.exceptions import ConvergenceWarning  # slow to import, and needed for a fit only
        from sklearn.linear_model import LogisticRegression

        weighting = "balanced" if self._params.balanced else None
        solver = LogisticRegression(class_weight=weighting, max_iter=2000, tol=tolerance, warm_start=True)
        for strength in strengths:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                solver.set_params(C=1 / (strength * len(x))).fit(x, labels)
            weights = np.column_stack([solver.intercept_, solver.coef_]).astype(np.float64)
            yield np.concatenate([np.zeros_like(weights), weights]) if len(weights) == 1 else weights


def _folds(labels: Labels) -> Iterator[NDArray[np.bool_]]:
    """Which points each fold leaves out: some of every type, where it has enough; never all of a type."""
    folds = np.empty(len(labels), dtype=np.intp)
    for kind in np.unique(labels):
        of_kind = np.flatnonzero(labels == kind)
        folds[of_kind] = np.arange(len(of_kind)) % _FOLDS
    for fold in np.unique(folds):
        out = folds == fold
        if np.array_equal(np.unique(labels[~out]), np.unique(labels)):
            yield out


def _probabilities(weights: FloatArray, x: FloatArray) -> FloatArray:
    """``[N, K]``, the same bits for a row whatever rows stand beside it: no matrix product runs over them."""
    odds = np.stack([own[0] + (x * own[1:]).sum(axis=1) for own in weights], axis=1)
    odds = np.exp(odds - odds.max(axis=1, keepdims=True))
    probabilities: FloatArray = odds / odds.sum(axis=1, keepdims=True)
    return probabilities


def _read(value: Any, name: str) -> FloatArray:
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    numbers = all(isinstance(row, list) and len(row) == len(rows[0]) and all(map(is_number, row)) for row in rows)
    if not numbers:
        raise ValueError(f"{name} must be a list of finite numbers, or lists of as many, not {brief(value)}")
    return np.array(value, dtype=np.float64)
