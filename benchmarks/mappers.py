"""Score mappers: how long a fit takes, how often a logistic loses to scipy's curve_fit, how wide the intervals are.

    python benchmarks/mappers.py [--cases N] [--output FILE]

Curve_fit starts from each of the usual points of the field's code in turn, and the best end counts. Speed is given in
milliseconds and as a ratio to one run of curve_fit from a good start, in the same process.
"""

from __future__ import annotations

import functools
import json
import math
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from common import output_option, write
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from veiqa_core.extension.registry import installed

Array = NDArray[np.float64]
SIZES = (100, 800, 3000)
MAPPERS = ("logistic5", "logistic4", "isotonic", "linear", "ridge", "svr")
KINDS = ("psnr", "ssim", "vsi", "normal", "uniform", "lognormal", "cauchy", "ties", "outliers", "steps", "noise")
ROUNDS = 7


def logistic5(q: Array, b1: float, b2: float, b3: float, b4: float, b5: float) -> Array:
    """The paper's eq. 6."""
    curve: Array = b1 * (0.5 - 1 / (1 + np.exp(np.clip(b2 * (q - b3), -700, 700)))) + b4 * q + b5
    return curve


def logistic4(q: Array, b1: float, b2: float, b3: float, b4: float) -> Array:
    """VQEG's curve."""
    curve: Array = (b1 - b2) / (1 + np.exp(np.clip(-(q - b3) / (abs(b4) + 1e-300), -700, 700))) + b2
    return curve


CURVES: dict[str, Callable[..., Array]] = {"logistic5": logistic5, "logistic4": logistic4}


def usual_starts(name: str, x: Array, y: Array) -> list[list[float]]:
    """Where code of the field starts its fits."""
    spread = float(x.std()) or 1.0
    top, bottom, middle = float(y.max()), float(y.min()), float(x.mean())
    if name == "logistic4":
        return [
            [top, bottom, middle, spread / 4],
            [bottom, top, middle, spread],
            [top, bottom, middle, 0.1],
            [1, 1, 1, 1],
        ]
    return [
        [top - bottom, 1 / spread, middle, 0.1, float(y.mean())],
        [top - bottom, 1 / spread, middle, 0.0, float(y.mean())],
        [top, bottom, middle, 0.1, 0.1],
        [10, 0, middle, 0.1, 0.1],
        [1, 1, 1, 1, 1],
    ]


def scipys(name: str, x: Array, y: Array) -> list[float]:
    """The sum of squares from each usual start, infinite where curve_fit gives up."""
    found = []
    for start in usual_starts(name, x, y):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                best, _ = curve_fit(CURVES[name], x, y, start, maxfev=2000)
                loss = float(((CURVES[name](x, *best) - y) ** 2).sum())
        except (RuntimeError, ValueError):
            loss = math.inf
        found.append(loss if math.isfinite(loss) else math.inf)
    return found


