"""Score mappers on thousands of random data sets: logistics against curve_fit, the others against scikit-learn."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from veiqa_core.api import FitError
from veiqa_core.extension.registry import installed

MAPPERS = {
    **dict.fromkeys(("logistic5", "logistic4", "isotonic"), 1),
    **dict.fromkeys(("linear", "ridge", "svr", "pca-svr", "trend-svr"), 3),
}
KINDS = ("psnr", "ssim", "vsi", "normal", "lognormal", "cauchy", "ties", "outliers", "steps", "noise")


def make(name: str, **params: Any) -> Any:
    return installed().part("mapper", f"veiqa:{name}", params).create()


def data(kind: str, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Similarities spread or crowded in one of many ways, and noisy quality."""
    quality = rng.uniform(0, 100, count)
    if kind == "psnr":
        x = 45 - 0.3 * quality + rng.normal(0, 2, count)
    elif kind == "ssim":
        x = 1 - 0.3 * (quality / 100) ** 3 + rng.normal(0, 0.01, count)
    elif kind == "vsi":
        x = 1 - 0.02 * (quality / 100) ** 4 + rng.normal(0, 1e-4, count)
    elif kind == "ties":
        x = np.round(quality / 20) + rng.integers(0, 2, count)
    elif kind == "outliers":
        x = quality + np.where(rng.uniform(size=count) < 0.1, rng.normal(0, 1e3, count), 0.0)
    elif kind == "steps":
        x, quality = quality, np.where(quality > 50, 80.0, 20.0)
    else:
        draw: dict[str, Callable[[], np.ndarray]] = {
            "normal": lambda: rng.normal(size=count),
            "lognormal": lambda: rng.lognormal(0, 2, count),
            "cauchy": lambda: rng.standard_cauchy(count),
            "noise": lambda: rng.normal(size=count),
        }
        x = draw[kind]()
        if kind != "noise":
            quality = 100 / (1 + np.exp(-np.clip(rng.normal(0, 2) * (x - np.median(x)), -50, 50)))
    return x, quality + rng.normal(0, 5, count)


def logistic5(q: np.ndarray, b1: float, b2: float, b3: float, b4: float, b5: float) -> np.ndarray:
    return b1 * (0.5 - 1 / (1 + np.exp(np.clip(b2 * (q - b3), -700, 700)))) + b4 * q + b5


def logistic4(q: np.ndarray, b1: float, b2: float, b3: float, b4: float) -> np.ndarray:
    return (b1 - b2) / (1 + np.exp(np.clip(-(q - b3) / (abs(b4) + 1e-300), -700, 700))) + b2


def best_of_curve_fit(name: str, x: np.ndarray, y: np.ndarray) -> float:
    """The least sum of squares from the starts that code of the field uses."""
    spread, top, bottom, middle = float(x.std()) or 1.0, y.max(), y.min(), x.mean()
    curve, starts = {
        "logistic5": (
            logistic5,
            [
                [top - bottom, 1 / spread, middle, 0.1, y.mean()],
                [top - bottom, 1 / spread, middle, 0, y.mean()],
                [top, bottom, middle, 0.1, 0.1],
                [10, 0, middle, 0.1, 0.1],
                [1, 1, 1, 1, 1],
            ],
        ),
        "logistic4": (
            logistic4,
            [
                [top, bottom, middle, spread / 4],
                [bottom, top, middle, spread],
                [top, bottom, middle, 0.1],
                [1, 1, 1, 1],
            ],
        ),
    }[name]
    best = math.inf
    for start in starts:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found, _ = curve_fit(curve, x, y, start, maxfev=600)
                loss = float(((curve(x, *found) - y) ** 2).sum())
        except RuntimeError:
            continue
        best = min(best, loss if math.isfinite(loss) else math.inf)
    return best


