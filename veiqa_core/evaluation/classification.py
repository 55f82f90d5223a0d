"""How often a recipe's classifier predicts the distortion type of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..contracts import DistortionClassifier, FloatArray
from ..errors import FitError
from ..extension.registry import Part
from ..scoring.classification import OTHER, fitted_classifier, ready_classifier, reported_types
from .measured import MeasuredSet
from .splits import Indices, Split


@attrs.frozen
class TypeAccuracy:
    """What was predicted for tested images whose type is among the classifier's.

    Attributes:
        images: how many were tested, repetitions counted once.
        confusion: for each type of the images how often each type was predicted.
        fit: whether the classifiers were fitted on the contents that they were tested on.
    """

    images: int
    confusion: Mapping[str, Mapping[str, int]]
    fit: str

    @property
    def count(self) -> int:
        """How many tests, more than images where some are in several splits."""
        return sum(sum(row.values()) for row in self.confusion.values())

    def right(self, kind: str) -> float:
        """The share of the tests of a type in which it was predicted."""
        row = self.confusion[kind]
        return row.get(kind, 0) / sum(row.values())

    @property
    def accuracy(self) -> float:
        """The share of all tests in which the type was predicted."""
        return sum(row.get(kind, 0) for kind, row in self.confusion.items()) / self.count

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        confusion = {kind: dict(row) for kind, row in self.confusion.items()}
        return {
            "n": self.images,
            "tests": self.count,
            "accuracy": self.accuracy,
            "confusion": confusion,
            "fit": self.fit,
        }


def type_accuracy(
    measured: MeasuredSet,
    parts: Sequence[Split],
    scores: Sequence[FloatArray],
    scale: tuple[float, float] | None,
    refits: bool,
    fit: str,
) -> TypeAccuracy | None:
    """What is reported as the type of the tested images of splits; None without a classifier that could predict types.

    Args:
        scores: of the tested images of each split, which what is reported does not contradict.
        scale: the worst and the best score, where these are known.
        refits: whether classifiers are fitted anew, on the other side of each split.
        fit: the label of the figures.
    """
    recipe = measured.used.get(None)
    if recipe is None or recipe.classifier is None:
        return None
    part = recipe.classifier
    kinds = measured.table.distortions
    confusion: dict[str, dict[str, int]] = {}
    tested: set[int] = set()
    for split, of_split in zip(parts, scores, strict=True):
        classifier = _fitted(part, measured, split.train) if refits else ready_classifier(recipe)
        if classifier is None:
            return None
        known = [place for place, row in enumerate(split.test) if _truth(kinds[row], classifier.classes) is not None]
        if not known:
            continue
        rows = split.test[known]
        tested.update(map(int, rows))
        made = reported_types(part, classifier, measured.similarities(rows), of_split[known].tolist(), scale)
        for row, shares in zip(rows, made, strict=True):
            reported = confusion.setdefault(str(_truth(kinds[row], classifier.classes)), {})
            likeliest = max(shares, key=shares.__getitem__)
            reported[likeliest] = reported.get(likeliest, 0) + 1
    if not confusion:
        return None
    return TypeAccuracy(len(tested), {kind: confusion[kind] for kind in sorted(confusion)}, fit)


def _truth(kind: str | None, classes: Sequence[str]) -> str | None:
    """The type of an image as a classifier calls it; None where it has no name for it."""
    if kind is None or kind in classes:
        return kind
    return OTHER if OTHER in classes else None


def _fitted(part: Part, measured: MeasuredSet, train: Indices) -> DistortionClassifier | None:
    types = {int(row): kind for row in train if (kind := measured.table.distortions[row]) is not None}
    try:
        return fitted_classifier(part, measured.similarities(list(types)), list(types.values())) if types else None
    except FitError:
        return None  # too few images or types of these: nothing is reported
