"""BLIINDS-II against its release."""

from __future__ import annotations

import numpy as np
import pytest
from method_vectors import NAMES, PARAMETERS, batch, error, levels, needs_vectors, photo, values

from veiqa_methods.bliinds2 import Bliinds2Score, _likeliest, _transforms, features
from veiqa_methods.common import grey
from veiqa_methods.parameters import Bliinds2ScoreParams


@needs_vectors
@pytest.mark.parametrize("name", NAMES)
def test_features_and_score_are_the_release_s(name: str) -> None:
    wanted, image = values("bliinds2", name), levels(name)
    assert error(features(grey(image)), wanted["features_24_gray"]) < 1e-7
    assert error(features(image[0]), wanted["features_24_red"]) < 1e-7
    method = Bliinds2Score(Bliinds2ScoreParams(model=str(PARAMETERS / "bliinds2_live.npz")))
    assert float(method.measure(batch(image))) == wanted["score_gray"]


def test_windows_overlap_and_see_zeros_beyond_the_image() -> None:
    found = _transforms(np.ones((7, 9)))
    assert found.shape == (9, 25)
    sums = found[:, 0] * 5  # the constant's coefficient is the sum over five
    assert sums.tolist() == pytest.approx([16, 20, 16, 20, 25, 20, 8, 10, 8])
    np.testing.assert_allclose((found**2).sum(axis=1), sums, rtol=1e-12)  # orthonormal


def test_scaling_the_levels_changes_no_feature() -> None:
    image = grey(photo())
    np.testing.assert_allclose(features(image), features(2 * image), rtol=1e-4)  # but for the small constants


def test_the_likeliest_score_is_found() -> None:
    inverse = np.eye(4)
    inverse[3, :3] = inverse[:3, 3] = -0.1
    found = _likeliest(np.array([10.0, 20.0, 30.0]), np.zeros(4), inverse)
    assert found == 6 - 1  # at the least of d**2 - 0.2 d (10 + 20 + 30)