@pytest.mark.parametrize("name", ["logistic5", "logistic4"])
def test_no_fit_loses_to_curve_fit_on_any_kind_of_data(name: str) -> None:
    for number in range(300):
        rng = np.random.default_rng([11, number])
        x, y = data(KINDS[number % len(KINDS)], rng, int(np.exp(rng.uniform(np.log(5), np.log(200)))))
        mapper = make(name)
        mapper.fit(x[:, None], y)
        ours = float(((mapper.predict(x[:, None]).score - y) ** 2).sum())
        floor = 1e-12 * float(((y - y.mean()) ** 2).sum())
        assert ours <= best_of_curve_fit(name, x, y) * (1 + 1e-6) + floor, (number, KINDS[number % len(KINDS)])


@pytest.mark.parametrize("name", MAPPERS)
def test_thousands_of_random_sets_are_fitted(name: str) -> None:
    for number in range(200):
        rng = np.random.default_rng([12, number])
        count = int(rng.integers(5, 60))
        x, y = data(KINDS[number % len(KINDS)], rng, count)
        columns = np.stack([x, *rng.normal(size=(MAPPERS[name] - 1, count))], axis=1)
        mapper = make(name)
        mapper.fit(columns, y)
        predicted = mapper.predict(columns)
        assert np.isfinite(predicted.score).all()
        assert np.isfinite(mapper.sensitivity(columns)).all()
        if count >= 20:
            assert (predicted.low <= predicted.high).all()


@pytest.mark.parametrize("name", MAPPERS)
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), count=st.integers(20, 80))
def test_a_score_has_the_same_bits_alone_in_a_batch_and_in_any_order(name: str, seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(count, MAPPERS[name]))
    mapper = make(name)
    mapper.fit(columns, 50 - 10 * columns.sum(axis=1) + rng.normal(size=count))
    together = mapper.predict(columns)
    order = rng.permutation(count)
    turned = mapper.predict(columns[order])
    fortran = mapper.predict(np.asfortranarray(columns))
    for index in range(count):
        alone = mapper.predict(columns[index : index + 1])
        for side in ("score", "low", "high"):
            value = getattr(alone, side)[0]
            assert value == getattr(together, side)[index] == getattr(fortran, side)[index]
            assert value == getattr(turned, side)[np.flatnonzero(order == index)[0]]


def test_isotonic_equals_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    x, y = data("ties", rng, 80)
    new = rng.uniform(-2, 8, 200)
    for direction in ("increasing", "decreasing"):
        theirs = IsotonicRegression(increasing=direction == "increasing", out_of_bounds="clip").fit(x, y)
        mapper = make("isotonic", direction=direction)
        mapper.fit(x[:, None], y)
        assert np.allclose(mapper.predict(new[:, None]).score, theirs.predict(new), rtol=1e-12)
    auto = make("isotonic")
    auto.fit(-x[:, None], y)
    steps = np.diff(auto.predict(np.linspace(-8, 2, 100)[:, None]).score)
    assert (steps <= 1e-12).all()


def test_ridge_equals_scikit_learns_and_its_own_left_out_errors() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 4)) * [1, 10, 1e-3, 1]
    y = x @ [1, 0.1, 500, 0] + rng.normal(size=60)
    mapper = make("ridge", strength=0.3)
    mapper.fit(x, y)
    scaled = StandardScaler().fit(x)
    theirs = Ridge(alpha=0.3 * 60).fit(scaled.transform(x), y)
    assert np.allclose(mapper.predict(x).score, theirs.predict(scaled.transform(x)), rtol=1e-10)
    from veiqa_mappers.ridge import left_out

    centred, target = scaled.transform(x), y - y.mean()
    (errors,) = left_out(centred, target, np.array([0.3]))
    for out in (0, 17, 59):
        keep = np.arange(60) != out
        kernel = centred[keep].T @ centred[keep]
        mean, level = centred[keep].mean(axis=0), target[keep].mean()
        weights = np.linalg.solve(
            kernel - 59 * np.outer(mean, mean) + 60 * 0.3 * np.eye(4),
            centred[keep].T @ target[keep] - 59 * mean * level,
        )
        assert errors[out] == pytest.approx(abs(target[out] - level - (centred[out] - mean) @ weights), rel=1e-9)


