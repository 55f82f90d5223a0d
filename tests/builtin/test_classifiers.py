"""Distortion classifiers: what they learn, keep and refuse."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from veiqa_core.api import FitError, UsageError
from veiqa_core.extension.registry import installed

KINDS = ("GB", "JPEG", "WN")


def make(**params: Any) -> Any:
    return installed().part("classifier", "veiqa:multinomial", params).create()


def clouds(each: int = 30, apart: float = 4.0, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Three clouds of points in four dimensions, one of them constant."""
    rng = np.random.default_rng(seed)
    centres = apart * np.eye(3, 4)
    points = np.concatenate([centre + rng.normal(size=(each, 4)) for centre in centres])
    points = points * [1, 10, 0.1, 0] + [0, 5, 9, 7]
    return points, [kind for kind in KINDS for _ in range(each)]


def test_types_that_lie_apart_are_told_apart() -> None:
    classifier = make()
    classifier.fit(*clouds())
    points, kinds = clouds(seed=1)
    made = classifier.probabilities(points)
    assert classifier.classes == KINDS
    assert made.shape == (90, 3)
    assert np.allclose(made.sum(axis=1), 1)
    assert np.mean([KINDS[place] == kind for place, kind in zip(made.argmax(axis=1), kinds, strict=True)]) > 0.95


@pytest.mark.parametrize("kinds", [KINDS, KINDS[:2]])
def test_the_weights_minimise_what_the_docstring_says(kinds: tuple[str, ...]) -> None:
    points, labels = clouds(each=15, apart=1.0)
    rows = [index for index, label in enumerate(labels) if label in kinds]
    points, labels = points[rows], [labels[index] for index in rows]
    strength = 0.1
    classifier = make(strength=strength, balanced=False)
    classifier.fit(points, labels)
    deviation = points.std(axis=0)
    x = (points - points.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1)
    own = np.array([kinds.index(label) for label in labels])
    count = len(kinds) if len(kinds) > 2 else 1  # two types share one row of weights

    def loss(flat: np.ndarray) -> float:
        weights = flat.reshape(count, 5)
        odds = weights[:, 0] + x @ weights[:, 1:].T
        odds = np.column_stack([np.zeros(len(x)), odds]) if count == 1 else odds
        likely = odds[np.arange(len(x)), own] - np.logaddexp.reduce(odds, axis=1)
        return float(-likely.mean() + strength / 2 * (weights[:, 1:] ** 2).sum())

    best = minimize(loss, np.zeros(count * 5), method="BFGS", options={"gtol": 1e-8}).x.reshape(count, 5)
    odds = best[:, 0] + x @ best[:, 1:].T
    odds = np.column_stack([np.zeros(len(x)), odds]) if count == 1 else odds
    expected = np.exp(odds - np.logaddexp.reduce(odds, axis=1, keepdims=True))
    assert np.allclose(classifier.probabilities(points), expected, atol=2e-4)


def test_types_that_are_not_named_are_one() -> None:
    points, kinds = clouds()
    merged, given = make(types=["WN"]), make()
    merged.fit(points, kinds)
    given.fit(points, [kind if kind == "WN" else "other" for kind in kinds])
    assert merged.classes == ("WN", "other")
    assert merged.state() == given.state()


def test_balanced_types_count_alike() -> None:
    points, labels = clouds(apart=0.0)  # nothing tells them apart but how many there are
    few = [index for index in range(90) if index < 30 or index % 10 == 0]
    shares = {}
    for balanced in (True, False):
        classifier = make(strength=1.0, balanced=balanced)
        classifier.fit(points[few], [labels[index] for index in few])
        shares[balanced] = classifier.probabilities(points)[:, 0].mean()
    assert shares[True] == pytest.approx(1 / 3, abs=0.05)
    assert shares[False] > 0.6


def test_a_row_has_the_same_bits_alone_and_after_a_round_trip() -> None:
    classifier, again = make(), make()
    classifier.fit(*clouds())
    again.restore(json.loads(json.dumps(classifier.state())))
    points, _ = clouds(seed=2)
    whole = classifier.probabilities(points)
    assert np.array_equal(again.probabilities(points), whole)
    for index in (0, 40, 89):
        assert np.array_equal(classifier.probabilities(points[index : index + 1])[0], whole[index])


@pytest.mark.parametrize(
    ("points", "kinds", "message"),
    [
        (np.zeros((3, 2)), ["GB", "GB", "GB"], "at least two types, not 1"),
        (np.zeros((3, 2)), ["GB", "GB", "WN"], "two images of a type at least; WN has one"),
        (np.full((4, 2), np.nan), ["GB", "GB", "WN", "WN"], "not finite"),
        (np.zeros((3, 2)), ["GB", "WN"], "takes similarities"),
    ],
)
def test_what_determines_nothing_is_refused(points: np.ndarray, kinds: list[str], message: str) -> None:
    with pytest.raises(FitError, match=message):
        make().fit(points, kinds)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": ["GB", "GB", "WN"]}, "classes must be a list of two different texts"),
        ({"centre": "no"}, "centre must be a list of finite numbers"),
        ({"scale": [1, 1, 1, 0]}, "scale must hold a number above zero"),
        ({"weights": [[1, 2], [3, 4], [5, 6]]}, "weights: 3 lists of 5 numbers"),
        ({"reach": 1}, "multinomial keeps classes"),
    ],
)
def test_a_state_of_something_else_is_refused_with_the_field(change: dict[str, Any], message: str) -> None:
    classifier = make()
    classifier.fit(*clouds())
    with pytest.raises(ValueError, match=message):
        make().restore({**classifier.state(), **change})


def test_use_before_a_fit_or_on_other_branches_is_refused() -> None:
    classifier = make()
    assert (classifier.classes, classifier.state()) == ((), {})
    with pytest.raises(UsageError, match="not fitted yet"):
        classifier.probabilities(np.zeros((1, 4)))
    classifier.fit(*clouds())
    with pytest.raises(UsageError, match="fitted to 4 branches, not 2"):
        classifier.probabilities(np.zeros((1, 2)))
    classifier.restore({})
    assert classifier.state() == {}
