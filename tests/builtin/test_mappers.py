"""Score mappers: the published curves, fits that never fail and never lose to scipy's, states that come back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veiqa_core.api import FitError, UsageError
from veiqa_core.extension.registry import installed

FITTED = ("logistic5", "logistic4", "linear", "isotonic", "ridge", "svr", "pca-svr", "trend-svr")
LOGISTIC = ("logistic5", "logistic4")
MANY = ("linear", "ridge", "svr", "pca-svr", "trend-svr")
POINTS = {
    "logistic5": 5,
    "logistic4": 4,
    "linear": 2,
    "isotonic": 2,
    "ridge": 3,
    "svr": 2,
    "pca-svr": 2,
    "trend-svr": 2,
}
STATES = {
    "isotonic": "similarities",
    "svr": "vectors",
    "pca-svr": "directions",
    "trend-svr": "directions",
}  # of the others: coefficients


def make(name: str) -> Any:
    return installed().part("mapper", f"veiqa:{name}").create()


def fitted(name: str, x: Any, y: Any) -> Any:
    mapper = make(name)
    mapper.fit(np.asarray(x, dtype=float)[:, None], np.asarray(y, dtype=float))
    return mapper


def error(mapper: Any, x: np.ndarray, y: np.ndarray) -> float:
    return float(((mapper.predict(x[:, None]).score - y) ** 2).sum())


def logistic5(q: np.ndarray, b1: float, b2: float, b3: float, b4: float, b5: float) -> np.ndarray:
    return b1 * (0.5 - 1 / (1 + np.exp(np.clip(b2 * (q - b3), -700, 700)))) + b4 * q + b5


def logistic4(q: np.ndarray, b1: float, b2: float, b3: float, b4: float) -> np.ndarray:
    return (b1 - b2) / (1 + np.exp(np.clip(-(q - b3) / (abs(b4) + 1e-300), -700, 700))) + b2


def test_equation_6_by_hand() -> None:
    mapper = make("logistic5")
    mapper.restore({"coefficients": [10.0, 2.0, 3.0, 0.5, 40.0]})
    score = mapper.predict(np.array([[3.0], [4.0]])).score
    assert score[0] == 41.5  # at b3 the sigmoid is 0: 0.5 x 3 + 40
    assert score[1] == pytest.approx(10 * (0.5 - 1 / (1 + math.exp(2))) + 2 + 40, rel=1e-15)


def test_the_four_parameter_logistic_by_hand() -> None:
    mapper = make("logistic4")
    mapper.restore({"coefficients": [80.0, 20.0, 3.0, -0.5]})
    score = mapper.predict(np.array([[3.0], [4.0], [1e9]])).score
    assert score.tolist() == pytest.approx([50.0, 60 / (1 + math.exp(-2)) + 20, 80.0], rel=1e-14)


@pytest.mark.parametrize(
    ("name", "curve", "truth"),
    [
        ("logistic5", logistic5, (-60, 0.3, 25, -0.2, 50)),
        ("logistic5", logistic5, (8, 40, 0.9, 3, 1)),
        ("logistic4", logistic4, (10, 90, 25, 4)),
        ("logistic4", logistic4, (5, 1, 0.98, 0.005)),
    ],
)
def test_a_curve_without_noise_is_found(name: str, curve: Callable[..., np.ndarray], truth: tuple[float, ...]) -> None:
    x = truth[2] + np.linspace(-6, 6, 80) / (truth[1] if name == "logistic5" else 1 / truth[3])
    y = curve(x, *truth)
    mapper = fitted(name, x, y)
    assert error(mapper, x, y) <= 1e-12 * ((y - y.mean()) ** 2).sum()
    assert np.allclose(mapper.state()["coefficients"], truth, rtol=1e-4)


def similarity_like(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Similarities crowded near 1 as those of SSIM, and noisy quality."""
    quality = rng.uniform(0, 100, count)
    return 1 - 0.3 * (quality / 100) ** 3 + rng.normal(0, 0.01, count), quality + rng.normal(0, 5, count)


numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
scales = st.sampled_from([1e-12, 1e-3, 1.0, 1e6, 1e12])


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(FITTED),
    st.lists(st.tuples(numbers, numbers), min_size=5, max_size=40),
    scales,
    scales,
)
def test_a_fit_never_fails_on_finite_data(
    name: str, points: list[tuple[float, float]], x_scale: float, y_scale: float
) -> None:
    x, y = np.array(points).T
    x, y = x * x_scale, y * y_scale
    mapper = fitted(name, x, y)
    predicted = mapper.predict(x[:, None])
    assert np.isfinite(predicted.score).all()
    assert np.isfinite(mapper.sensitivity(x[:, None])).all()
    assert not (predicted.high < predicted.low).any()
    if "svr" not in name:  # it does not look at squares
        flat = float(((y - y.mean()) ** 2).sum())
        assert error(mapper, x, y) <= flat * (1 + 1e-6) + 1e-9 * float((y**2).sum())