def test_a_chosen_ridge_does_better_where_branches_say_nearly_the_same() -> None:
    rng = np.random.default_rng(3)
    reported = rng.normal(size=(540, 1))
    x = reported + 0.3 * rng.normal(size=(540, 25))
    x, new, truth = x[:40], x[40:], 5 * reported[40:, 0]
    y = 5 * reported[:40, 0] + 3 * rng.normal(size=40)

    def miss(name: str) -> float:
        mapper = make(name)
        mapper.fit(x, y)
        return float(np.sqrt(((mapper.predict(new).score - truth) ** 2).mean()))

    assert miss("ridge") < 0.5 * miss("linear")


def test_svr_equals_scikit_learns() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(70, 2)) * [1, 100] + [5, 0]
    y = np.sin(x[:, 0]) * 30 + x[:, 1] / 10 + rng.normal(size=70)
    mapper = make("svr", c=3.0, epsilon=0.05, gamma=0.5)
    mapper.fit(x, y)
    scaled, level, height = StandardScaler().fit(x), y.mean(), y.std()
    theirs = SVR(C=3.0, epsilon=0.05, gamma=0.5, tol=1e-5).fit(scaled.transform(x), (y - level) / height)
    expected = level + height * theirs.predict(scaled.transform(x))
    assert np.allclose(mapper.predict(x).score, expected, rtol=1e-9, atol=1e-9)


def test_pca_svr_equals_scikit_learns_pipeline() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(70, 3)) @ rng.normal(size=(3, 9)) * np.geomspace(1, 100, 9) + rng.normal(size=(70, 9)) / 9
    y = np.sin(x[:, 0]) * 30 + x[:, 1] / 10 + rng.normal(size=70)
    mapper = make("pca-svr", components=3, c=3.0, epsilon=0.05, gamma=0.2)
    mapper.fit(x, y)
    level, height = y.mean(), y.std()
    theirs = make_pipeline(StandardScaler(), PCA(3), SVR(C=3.0, epsilon=0.05, gamma=0.2, tol=1e-5))
    expected = level + height * theirs.fit(x, (y - level) / height).predict(x)
    assert np.allclose(mapper.predict(x).score, expected, rtol=1e-6, atol=1e-6)
    assert len(mapper.state()["directions"]) == 3


