"""Bootstrap samples as counts: the figures are those of the points repeated, and whole clusters are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.evaluation import resampling
from veiqa_core.evaluation.agreement import FIGURES
from veiqa_core.evaluation.resampling import SAMPLED_FIGURES, bootstrap, resampled

NUMBERS = st.sampled_from([0.0, 1.0, 1.5, 2.0, 7.25, -3.0, 1e-200, 1e200, -1e200])


def repeated(name: str, scores: np.ndarray, quality: np.ndarray, counts: np.ndarray) -> float:
    """A figure of the points as often as a sample holds them; NaN for None."""
    at = np.repeat(np.arange(len(scores)), counts)
    value = FIGURES[name](scores[at], quality[at])
    return np.nan if value is None else value


@pytest.mark.parametrize("few", [1500, 0])
@pytest.mark.parametrize("name", SAMPLED_FIGURES)
@given(data=st.data())
def test_figures_are_those_of_the_points_repeated(name: str, few: int, data: st.DataObject) -> None:
    points = data.draw(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=9))
    scores, quality = np.array(points, dtype=np.float64).reshape(-1, 2).T
    many = st.lists(st.integers(0, 3), min_size=len(points), max_size=len(points))
    counts = np.array(data.draw(st.lists(many, min_size=1, max_size=4)), dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resampling, "_FEW", few)
        found = SAMPLED_FIGURES[name](scores, quality, counts.astype(np.float64))
    due = [repeated(name, scores, quality, row) for row in counts]
    np.testing.assert_allclose(found, due, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", SAMPLED_FIGURES)
def test_figures_of_many_samples_are_those_of_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    scores, quality = rng.normal(size=(2, 70)).round(1)
    clusters = [str(number // 5) for number in range(70)]

    def figures(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {"x": SAMPLED_FIGURES[name](scores, quality, counts)}

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
