"""Tests of dependent correlations and variances against published values, closed forms and what chance does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from veiqa_core.evaluation.dependent import holm, meng, variance_ratio, williams

# r_jk, r_jh, r_kh, n, Williams's t and Meng's Z as the R package cocor 1.1 prints them of published data
PRINTED = [
    (0.8066, 0.2383, 0.2255, 177, 9.3823, 8.3907),
    (-0.1741, 0.2015, 0.3734, 646, -9.0340, -8.5080),
]


@pytest.mark.parametrize(("one", "two", "between", "count", "t", "z"), PRINTED)
def test_as_an_independent_implementation_prints_them(
    one: float, two: float, between: float, count: int, t: float, z: float
) -> None:
    found, other = williams(one, two, between, count), meng(one, two, between, count)
    assert found is not None
    assert other is not None
    assert found.statistic == pytest.approx(t, abs=0.003)  # its correlations are printed with four digits
    assert other.statistic == pytest.approx(z, abs=0.003)


def test_the_worked_examples_of_the_papers() -> None:
    made = meng(0.63, -0.03, -0.19, 15)
    assert made is not None
    assert made.statistic == pytest.approx(1.68, abs=0.005)
    assert made.p / 2 == pytest.approx(0.046, abs=0.001)
    case_a = williams(0.4, 0.5, 0.1, 103)  # Steiger's example, as the R package psych has it
    assert case_a is not None
    assert case_a.statistic == pytest.approx(-0.89, abs=0.005)
    assert case_a.p == pytest.approx(0.37, abs=0.005)


def test_what_does_not_differ_and_what_is_too_little() -> None:
    for test in (williams, meng):
        same = test(0.8, 0.8, 0.9, 50)
        assert same is not None
        assert (same.statistic, same.p) == (0.0, 1.0)
        one = test(0.8, 0.8000001, 1.0, 50)
        assert one is not None
        assert one.p == 1.0
        assert test(0.8, 0.5, 0.2, 3) is None
        forth, back = test(0.8, 0.5, 0.2, 50), test(0.5, 0.8, 0.2, 50)
        assert forth is not None
        assert back is not None
        assert (forth.statistic, forth.p) == (-back.statistic, back.p)
    assert meng(1.0, 0.5, 0.5, 50) is None
    assert variance_ratio(np.zeros(5), np.arange(5.0)) is None
    assert variance_ratio(np.zeros(1), np.zeros(1)) is None


def test_the_variance_ratio_is_that_of_the_f_distribution() -> None:
    rng = np.random.default_rng(0)
    wide, narrow = rng.normal(0, 2, 40), rng.normal(0, 1, 40)
    found = variance_ratio(wide, narrow)
    assert found is not None
    assert found.statistic == pytest.approx(np.var(wide, ddof=1) / np.var(narrow, ddof=1))
    assert found.p == pytest.approx(2 * (1 - stats.f.cdf(found.statistic, 39, 39)))
    turned = variance_ratio(narrow, wide)
    assert turned is not None
    assert turned.p == pytest.approx(found.p)
    tabled = variance_ratio(np.array([1.0, -1.0] * 8) * np.sqrt(2.8621), np.array([1.0, -1.0] * 8))
    assert tabled is not None
    assert tabled.p == pytest.approx(0.05, abs=1e-4)  # the upper 2.5 % point of F with 15 and 15 degrees of freedom


@pytest.mark.parametrize("ranks", [False, True])
def test_without_a_difference_one_in_twenty_is_significant(ranks: bool) -> None:
    """Two methods that are equally good, with errors in common: p values below .05 are about 5 %."""
    rng = np.random.default_rng(11)
    count, times = 60, 1500
    low = {"williams": 0, "meng": 0}
    for _ in range(times):
        quality, common = rng.normal(size=(2, count))
        one, two = (quality + 0.5 * common + 0.7 * rng.normal(size=count) for _ in range(2))
        columns = np.stack([quality, one, two])
        r = np.corrcoef(stats.rankdata(columns, axis=1) if ranks else columns)
        for name, test in (("williams", williams), ("meng", meng)):
            found = test(r[0, 1], r[0, 2], r[1, 2], count)
            assert found is not None
            low[name] += found.p < 0.05
    expected, spread = 0.05 * times, np.sqrt(0.05 * 0.95 * times)
    for name, count in low.items():
        assert abs(count - expected) < 4 * spread, (name, count / times)


def test_holm_is_as_the_paper_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, None, 0.9]) == [1.0, None, 1.0]
    assert holm([]) == []
