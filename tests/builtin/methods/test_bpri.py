"""BPRI and BMPRI: against an approximate port of their releases, and what they are made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from method_vectors import PARAMETERS, batch, levels, needs_vectors, photo, values

from veiqa_core.api import WeightsError
from veiqa_methods import bmpri, bpri, pseudo
from veiqa_methods.bmpri import BmpriScore
from veiqa_methods.bpri import BpriScore
from veiqa_methods.parameters import BmpriScoreParams, BpriScoreParams
from veiqa_methods.records import BMPRI_STEPS

CHOSEN = ("I01_dist", "I03_ref", "I19_dist", "chelsea_blur2")
BPRI_FILES = {name: str(PARAMETERS / f"bpri_{name}.txt") for name in ("model", "range")}
BMPRI_FILES = {name: str(PARAMETERS / f"bmpri_{name}.txt") for name in ("model", "range")}


def bpri_score(**given: str) -> BpriScore:
    files = {"model": BPRI_FILES["model"], "ranges": BPRI_FILES["range"]}
    return BpriScore(BpriScoreParams(**{**files, "curves": str(PARAMETERS / "bpri_logistic.npz"), **given}))


@needs_vectors
@pytest.mark.parametrize("name", CHOSEN)
def test_features_are_near_the_release_s(name: str) -> None:
    image = levels(name)
    found, known = bmpri.features(image), np.array(values("bmpri_approximate", name)["features_20"])
    np.testing.assert_allclose(found[:15], known[:15], atol=1e-6)  # JPEG, JPEG2000 and blur
    np.testing.assert_allclose(found[15:], known[15:], atol=6e-3)  # another sample of the noise
    wanted = values("bpri_approximate", name)["features_LSSs_LSSn_PSS"]
    np.testing.assert_allclose(bpri.features(image), wanted, atol=0.01)
    assert bpri.features(image)[0] == pytest.approx(wanted[0], abs=1e-9)


@needs_vectors
def test_scores_are_near_the_release_s() -> None:
    machine = BmpriScore(BmpriScoreParams(model=BMPRI_FILES["model"], ranges=BMPRI_FILES["range"]))
    method = bpri_score()
    for name in CHOSEN:
        image = batch(levels(name))
        known = values("bmpri_approximate", name)["score"]
        assert float(machine.measure(image)) == pytest.approx(known, abs=3)
        known = values("bpri_approximate", name)["score_probability_weighted"]
        assert float(method.measure(image)) == pytest.approx(known, abs=0.03)


@needs_vectors
def test_the_known_features_give_the_known_scores() -> None:
    method = bpri_score()
    for name in CHOSEN:
        known = values("bpri_approximate", name)
        found = method.score(np.array(known["features_LSSs_LSSn_PSS"]))
        assert found == pytest.approx(known["score_probability_weighted"], abs=1e-4)


@needs_vectors
def test_files_of_another_method_are_refused() -> None:
    with pytest.raises(WeightsError, match="on 3 features"):
        bpri_score(model=BMPRI_FILES["model"])
    with pytest.raises(WeightsError, match="holds no array 'paraLSSs'"):
        bpri_score(curves=str(PARAMETERS / "niqe_live.npz"))


def test_neighbours_are_counted() -> None:
    assert pseudo.neighbours(np.array([[9.0, 5, 9], [1, 5, 7], [9, 4, 9]])).tolist() == [[2]]
    assert (pseudo.neighbours(np.full((4, 5), 3.0)) == 4).all()


@pytest.mark.parametrize("kind", sorted(BMPRI_STEPS))
def test_an_image_that_was_made_worse_is_nearer_to_its_pseudo_references(kind: str, tmp_path: Path) -> None:
    image = photo(128, 160)
    grey_worse = {
        "jpeg": lambda: pseudo.jpeg(image, 5),
        "jpeg2000": lambda: pseudo.jpeg2000(image, 150),
        "blur": lambda: np.stack([pseudo.blurred(pseudo.averaged(channel), 2.5) for channel in image]),
        "noise": lambda: pseudo.noisy(image, 0.5),
    }
    worse = grey_worse[kind]()
    place = 5 * list(BMPRI_STEPS).index(kind)
    before, after = bmpri.features(image)[place : place + 5], bmpri.features(worse)[place : place + 5]
    assert after.mean() > before.mean()


def test_noise_of_another_variance_is_the_same_noise() -> None:
    image = np.full((3, 16, 20), 128.0)
    weak, strong = (pseudo.noisy(image, variance) - 128 for variance in (0.0001, 0.0004))
    assert np.abs(strong - 2 * weak).max() <= 2
    assert weak.std() == pytest.approx(2.55, abs=0.3)
