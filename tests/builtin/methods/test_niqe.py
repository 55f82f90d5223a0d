"""NIQE against its release, and its training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from method_vectors import NAMES, PARAMETERS, batch, error, levels, needs_vectors, photo, values
from PIL import Image
from scipy import ndimage

from veiqa_methods.common import grey
from veiqa_methods.niqe import Niqe, natural_statistics, patch_features, statistics, train
from veiqa_methods.parameters import PristineParams
from veiqa_methods.pristine import inverse, packaged


@needs_vectors
@pytest.mark.parametrize("name", NAMES)
def test_features_and_score_are_the_release_s(name: str) -> None:
    wanted, image = values("niqe", name), levels(name)
    found, sharpness = patch_features(grey(image))
    assert error(found, wanted["patch_features_zeroed"]) < 1e-9
    assert error(sharpness, wanted["patch_sharpness"]) < 1e-5  # a root of rounding noise in flat areas
    assert error(statistics(found)[0], wanted["patch_mean_36_zeroed"]) < 1e-9
    method = Niqe(PristineParams(model=str(PARAMETERS / "niqe_live.npz")))
    assert float(method.measure(batch(image))) == pytest.approx(wanted["score_zeroed"], abs=1e-8)
    if not wanted["rounding_sensitive"]:
        assert float(method.measure(batch(image))) == pytest.approx(wanted["score"], abs=1e-8)


def test_products_of_neighbours_wrap_around_inside_a_patch() -> None:
    block = np.random.default_rng(0).normal(size=(1, 8, 8))
    found = natural_statistics(block)
    assert found.shape == (1, 18)
    np.testing.assert_allclose(natural_statistics(np.roll(block, (3, 2), axis=(1, 2))), found, rtol=1e-12)
    turned = natural_statistics(block.transpose(0, 2, 1))
    np.testing.assert_allclose(turned[0, 2:6], found[0, 6:10], rtol=1e-12)  # along rows and along columns


def test_statistics_leave_out_what_is_missing() -> None:
    rows = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 4.0], [9.0, 3.0]])
    mean, covariance = statistics(rows)
    assert mean.tolist() == [4.5, 3.0]
    np.testing.assert_allclose(covariance, np.cov(rows[[0, 2, 3]].T))
    assert not statistics(rows[:1])[1].any()
    assert statistics(np.full((2, 3), np.nan))[0].tolist() == [0, 0, 0]


def test_the_pseudo_inverse_is_one() -> None:
    root = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(inverse(root @ root.T), np.linalg.pinv(root @ root.T), rtol=1e-9, atol=1e-12)


def test_training_learns_from_the_sharp_patches_only(tmp_path: Path) -> None:
    image = photo(192, 192).transpose(1, 2, 0)
    blurred = image.copy()
    blurred[:96] = 128
    model = train([image.astype(np.uint8), blurred.astype(np.uint8)])
    rows = []
    for picture in (image, blurred):
        found, sharpness = patch_features(grey(picture.transpose(2, 0, 1)))
        rows.append(found[sharpness > 0.75 * sharpness.max()])
    assert len(rows[0]) == 4
    assert len(rows[1]) == 2
    np.testing.assert_allclose(model.mean, np.concatenate(rows).mean(axis=0))
    np.testing.assert_allclose(model.covariance, np.cov(np.concatenate(rows).T), rtol=1e-9, atol=1e-15)

    ours, theirs = tmp_path / "ours.npz", tmp_path / "modelparameters.mat"
    model.write(ours, "two pictures")
    scipy.io.savemat(theirs, {"mu_prisparam": model.mean[None], "cov_prisparam": model.covariance})
    scores = [Niqe(PristineParams(model=str(file))).measure(batch(photo())) for file in (ours, theirs)]
    assert scores[0].equal(scores[1])


def test_the_packaged_model_tells_blur_and_noise_from_a_photo() -> None:
    model = packaged("niqe")
    assert model.mean.shape == (36,)
    assert np.linalg.eigvalsh(model.covariance).min() > -1e-12
    assert model.digest.startswith("sha256:")
    with Image.open(Path(__file__).parents[3] / "docs/images/chelsea.png") as file:
        clean = np.asarray(file.convert("RGB"), dtype=float).transpose(2, 0, 1)
    blurred = np.rint(ndimage.gaussian_filter(clean, (0, 3, 3)))
    noisy = np.clip(np.rint(clean + np.random.default_rng(0).normal(0, 40, clean.shape)), 0, 255)
    scores = Niqe(PristineParams()).measure(batch(clean, blurred, noisy))[:, 0].tolist()
    assert 0 < scores[0] < min(scores[1:])