@pytest.mark.parametrize("name", FITTED)
def test_a_constant_similarity_gives_the_mean_quality(name: str) -> None:
    mapper = fitted(name, np.full(10, 7.0), np.arange(10))
    assert mapper.predict(np.array([[7.0]])).score[0] == pytest.approx(4.5)


@pytest.mark.parametrize("name", FITTED)
def test_a_constant_quality_gives_itself(name: str) -> None:
    mapper = fitted(name, np.arange(10), np.full(10, 3.0))
    assert np.allclose(mapper.predict(np.array([[0.0], [4.5], [9.0]])).score, 3.0)


@pytest.mark.parametrize("name", FITTED)
def test_reversing_the_relation_reverses_the_curve(name: str) -> None:
    x = np.linspace(0, 1, 60)
    y = 100 / (1 + np.exp(-12 * (x - 0.4)))
    up, down = fitted(name, x, y), fitted(name, x, -y)
    exact = 1e-2 if "svr" in name else 1e-5  # libsvm stops there
    assert np.allclose(up.predict(x[:, None]).score, -down.predict(x[:, None]).score, atol=exact)


@pytest.mark.parametrize("name", FITTED)
def test_too_few_points_and_what_is_not_finite_are_refused(name: str) -> None:
    enough = POINTS[name]
    with pytest.raises(FitError, match=f"{name} needs at least {enough} points, not {enough - 1}"):
        fitted(name, range(enough - 1), range(enough - 1))
    with pytest.raises(FitError, match=f"{name} cannot be fitted to values that are not finite"):
        fitted(name, [*range(9), math.nan], range(10))
    with pytest.raises(FitError, match="takes similarities"):
        make(name).fit(np.zeros((5, 1)), np.zeros(4))
    with pytest.raises(UsageError, match=f"mapper '{name}' is not fitted yet"):
        make(name).predict(np.zeros((1, 1)))
    assert np.isnan(fitted(name, range(enough), np.sin(range(enough))).predict(np.zeros((1, 1))).low).all()


@pytest.mark.parametrize("name", FITTED)
def test_a_state_survives_json_bit_for_bit(name: str) -> None:
    x, y = similarity_like(np.random.default_rng(1), 50)
    mapper, again = fitted(name, x, y), make(name)
    again.restore(json.loads(json.dumps(dict(mapper.state()))))
    for ours, theirs in zip(
        (lambda p: (p.score, p.low, p.high))(mapper.predict(x[:, None])),
        (lambda p: (p.score, p.low, p.high))(again.predict(x[:, None])),
        strict=True,
    ):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"beta": [1.0]}, "unknown field 'beta'"),
        ({"reach": 1.0}, "FIELD must be .*finite numbers"),
        ({"FIELD": [math.nan] * 5}, "FIELD must be .*finite numbers"),
        ({"FIELD": "much"}, "FIELD must be .*finite numbers"),
    ],
)
def test_a_wrong_state_names_the_field(name: str, state: dict[str, Any], message: str) -> None:
    field = STATES.get(name, "coefficients")
    with pytest.raises(ValueError, match=message.replace("FIELD", field)):
        make(name).restore({key.replace("FIELD", field): value for key, value in state.items()})
    good = fitted(name, range(20), np.sin(range(20))).state()
    with pytest.raises(ValueError, match="reach must be a number of zero or more"):
        make(name).restore({**good, "reach": -1.0})


def test_a_width_of_zero_is_refused_and_an_empty_state_is_unfitted() -> None:
    with pytest.raises(ValueError, match="b4, the width of the curve, must not be zero"):
        make("logistic4").restore({"coefficients": [1.0, 0.0, 0.0, 0.0]})
    mapper = fitted("logistic4", range(9), range(9))
    mapper.restore(make("logistic4").state())
    assert mapper.state() == {}


def test_linear_equals_lstsq_on_several_branches() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    mapper = make("linear")
    mapper.fit(x, y)
    weights, *_ = np.linalg.lstsq(np.c_[np.ones(50), x], y, rcond=None)
    assert np.allclose(mapper.state()["coefficients"], weights)
    with pytest.raises(UsageError, match="was fitted to another number of branches than 2"):
        mapper.predict(x[:, :2])


def test_identity_is_minus_the_mean() -> None:
    predicted = make("identity").predict(np.array([[1.0, 3.0], [4.0, 4.0]]))
    assert predicted.score.tolist() == [-2.0, -4.0]
    assert np.isnan(predicted.low).all()
    with pytest.raises(ValueError, match="identity keeps nothing"):
        make("identity").restore({"a": 1})
