"""Pairs of VEIs are compared together where a metric allows it; a pair's outcome is the same in any company."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from making import photo, with_plugin

from veiqa_core import Recipe, Scorer
from veiqa_core.extension.registry import Registry
from veiqa_core.measuring.branches.comparer import similarities
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.result import Result

PLUGIN = """
import torch
from veiqa_core.api import Component, hookimpl

SEEN = []
HOW = {"similar": "low", "bounds": (None, None), "identity": "min", "symmetric": True}

@hookimpl
def veiqa_similarity_metrics():
    for name, batch in (("far", True), ("far-alone", False), ("fussy", True), ("writes", True), ("draws", False)):
        yield Component(
            name=name, summary="S.", factory=f"together:{name.title().replace('-', '')}", traits={**HOW, "batch": batch}
        )
    yield Component(name="wide", summary="S.", factory="together:Wide", traits={**HOW, "batch": True, "min_size": 90})

class Far:
    def __init__(self, params): pass
    def compare(self, x, y):
        SEEN.append((type(self).__name__, len(x), tuple(x.shape[1:])))
        return (x - y).abs().flatten(1).amax(1)

class FarAlone(Far): pass

class Wide(Far): pass

class Fussy(Far):
    def compare(self, x, y):
        found = super().compare(x, y)
        if (found > 0.5).any():
            raise ValueError("one is too far")
        return found

class Writes(Far):
    def compare(self, x, y):
        found = super().compare(x, y)
        x.zero_(), y.zero_()
        return found

class Draws(Far):
    def compare(self, x, y):
        return torch.rand(len(x), dtype=torch.float64)
"""
PRIS = (Choice("mean-blur"), Choice("jpeg"), Choice("white-noise"), Choice("jpeg", {"quality": 50}))
IMAGE = photo(72, 96)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    return with_plugin("together", PLUGIN, tmp_path, monkeypatch)


@pytest.fixture
def score(registry: Registry, small: Choice) -> Callable[..., Result]:
    """Scores an image by metrics at layers, with each PRI."""

    def run(*metrics: str, layers: tuple[int, ...] = (0, 1), pris: tuple[Choice, ...] = PRIS, **more: Any) -> Result:
        branches = (
            Branch(
                pri=pri,
                extractor=small,
                explainer=Choice("activation-norm"),
                metric=Choice(metric),
                layer=layer,
                **more,
            )
            for pri in pris
            for layer in layers
            for metric in metrics
        )
        importlib.import_module("together").SEEN.clear()
        scorer = Scorer(Recipe("r", tuple(branches)), device="cpu", registry=registry)
        return next(iter(scorer.score_many([IMAGE])))

    return run


def seen() -> list[tuple[str, int, tuple[int, int]]]:
    """Each call of a metric: its class, how many pairs, and their size."""
    found: list[tuple[str, int, tuple[int, int]]] = importlib.import_module("together").SEEN
    return found


def test_one_call_serves_all_pris_of_a_layer(score: Callable[..., Result]) -> None:
    score("far")
    assert [(name, count) for name, count, _ in seen()] == [("Far", 4), ("Far", 4)]
    assert len({size for _, _, size in seen()}) == 2


def test_a_metric_that_promises_nothing_sees_a_pair_at_a_time(score: Callable[..., Result]) -> None:
    together, alone = score("far"), score("far-alone")
    assert {count for _, count, _ in seen()} == {1}
    assert list(together.similarities.values()) == list(alone.similarities.values())


def test_no_more_cells_are_compared_at_once_than_fit(
    score: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = score("far", "writes").similarities
    sizes = sorted({size for _, _, size in seen()})
    for most in (2 * math.prod(sizes[1]), math.prod(sizes[0]), 10):
        monkeypatch.setattr("veiqa_core.measuring.branches.comparer._TOGETHER", most)
        assert score("far", "writes").similarities == expected
        assert all(count == 1 or count * math.prod(size) <= most for _, count, size in seen())
        assert sum(count for _, count, _ in seen()) == 2 * 8


@pytest.mark.parametrize("size", ["layer", "input"])
def test_maps_reach_the_least_size_that_a_metric_takes(
    score: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    found = score("far", "wide", size=size)
    assert found.error is None
    assert all(min(side) >= 90 for name, _, side in seen() if name == "Wide")
    assert all(side == IMAGE.shape[:2] or size == "layer" for name, _, side in seen() if name == "Far")
    due = list(score("far", size=size).similarities.values())
    assert list(found.similarities.values())[::2] == due


def test_maps_that_are_enlarged_count_as_large_as_they_become(
    score: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veiqa_core.measuring.branches.comparer._TOGETHER", 1000)
    score("far", size="input")
    assert [(count, size) for _, count, size in seen()] == [(1, IMAGE.shape[:2])] * 8


def test_a_failure_spoils_its_own_pair_only(score: Callable[..., Result]) -> None:
    expected = list(score("far", layers=(1,)).similarities.values())
    found = score("fussy", layers=(1,))
    due = [None if value is not None and value > 0.5 else value for value in expected]
    assert list(found.similarities.values()) == due
    assert 0 < due.count(None) < len(due)
    assert "one is too far" in str(found.error)


def test_what_a_metric_writes_into_its_maps_reaches_no_other(score: Callable[..., Result]) -> None:
    expected = list(score("far").similarities.values())
    assert list(score("writes", "far").similarities.values())[1::2] == expected


def test_a_metric_that_draws_gives_the_same_in_any_company(score: Callable[..., Result]) -> None:
    values = list(score("draws").similarities.values())
    assert set(values) == set(score("draws", pris=PRIS[:1], layers=(0,)).similarities.values())


@pytest.mark.parametrize("given", [torch.zeros(3), torch.tensor([0.0, float("nan")])])
def test_a_metric_gives_a_finite_number_for_each_pair(given: torch.Tensor) -> None:
    class Metric:
        def compare(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return given

    pair = (torch.zeros(1, 4, 4), torch.zeros(1, 4, 4))
    with pytest.raises(ValueError, match="gave"):
        similarities(Metric(), [pair, pair])
