"""The figures of agreement: by hand, and against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from veiqa_core.evaluation.agreement import FIGURES, krocc, plcc, rmse, srocc

X = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
Y = np.array([2.0, 1.0, 4.0, 3.0, 7.0])


def test_by_hand() -> None:
    # about their means: x -2 -1 0 1 2, y -1.4 -2.4 .6 -.4 3.6; products sum to 12, squares to 10 and 21.2
    assert plcc(X, Y) == pytest.approx(12 / math.sqrt(10 * 21.2), rel=1e-14)
    # ranks of y: 2 1 4 3 5, so squared differences 1 1 1 1 0 and 1 - 6 * 4 / (5 * 24)
    assert srocc(X, Y) == pytest.approx(0.8, rel=1e-14)
    # of ten pairs two are out of order: (8 - 2) / 10
    assert krocc(X, Y) == pytest.approx(0.6, rel=1e-14)
    # errors 1 -1 1 -1 2
    assert rmse(X, Y) == pytest.approx(math.sqrt(8 / 5), rel=1e-14)


def test_ties_by_hand() -> None:
    x, y = np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])
    assert srocc(x, y) == pytest.approx(math.sqrt(3) / 2)  # ranks 1.5 1.5 3 against 1 2 3
    assert krocc(x, y) == pytest.approx(2 / math.sqrt(2 * 3))  # tau-b: one pair of x is tied


points = st.lists(
    st.tuples(st.integers(-50, 50).map(float), st.floats(-1e3, 1e3, allow_subnormal=False)), min_size=3, max_size=40
)


@given(points)
def test_the_figures_equal_scipys(pairs: list[tuple[float, float]]) -> None:
    x, y = np.array(pairs).T
    if np.ptp(x) == 0 or np.ptp(y) <= 1e-6 * np.abs(y).max():
        return
    assert plcc(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)
    assert srocc(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)
    assert krocc(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)


@pytest.mark.parametrize("name", ["plcc", "srocc", "krocc"])
def test_what_has_no_correlation_is_none(name: str) -> None:
    figure = FIGURES[name]
    assert figure(X[:2], Y[:2]) is None
    assert figure(X, np.full(5, 3.0)) is None
    assert figure(np.full(5, 1e-300), Y) is None
    assert figure(X, X * 1e300) == pytest.approx(1.0)
    assert figure(X, -X * 1e-300) == pytest.approx(-1.0)


def test_no_points_have_no_error() -> None:
    assert rmse(X[:0], Y[:0]) is None
