"""IL-NIQE against its release, its filters, and its training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from method_vectors import PARAMETERS, batch, error, levels, needs_vectors, photo, values

from veiqa_core.api import WeightsError
from veiqa_methods.ilniqe import Ilniqe, patch_distances, patch_features
from veiqa_methods.log_gabor import filters
from veiqa_methods.parameters import PristineParams
from veiqa_methods.principal import Principal

CHOSEN = ("I01_dist", "I19_dist", "goldhill_ref", "chelsea_jpeg10")  # of 18: 2 s each


@needs_vectors
@pytest.mark.parametrize("name", CHOSEN)
def test_features_and_score_are_the_release_s(name: str) -> None:
    wanted, image = values("ilniqe", name), levels(name)
    found, _ = patch_features(image)
    model = Principal.read(str(PARAMETERS / "ilniqe_template.npz"), 468)
    for patch, features in ((0, wanted["patch1_features_468_zeroed"]), (35, wanted["patch36_features_468_zeroed"])):
        known, row = np.array(features, float), found[patch]
        assert error(np.where(np.isinf(row), 1e4, row), known) < 1e-9
    distances = patch_distances(found, model)
    assert error(distances, wanted["patch_distances_36_zeroed"]) < 1e-6
    assert distances.mean() == pytest.approx(wanted["score_zeroed"], abs=1e-6)
    if not wanted["rounding_sensitive"]:
        assert distances.mean() == pytest.approx(wanted["score"], abs=1e-6)


def test_filters_are_one_sided_and_peak_at_their_wavelengths() -> None:
    passing = filters(48, 48, 1)
    assert len(passing) == 12
    assert not any(values[0, 0] for values in passing)
    across = passing[0][0]  # the finest, along rows: wavelength 2.4
    assert np.argmax(across[:24]) == 20  # 48 / 2.4
    assert across[24:].max() < 1e-3 * across.max()
    turned = np.roll(passing[0][0][::-1], 1)  # by a quarter: downwards; place 24 is its own mirror
    np.testing.assert_allclose(np.delete(passing[2][:, 0], 24), np.delete(turned, 24), atol=1e-12)


def learned(count: int = 700, features: int = 468) -> Principal:
    rng = np.random.default_rng(0)
    return Principal.learned(rng.normal(size=(count, features)) * np.linspace(1, 3, features) + 5, 0.92)


def test_components_are_uncorrelated_and_the_largest_are_kept(tmp_path: Path) -> None:
    model = learned()
    assert model.vectors.shape == (468, 430)
    np.testing.assert_allclose(model.vectors.T @ model.vectors, np.eye(430), atol=1e-3)
    assert (np.diff(np.diag(model.covariance)) <= 0).all()
    file, theirs = tmp_path / "model.npz", tmp_path / "templateModel.mat"
    model.write(file, "random numbers")
    cells = np.empty((1, 4), dtype=object)
    cells[0, :] = [model.mean[None], model.covariance, model.centre[:, None], model.vectors]
    scipy.io.savemat(theirs, {"templateModel": cells})
    for path in (file, theirs):
        read = Principal.read(str(path), 468)
        for name in ("mean", "covariance", "centre", "vectors"):
            assert (getattr(read, name) == getattr(model, name)).all()


def test_a_distance_is_mahalanobis_s() -> None:
    model = Principal(np.zeros(2), np.diag([4.0, 1.0]), np.ones(3), np.eye(3)[:, :2])
    points = model.project(np.array([[5.0, 1.0, 9.0], [1.0, 3.0, 9.0]]))
    assert model.distances(points, np.diag([4.0, 1.0])).tolist() == pytest.approx([2, 2])


def test_flat_and_small_images_have_a_score(tmp_path: Path) -> None:
    file = tmp_path / "model.npz"
    learned().write(file, "random numbers")
    method = Ilniqe(PristineParams(model=str(file)))
    images = batch(np.full((3, 16, 20), 100.0), photo(16, 20))
    together = method.measure(images)
    assert together.isfinite().all()
    assert together[1:].equal(method.measure(images[1:].clone()))


def test_too_few_patches_are_refused() -> None:
    with pytest.raises(WeightsError, match="give more photos"):
        learned(100)