def points(kind: str, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Similarities spread or crowded in one of many ways, and noisy quality."""
    quality = rng.uniform(0, 100, count)
    noise = rng.normal(0, 5, count)
    x = {
        "psnr": lambda: 45 - 0.3 * quality + rng.normal(0, 2, count),
        "ssim": lambda: 1 - 0.3 * (quality / 100) ** 3 + rng.normal(0, 0.01, count),
        "vsi": lambda: 1 - 0.02 * (quality / 100) ** 4 + rng.normal(0, 1e-4, count),
        "normal": lambda: rng.normal(size=count),
        "uniform": lambda: rng.uniform(size=count),
        "lognormal": lambda: rng.lognormal(0, 2, count),
        "cauchy": lambda: rng.standard_cauchy(count),
        "ties": lambda: np.round(quality / 20) + rng.integers(0, 2, count),
        "outliers": lambda: quality + np.where(rng.uniform(size=count) < 0.1, rng.normal(0, 1e3, count), 0.0),
        "steps": lambda: quality + rng.normal(0, 3, count),
        "noise": lambda: rng.normal(size=count),
    }[kind]()
    if kind in ("normal", "uniform", "lognormal", "cauchy"):
        z = rng.normal(0, 2) * (x - np.median(x)) / (np.ptp(np.quantile(x, [0.2, 0.8])) or 1)
        quality = 50 + 50 * np.tanh(z / 2)
    if kind == "steps":
        quality = np.where(quality > 50, 80.0, 20.0)
    return np.asarray(x, dtype=np.float64), quality + noise


def fitted(name: str, x: Array, y: Array) -> Any:
    """A mapper fitted to one similarity."""
    mapper = installed().part("mapper", f"veiqa:{name}").create()
    mapper.fit(x[:, None], y)
    return mapper


def loss(mapper: Any, x: Array, y: Array) -> float:
    """The sum of squares that a mapper leaves."""
    return float(((mapper.predict(x[:, None]).score - y) ** 2).sum())


def rivalry(cases: int) -> dict[str, dict[str, float]]:
    """How often a fit ends worse than the best of curve_fit's, and how often curve_fit's first start fails or loses."""
    tally = {name: {"cases": 0, "lost": 0, "worst_ratio": 1.0, "curve_fit_lost": 0} for name in CURVES}
    for number in range(cases):
        rng = np.random.default_rng([7, number])
        count = int(np.exp(rng.uniform(np.log(5), np.log(500))))
        x, y = points(KINDS[number % len(KINDS)], rng, count)
        for name, row in tally.items():
            ours, theirs = loss(fitted(name, x, y), x, y), scipys(name, x, y)
            floor = 1e-12 * float(((y - y.mean()) ** 2).sum())
            row["cases"] += 1
            row["curve_fit_lost"] += theirs[0] > ours * (1 + 1e-3) + floor
            if ours > min(theirs) * (1 + 1e-6) + floor:
                row["lost"] += 1
                row["worst_ratio"] = max(row["worst_ratio"], ours / min(theirs))
    return tally


def speed() -> dict[str, dict[str, float]]:
    """Milliseconds a fit by mapper, size and kind of data, and the ratio to one curve_fit."""
    found: dict[str, dict[str, float]] = {}
    for size in SIZES:
        for kind in ("psnr", "ssim", "cauchy"):
            x, y = points(kind, np.random.default_rng(1), size)
            taken = {name: _milliseconds(functools.partial(fitted, name, x, y)) for name in MAPPERS}
            rival = _milliseconds(functools.partial(_curve_fit_once, x, y))
            found[f"{kind} {size}"] = {
                **taken,
                "curve_fit": rival,
                "logistic5 over curve_fit": taken["logistic5"] / rival,
            }
    return found


def _curve_fit_once(x: Array, y: Array) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            curve_fit(logistic5, x, y, usual_starts("logistic5", x, y)[0], maxfev=2000)
        except RuntimeError:
            return


def _milliseconds(work: Callable[[], Any]) -> float:
    work()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def coverage() -> dict[str, dict[str, float]]:
    """The share of new points in the 90 % interval, by mapper and kind of noise, fits being to 120 points."""
    noises: dict[str, Callable[[np.random.Generator, Array], Array]] = {
        "normal": lambda rng, x: rng.normal(0, 5, len(x)),
        "heteroscedastic": lambda rng, x: rng.normal(0, 1, len(x)) * (1 + 8 * x),
        "heavy-tailed": lambda rng, x: 3 * rng.standard_t(2, len(x)),
    }
    found: dict[str, dict[str, float]] = {name: {} for name in MAPPERS}
    for name in MAPPERS:
        for kind, noise in noises.items():
            inside = []
            for seed in range(20):
                rng = np.random.default_rng(seed)
                x = rng.uniform(0, 1, 1120)
                y = 100 / (1 + np.exp(8 * (x - 0.5))) + noise(rng, x)
                predicted = fitted(name, x[:120], y[:120]).predict(x[120:, None])
                inside.append(float(((predicted.low <= y[120:]) & (y[120:] <= predicted.high)).mean()))
            found[name][kind] = statistics.mean(inside)
    return found


@click.command()
@click.option("--cases", default=2000, show_default=True, help="How many random data sets are fitted.")
@output_option
def main(cases: int, output: Path | None) -> None:
    """Print speed, losses and coverage."""
    found: dict[str, Any] = {"speed": speed(), "coverage": coverage(), "rivalry": rivalry(cases)}
    for title, rows in found.items():
        click.echo(title)
        for name, row in rows.items():
            click.echo(f"  {name:<14} " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()))
    write(json.dumps(found, indent=2) + "\n", output)


if __name__ == "__main__":
    main()