def trended(rng: np.random.Generator, *, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Six values, of which the first means quality by itself; ``shift`` moves the others away."""
    quality = rng.uniform(0, 100, 90)
    others = rng.normal(size=(90, 5)) + shift
    return np.column_stack([quality / 30 - 1 + others[:, 0] / 10, others]), quality


def test_trend_svr_is_ridge_and_pca_svr_of_what_it_leaves() -> None:
    x, y = trended(np.random.default_rng(4))
    mapper = make("trend-svr", trend=["a*"], strength=0.2, components=4, c=3.0)
    mapper.fit(x, y, names=["a", "ab", "b", "c", "d", "e"])
    level, height = y.mean(), y.std()
    trend = make_pipeline(StandardScaler(), Ridge(alpha=0.2 * 90)).fit(x[:, :2], (y - level) / height)
    line = level + height * trend.predict(x[:, :2])
    rest = make("pca-svr", components=4, c=3.0)
    rest.fit(x, y - line)
    assert np.allclose(
        mapper.predict(x).score, line + rest.predict(x).score, atol=1e-3
    )  # the machine stops short of the optimum


def test_far_from_the_data_trend_svr_keeps_the_order_that_svr_loses() -> None:
    x, y = trended(np.random.default_rng(4))
    away, quality = trended(np.random.default_rng(5), shift=40)
    names = ["logit", *"abcde"]
    trend, level = make("trend-svr", trend=["logit"]), make("pca-svr")
    trend.fit(x, y, names=names)
    level.fit(x, y)
    assert spearmanr(trend.predict(away).score, quality).statistic > 0.95
    assert np.ptp(level.predict(away).score) < 1e-6


def test_the_values_of_a_trend_are_found_by_name_or_it_is_said_why_not() -> None:
    x, y = trended(np.random.default_rng(4))
    with pytest.raises(FitError, match="finds the values of its trend by their names, which are not known here"):
        make("trend-svr", trend=["logit"]).fit(x, y)
    with pytest.raises(FitError, match="trend: no value is called logits or x; one is logit"):
        make("trend-svr", trend=["logits", "x"]).fit(x, y, names=["logit", *"abcde"])
    make("trend-svr").fit(x, y)  # of all, whatever they are called


NOISES: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "normal": lambda rng, x: rng.normal(0, 5, len(x)),
    "heteroscedastic": lambda rng, x: rng.normal(0, 1, len(x)) * (1 + 8 * x),
    "heavy-tailed": lambda rng, x: 3 * rng.standard_t(2, len(x)),
}


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("name", MAPPERS)
def test_nine_in_ten_new_points_lie_in_the_interval_whatever_the_noise(name: str, noise: str) -> None:
    inside = []
    for seed in range(12):
        rng = np.random.default_rng([13, seed])
        x = rng.uniform(0, 1, 1100)
        truth = 60 - 30 * x if name in ("linear", "ridge") else 100 / (1 + np.exp(8 * (x - 0.5)))
        y = truth + NOISES[noise](rng, x)
        columns = np.stack([x] * MAPPERS[name], axis=1) + 1e-3 * rng.normal(size=(1100, MAPPERS[name]))
        mapper = make(name)
        mapper.fit(columns[:100], y[:100])
        predicted = mapper.predict(columns[100:])
        inside.append(((predicted.low <= y[100:]) & (y[100:] <= predicted.high)).mean())
    assert 0.86 <= np.mean(inside) <= 0.95


def test_the_interval_is_the_conformal_order_statistic() -> None:
    from veiqa_mappers.fitted import reach

    errors = np.random.default_rng(5).permutation(np.arange(1.0, 20.0))
    assert reach(errors) == 18.0  # the ceil(0.9 * 20)-th of 19
    assert reach(np.arange(1.0, 10.0)) == 9.0
    assert math.isnan(reach(np.arange(1.0, 9.0)))


@pytest.mark.parametrize("name", MAPPERS)
def test_the_interval_holds_for_contents_left_out(name: str) -> None:
    """Where each content has an offset of its own, points of known contents do not tell how far unseen ones lie."""
    inside: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(8):
        rng = np.random.default_rng([29, seed])
        content = np.repeat(np.arange(60), 20)
        x = rng.uniform(0, 1, 1200)
        truth = 60 - 30 * x if name in ("linear", "ridge") else 100 / (1 + np.exp(8 * (x - 0.5)))
        y = truth + rng.normal(0, 8, 60)[content] + rng.normal(0, 1, 1200)
        offsets = 0.02 * rng.normal(size=(60, MAPPERS[name]))  # by which a mapper may tell contents apart
        columns = np.stack([x] * MAPPERS[name], axis=1) + offsets[content]
        known, new = content < 30, content >= 30
        for reported in inside:
            mapper = make(name)
            mapper.fit(columns[known], y[known], [f"scene {n}" for n in content[known]] if reported else None)
            prediction = mapper.predict(columns[new])
            inside[reported].append(float(np.mean((y[new] >= prediction.low) & (y[new] <= prediction.high))))
    assert np.mean(inside[True]) >= np.mean(inside[False]) - 0.01
    assert 0.82 < np.mean(inside[True]) < 0.97


def test_contents_change_the_interval_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    plain, reported, few = make("ridge"), make("ridge"), make("ridge")
    plain.fit(x, y)
    reported.fit(x, y, [f"scene {n // 6}" for n in range(60)])
    few.fit(x, y, ["one", "other"] * 30)
    assert reported.state()["coefficients"] == plain.state()["coefficients"] == few.state()["coefficients"]
    assert reported.state()["reach"] != plain.state()["reach"]
    assert few.state() == plain.state()
    errors = []
    for scene in range(10):
        own = np.arange(60) // 6 == scene
        mapper = make("ridge")
        mapper.fit(x[~own], y[~own])
        errors += np.abs(y[own] - mapper.predict(x[own]).score).tolist()
    assert reported.state()["reach"] == pytest.approx(sorted(errors)[-(-9 * 61 // 10) - 1])
