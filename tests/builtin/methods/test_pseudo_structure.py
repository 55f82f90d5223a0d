"""The pseudo-structure similarity: corners between blocks, by both detectors."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from method_vectors import MADE, batch, levels, needs_vectors, photo, values

from veiqa_methods import bpri, pseudo
from veiqa_methods.common import grey
from veiqa_methods.parameters import PseudoStructureParams
from veiqa_methods.pseudo_structure import PseudoStructure, block_corners

Detector = Literal["matlab", "scikit-image"]
DETECTORS: tuple[Detector, ...] = ("matlab", "scikit-image")


def blocking(image: np.ndarray, detector: Detector) -> float:
    """The similarity to an image's own JPEG of quality 0."""
    params = PseudoStructureParams(detector=detector)
    found = PseudoStructure(params).compare_images(batch(pseudo.jpeg(image, 0)), batch(image))
    return float(found)


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_corner_counts_where_blocks_meet(detector: Detector) -> None:
    params = PseudoStructureParams(detector=detector)
    image = np.zeros((40, 40))
    image[:16, :16] = 200  # its corner lies on both sides of the border of a block
    found = block_corners(image, params)
    assert found[15:17, 15:17].any()
    assert found.sum() == 1
    moved = np.zeros((40, 40))
    moved[:20, :20] = 200
    assert not block_corners(moved, params).any()
    assert not block_corners(np.full((40, 40), 7.0), params).any()


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_share_is_of_the_reference_s_corners(detector: Detector) -> None:
    one, two = np.zeros((2, 3, 40, 40))
    one[:, :16, :16] = two[:, :16, :16] = 200
    two[:, 24:, 24:] = 200
    metric = PseudoStructure(PseudoStructureParams(detector=detector))
    assert metric.compare_images(batch(two), batch(one)).tolist() == [pytest.approx(1 / 3)]
    assert metric.compare_images(batch(one), batch(two)).tolist() == [pytest.approx(1 / 2)]
    maps = batch(two)[:, 0], batch(one)[:, 0]
    assert metric.compare(*maps).tolist() == [pytest.approx(1 / 3)]


def test_weak_corners_count_by_the_quality_level() -> None:
    image = np.zeros((40, 40))
    image[:16, :16] = 200
    image[24:, 24:] = 20  # its eigenvalue is a hundredth of the other's
    for level, count in ((0.001, 2), (0.1, 1)):
        assert block_corners(image, PseudoStructureParams(quality_level=level)).sum() == count


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_jpeg_is_nearer_to_its_worst_jpeg_than_what_it_was_made_of(detector: Detector) -> None:
    image = photo(128, 160)
    assert blocking(pseudo.jpeg(image, 1), detector) > 0.5 > blocking(image, detector)


def test_bpri_s_blocking_is_this_similarity() -> None:
    image = photo(96, 120)
    assert bpri.features(image)[2] == blocking(image, "matlab")


@needs_vectors
def test_both_detectors_against_the_release_s_port() -> None:
    """MATLAB's corners are nearer to the port's than scikit-image's, which is why BPRI uses them."""
    names = ("I01_dist", "I19_dist", *MADE)
    known = np.array([values("bpri_approximate", name)["features_LSSs_LSSn_PSS"][2] for name in names])
    errors = {one: np.abs([blocking(levels(name), one) for name in names] - known) for one in DETECTORS}
    assert errors["matlab"].max() < 0.01
    assert errors["scikit-image"].max() < 0.1
    assert errors["matlab"].mean() < errors["scikit-image"].mean() / 3


def test_grey_images_may_have_one_channel() -> None:
    image = grey(photo(96, 120))
    metric = PseudoStructure(PseudoStructureParams())
    worse = grey(pseudo.jpeg(np.stack([image] * 3), 5))
    three = metric.compare_images(batch(np.stack([worse] * 3)), batch(np.stack([image] * 3)))
    assert torch.equal(three, metric.compare_images(batch(worse[None]), batch(image[None])))
