"""QAC against its release."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from method_vectors import NAMES, PARAMETERS, batch, error, levels, needs_vectors, photo, values

from veiqa_core.api import WeightsError
from veiqa_methods.parameters import QacParams
from veiqa_methods.qac import Qac, patch_features


@needs_vectors
@pytest.mark.parametrize("name", NAMES)
def test_features_and_score_are_the_release_s(name: str) -> None:
    wanted, image = values("qac", name), levels(name)
    found = patch_features(image)
    assert len(found) == wanted["patches"]
    assert error(found[0], wanted["first_patch_192_signed"]) < 1e-9
    assert error(found[-1], wanted["last_patch_192_signed"]) < 1e-9
    method = Qac(QacParams(model=str(PARAMETERS / "qac_centroids.npz")))
    assert float(method.measure(batch(image))) == pytest.approx(wanted["score"], abs=1e-9)


def test_without_centroids_it_says_what_it_needs() -> None:
    with pytest.raises(WeightsError, match=r"QAC needs its release's centroids: -p method\.model=FILE"):
        Qac(QacParams())


def test_a_patch_on_a_centroid_has_its_level(tmp_path: Path) -> None:
    centroids = np.random.default_rng(0).uniform(500, 900, (10, 30, 192))
    own = 255 * np.abs(patch_features(photo(12, 12)))
    centroids[6, 11], centroids[2, 4] = own[0], own[0] + 1e-3
    npz, mat = tmp_path / "centroids.npz", tmp_path / "cluster_center.mat"
    np.savez(npz, centroids_255=centroids)
    cells = np.empty((1, 10), dtype=object)
    cells[0, :] = [{"centroids": level} for level in centroids]
    scipy.io.savemat(mat, {"cluster_center": cells})
    for file in (npz, mat):
        score = Qac(QacParams(model=str(file))).measure(batch(photo(12, 12)))
        assert float(score) == pytest.approx((0.7 + 0.3) / 2, abs=1e-6)


def test_a_flat_image_has_a_score(tmp_path: Path) -> None:
    file = tmp_path / "centroids.npz"
    np.savez(file, centroids_255=np.random.default_rng(0).uniform(0, 255, (10, 30, 192)))
    flat = np.full((3, 40, 30), 9.0)
    method = Qac(QacParams(model=str(file)))
    together = method.measure(batch(flat, photo(40, 30)))
    assert together.isfinite().all()
    assert together[:1].equal(method.measure(batch(flat)))
