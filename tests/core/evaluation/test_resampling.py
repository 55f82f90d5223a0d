"""Bootstrap samples as counts: the figures are those of the points repeated, and whole clusters are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.evaluation import resampling, sampled
from veiqa_core.evaluation.agreement import FIGURES
from veiqa_core.evaluation.resampling import Clusters, bootstrap, drawn, resampled
from veiqa_core.evaluation.sampled import SAMPLED_FIGURES

NUMBERS = st.sampled_from([0.0, 1.0, 1.5, 2.0, 7.25, -3.0, 1e-200, 1e200, -1e200])


def repeated(name: str, scores: np.ndarray, quality: np.ndarray, counts: np.ndarray) -> float:
    """A figure of the points as often as a sample holds them; NaN for None."""
    at = np.repeat(np.arange(len(scores)), counts)
    value = FIGURES[name](scores[at], quality[at])
    return np.nan if value is None else value


def in_samples(
    name: str, scores: np.ndarray, quality: np.ndarray, clusters: list[int], counts: np.ndarray, few: int
) -> np.ndarray:
    """A figure ``[C, R]``, clusters being few up to a number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampled, "_FEW", few)
        patch.setattr(sampled, "_FEW_CLUSTERS", few)
        return SAMPLED_FIGURES[name](scores, quality, Clusters.of(clusters))(counts.astype(np.float64))


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[int], np.ndarray]:
    """Two columns of scores, quality, clusters, and how many times samples hold each point."""
    points = draw(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, st.integers(0, 6)), max_size=9))
    *scores, quality = np.array([point[:3] for point in points], dtype=np.float64).reshape(-1, 3).T
    clusters = [point[3] for point in points]
    many = st.lists(st.integers(0, 3), min_size=7, max_size=7)
    held = np.array(draw(st.lists(many, min_size=1, max_size=4)), dtype=np.int64)
    return np.array(scores), quality, clusters, held[:, clusters]


@pytest.mark.parametrize("few", [1500, 0])
@pytest.mark.parametrize("name", SAMPLED_FIGURES)
@given(of=samples())
def test_figures_are_those_of_the_points_repeated(
    name: str, few: int, of: tuple[np.ndarray, np.ndarray, list[int], np.ndarray]
) -> None:
    scores, quality, clusters, counts = of
    found = in_samples(name, scores, quality, clusters, counts, few)
    due = [[repeated(name, column, quality, row) for row in counts] for column in scores]
    np.testing.assert_allclose(found, due, rtol=1e-9, atol=1e-9)


@given(of=samples())
def test_ranks_summed_over_clusters_are_exactly_those_counted(
    of: tuple[np.ndarray, np.ndarray, list[int], np.ndarray],
) -> None:
    scores, quality, clusters, counts = of
    few, many = (in_samples("srocc", scores, quality, clusters, np.asfortranarray(counts), few) for few in (1500, 0))
    np.testing.assert_array_equal(few, many)


def test_pairs_of_many_points_have_the_bits_of_kendalltau() -> None:
    rng = np.random.default_rng(3)
    quality, clusters = rng.normal(size=1600).round(1), [number % 20 for number in range(1600)]
    scores = np.array([quality + rng.normal(size=1600), rng.normal(size=1600).round(1)])
    counts = rng.integers(0, 4, (5, 20))[:, clusters]
    found = in_samples("krocc", scores, quality, clusters, counts, 1500)
    due = [[repeated("krocc", column, quality, row) for row in counts] for column in scores]
    assert found.tolist() == due


@pytest.mark.parametrize("times", [1, 2, 7, 40])
def test_all_samples_are_drawn_and_shown(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "_CELLS", 12)
    ended: list[int] = []

    def track(items: Iterable[Any], total: int) -> Iterator[Any]:
        done = 0
        for item in items:
            yield item
            done += 1
        ended.append(done)
        assert done == total

    clusters = ["b", "a", "b", "c"]
    found = drawn(
        lambda counts: {"x": counts[:, 0], "n": counts.sum(axis=1)}, clusters, times=times, seed=4, track=track
    )
    every = list(resampled(clusters, times=times, seed=4))
    assert found["x"].tolist() == [(sample == 0).sum() for sample in every]
    assert found["n"].tolist() == [len(sample) for sample in every]
    assert ended == [times]


@pytest.mark.parametrize("name", SAMPLED_FIGURES)
def test_figures_of_many_samples_are_those_of_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    scores, quality = rng.normal(size=(2, 70)).round(1)
    clusters = [str(number // 5) for number in range(70)]

    figure = SAMPLED_FIGURES[name](scores[None], quality, Clusters.of(clusters))

    def figures(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {"x": figure(counts)[0]}

    together = bootstrap(figures, clusters, times=60, seed=1)["x"]
    monkeypatch.setattr(resampling, "_CELLS", 100)
    assert bootstrap(figures, clusters, times=60, seed=1)["x"] == pytest.approx(together, rel=1e-12)
    each = [FIGURES[name](scores[at], quality[at]) for at in resampled(clusters, times=60, seed=1)]
    assert together == pytest.approx(np.quantile(np.array(each, dtype=np.float64), [0.025, 0.975]), rel=1e-12)


def test_the_bootstrap_draws_whole_clusters() -> None:
    values = np.repeat([0.0, 1.0, 2.0, 3.0], 25)
    clusters = np.repeat(list("abcd"), 25).tolist()

    def mean(counts: np.ndarray) -> dict[str, np.ndarray]:
        assert (counts.sum(axis=1) == 100).all()
        assert (counts.reshape(-1, 4, 25).std(axis=2) == 0).all()
        return {"mean": counts @ values / 100}

    (low, high) = bootstrap(mean, clusters, times=2000, seed=3)["mean"] or (0.0, 0.0)
    # 4 draws from 0..3 have a mean of 1.5 and a deviation of sqrt(1.25 / 4) = .56
    assert low == pytest.approx(0.5, abs=0.26)
    assert high == pytest.approx(2.5, abs=0.26)
    assert bootstrap(mean, clusters, times=50, seed=1) == bootstrap(mean, clusters, times=50, seed=1)


def test_an_interval_needs_its_figure_in_nearly_all_samples() -> None:
    def rare(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {"x": np.where(np.arange(len(counts)) % 5, 1.0, np.nan)}

    assert bootstrap(rare, ["a", "b"], times=100, seed=0) == {"x": None}
