"""Score mappers."""

from __future__ import annotations

import json

import numpy as np

from ...contracts import FloatArray
from ...errors import FitError, one_line
from ..arbitrary import holds, ratings, refuse
from ..kit import CheckFailed, Subject, refuse_foreign_state, require
from ..samples import branches, rated

FOUNDATION = ("fit-and-predict",)


def check_fit_and_predict(of: Subject) -> None:
    """It predicts one score an image and an interval around it, and follows the quality that it was fitted to."""
    similarities, quality = rated(60, branches(of))
    mapper = of.make()
    mapper.fit(similarities.copy(), quality.copy())
    made = mapper.predict(similarities.copy())
    for name in ("score", "low", "high"):
        shape = getattr(made, name).shape
        require(shape == (60,), f"{name} is {shape} for 60 images; (60,) is due")
    require(np.isfinite(made.score).all(), "gives scores that are not finite")
    inside = np.isnan(made.low) | ((made.low <= made.score) & (made.score <= made.high))
    require(inside.all(), "gives scores outside their own intervals")
    related = float(np.corrcoef(made.score, quality)[0, 1])
    require(related > 0.8, f"its scores are related to the quality that it was fitted to by {related:.2f} alone")


def check_alone_and_in_a_batch(of: Subject) -> None:
    """An image has the same score, bit for bit, alone and among others."""
    similarities, quality = rated(60, branches(of))
    mapper = of.make()
    mapper.fit(similarities, quality)
    together = mapper.predict(similarities).score
    alone = np.concatenate([mapper.predict(similarities[i : i + 1]).score for i in range(len(similarities))])
    require(np.array_equal(together, alone), "gives an image another score alone than among others")


def check_state(of: Subject) -> None:
    """Its state is empty before a fit, plain numbers after it, and brings back the same predictions."""
    similarities, quality = rated(60, branches(of))
    mapper = of.make()
    require(not mapper.state(), "has a state before it is fitted")
    mapper.fit(similarities, quality)
    state = mapper.state()
    try:
        plain = json.loads(json.dumps(dict(state), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise CheckFailed(f"its state is not made of numbers, texts and lists of them: {error}") from error
    again = of.make()
    again.restore(plain)
    same = np.array_equal(again.predict(similarities).score, mapper.predict(similarities).score)
    require(same, "predicts otherwise after its state was taken out and put back")


def check_bad_state(of: Subject) -> None:
    """A state of something else is refused with a ValueError."""
    refuse_foreign_state(of)


def check_sensitivity(of: Subject) -> None:
    """Its sensitivity is the derivative of its score."""
    count = branches(of)
    similarities, quality = rated(60, count)
    mapper = of.make()
    mapper.fit(similarities, quality)
    slope, step = mapper.sensitivity(similarities), 1e-5
    require(slope.shape == similarities.shape, f"sensitivity is {slope.shape} for {similarities.shape}")
    for branch in range(count):
        move = np.zeros(count)
        move[branch] = step
        ahead, behind = (mapper.predict(similarities + sign * move).score for sign in (1, -1))
        numeric = (ahead - behind) / (2 * step)
        near = np.isclose(slope[:, branch], numeric, rtol=1e-3, atol=1e-4)
        require(near.mean() > 0.9, "sensitivity is not the derivative of its score")  # steps may fall on a kink


def check_too_few(of: Subject) -> None:
    """Data that determine nothing are refused with a FitError."""
    if not of.traits["fitted"]:
        return
    similarities, quality = rated(1, branches(of))
    try:
        of.make().fit(similarities, quality)
    except FitError:
        return
    raise CheckFailed("fits a single image; fit must raise FitError")


def check_input_untouched(of: Subject) -> None:
    """It leaves similarities and quality as they were."""
    similarities, quality = rated(60, branches(of))
    kept = similarities.copy(), quality.copy()
    mapper = of.make()
    mapper.fit(similarities, quality)
    mapper.predict(similarities)
    require(all(map(np.array_equal, kept, (similarities, quality))), "changes its input")


def check_arbitrary_ratings(of: Subject) -> None:
    """It fits arbitrary finite data or refuses them with a FitError, and predicts; hypothesis looks for others."""

    def holds_on(data: tuple[FloatArray, FloatArray]) -> None:
        similarities, quality = data
        given, mapper = {"similarities": similarities, "quality": quality}, of.make()
        try:
            mapper.fit(similarities.copy(), quality.copy())
        except FitError:
            return
        except Exception as error:
            refuse(False, f"fit raises {one_line(error)}", **given)
        made = mapper.predict(similarities)
        shapes = {getattr(made, name).shape for name in ("score", "low", "high")}
        refuse(shapes == {(len(quality),)}, f"predicts {shapes} for {len(quality)} images", **given)
        refuse(np.isfinite(made.score).all(), "predicts scores that are not finite", **given)
        inside = np.isnan(made.low) | ((made.low <= made.score) & (made.score <= made.high))
        refuse(inside.all(), "predicts scores outside their own intervals", **given)

    holds(holds_on, lambda: ratings(branches(of)), 25)
