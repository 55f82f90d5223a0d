"""What the curves must give, worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from veiqa_core.api import NoParams
from veiqa_core.contracts import KnownValue, ScoreMapper

from .identity import Identity
from .linear import Linear
from .logistic import Logistic4, Logistic5


def logistic5() -> Iterator[KnownValue]:
    """Eq. 6 at its centre, beside it, and recovered from its own points."""
    truth = (10.0, 2.0, 3.0, 0.5, 40.0)
    state = {"coefficients": list(truth)}
    equation = "b1 (1/2 - 1/(1 + exp(b2 (q - b3)))) + b4 q + b5 with 10, 2, 3, 0.5, 40"
    yield _known("at the centre, q = 3", 41.5, Logistic5(NoParams()), state, [3.0], equation)
    beside = 10 * (0.5 - 1 / (1 + math.exp(2))) + 2 + 40
    yield _known("beside it, q = 4", beside, Logistic5(NoParams()), state, [4.0], equation)
    yield KnownValue(
        subject="b3 of a curve fitted to its own 50 points",
        expected=truth[2],
        measure=lambda: _recovered(truth),
        tolerance=1e-6,
        origin="closed form",
        convention=f"least squares, no noise; {equation}",
    )


def logistic4() -> Iterator[KnownValue]:
    """The curve at its centre and far out."""
    state = {"coefficients": [80.0, 20.0, 3.0, -0.5]}
    equation = "(b1 - b2) / (1 + exp(-(q - b3) / |b4|)) + b2 with 80, 20, 3, -0.5"
    yield _known("at the centre, q = 3", 50.0, Logistic4(NoParams()), state, [3.0], equation)
    yield _known("far out, q = 1e9", 80.0, Logistic4(NoParams()), state, [1e9], equation)


def linear() -> Iterator[KnownValue]:
    """A plane."""
    yield _known("1 + 2 q1 - q2 at (3, 4)", 3.0, Linear(NoParams()), {"coefficients": [1.0, 2.0, -1.0]}, [3.0, 4.0])


def identity() -> Iterator[KnownValue]:
    """The sign."""
    yield _known("two similarities, 1 and 3", -2.0, Identity(NoParams()), {}, [1.0, 3.0], "minus the mean")


def _known(
    subject: str,
    expected: float,
    mapper: ScoreMapper,
    state: Mapping[str, Any],
    similarities: list[float],
    convention: str = "an intercept and a weight for each similarity",
) -> KnownValue:
    def measure() -> float:
        mapper.restore(state)
        return float(mapper.predict(np.array([similarities])).score[0])

    return KnownValue(
        subject=subject,
        expected=expected,
        measure=measure,
        tolerance=1e-12,
        origin="closed form",
        convention=convention,
    )


def _recovered(truth: tuple[float, ...]) -> float:
    drawn, found = Logistic5(NoParams()), Logistic5(NoParams())
    drawn.restore({"coefficients": list(truth)})
    q = np.linspace(0, 6, 50)[:, None]
    found.fit(q, drawn.predict(q).score)
    centre: float = found.state()["coefficients"][2]
    return centre
