"""Ladders: what is made of a photo, and what is said of scores that rise, fall or fail."""

from __future__ import annotations

import numpy as np
import pytest
from making import photo
from scipy.stats import kendalltau

from veiqa_core.datasets import distort
from veiqa_core.errors import ComponentError, UsageError, VeiqaError
from veiqa_core.evaluation.ladder import Ladder, Rung, every_distortion, ladders, scored, summaries
from veiqa_core.extension.registry import installed
from veiqa_core.images import Image, read
from veiqa_core.recipes.recipe import ad_hoc
from veiqa_core.scorer import Scorer

PHOTO = read(photo(48, 56))
LEVELS = distort.even_levels(3)


def kinds(*names: str) -> list[distort.Distortion]:
    return [distort.find(name, installed()) for name in names]


def ladder(*scores: float, kind: str = "GB", name: str = "a", likely: str | None = None) -> Ladder:
    return Ladder(name, kind, tuple(Rung(None, "", score, likely) for score in scores))


def test_every_step_is_the_photo_made_worse_and_scored() -> None:
    def brightness(image: Image) -> tuple[float, str | None]:
        return float(image.pixels.mean()), "DARK"

    (found,) = ladders(PHOTO, kinds("darken"), LEVELS, brightness)
    assert isinstance(found, Ladder)
    assert [rung.severity for rung in found.rungs] == [None, 0, 0.5, 1]
    for rung, level in zip(found.rungs[1:], LEVELS, strict=True):
        made = distort.degrade(PHOTO, kinds("darken")[0], level)
        assert (rung.made_by, rung.score, rung.likely) == (made.made_by, brightness(made.image)[0], "DARK")
    assert found.rungs[0].score == brightness(PHOTO)[0]
    assert found.tau == 1
    assert found.above < 0


def test_a_distortion_that_fails_leaves_the_others() -> None:
    def fussy(image: Image) -> tuple[float, str | None]:
        if float(image.pixels.mean()) < float(PHOTO.pixels.mean()) - 0.1:
            raise ComponentError("too dark")
        return 1.0, None

    first, second = ladders(PHOTO, kinds("darken", "WN"), LEVELS, fussy)
    assert isinstance(first, VeiqaError)
    assert isinstance(second, Ladder)
    assert second.tau == 0


@pytest.mark.parametrize("scores", [(9, 8, 7, 6), (9, 8, 8, 1), (1, 2, 3), (5, 9, 1, 4), (3, 3, 3)])
def test_tau_is_kendalls_with_strength_turned(scores: tuple[float, ...]) -> None:
    due = kendalltau(scores, range(len(scores), 0, -1)).statistic
    assert ladder(*scores).tau == pytest.approx(0 if np.isnan(due) else due)


def test_what_is_said_of_a_kind_is_of_all_its_photos() -> None:
    good = ladder(90, 80, 20, name="good", likely="GB")
    bad = ladder(90, 94, 95, name="bad", likely="WN")
    other = ladder(90, 70, 10, name="other", likely="GB")
    worse, fine = summaries([good, ladder(80, 82.5, 60, kind="WN"), bad, other])
    assert (worse.distortion, worse.photos, worse.tau, worse.lowest_tau) == ("GB", 3, 1, -1)
    assert worse.scores == pytest.approx((90, (80 + 94 + 70) / 3, (20 + 95 + 10) / 3))
    assert worse.above == (5, "bad")
    assert worse.likely == "GB"
    assert not worse.falls  # one photo was scored 5 points higher
    assert fine.tau == pytest.approx(1 / 3)
    assert not fine.falls
    assert summaries([good])[0].falls


def test_all_kinds_are_those_with_a_strength_that_can_be_made_here() -> None:
    found = every_distortion(installed())
    items = {item.ref for item in installed().of_kind("pri") if "strength" in item.component.traits}
    assert {step.ref for kind in found for step in kind.steps} <= items
    assert len(found) >= 24


def test_a_recipe_without_a_score_is_refused(small: object) -> None:
    scorer = Scorer(ad_hoc(extractor=small), device="cpu")
    with pytest.raises(UsageError, match="gives similarities and no score: fit it, or name another"):
        scored(scorer)(PHOTO)
