"""PIQE and the score of JPEG images against published values and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from method_vectors import batch, levels, needs_vectors, photo

from veiqa_core.api import NoParams
from veiqa_methods.jpeg_quality import JpegQuality
from veiqa_methods.piqe import Piqe

PUBLISHED = {"I03": 100.00, "I04": 21.62, "I06": 35.86, "I08": 41.15, "I19": 76.95}  # MATLAB's, in IQA-PyTorch's tests


@needs_vectors
@pytest.mark.parametrize("name", PUBLISHED)
def test_scores_are_those_of_matlab(name: str) -> None:
    assert float(Piqe(NoParams()).measure(batch(levels(f"{name}_dist")))) == pytest.approx(PUBLISHED[name], abs=0.005)


def test_nothing_noticed_is_the_worst() -> None:
    assert float(Piqe(NoParams()).measure(batch(np.full((3, 40, 40), 50.0)))) == 100


def test_noise_is_noticed() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 64, 64)).astype(float)
    assert float(Piqe(NoParams()).measure(batch(noise))) > float(Piqe(NoParams()).measure(batch(photo(64, 64))))


def test_the_score_of_jpeg_images_is_its_formula() -> None:
    rows = np.tile([0.0, 3, 1, 4, 4, 2, 7, 7], 4) + 8 * np.repeat(np.arange(4), 8)
    image = np.broadcast_to(rows, (3, 32, 32)) * 1.0
    steps = np.abs(np.diff(rows))
    signs = np.sign(np.diff(rows))
    blockiness = steps[[7, 15]].mean() / 2  # of the rows and of the columns, which have none
    activity = (8 * steps.mean() - steps[[7, 15]].mean()) / 7 / 2
    crossings = (signs[1:] * signs[:-1] < 0).mean() / 2
    wanted = -245.8909 + 261.9373 * blockiness**-0.02398886 * activity**0.01601664 * crossings**0.00642859
    assert float(JpegQuality(NoParams()).measure(batch(image))) == pytest.approx(wanted, rel=1e-12)


def test_blocks_cost_quality() -> None:
    image = photo(64, 64)
    blocks = image.reshape(3, 8, 8, 8, 8).mean(axis=(2, 4), keepdims=True)
    blocky = np.rint(np.broadcast_to(blocks, (3, 8, 8, 8, 8)).reshape(3, 64, 64) * 0.8 + image * 0.2)
    sharp, blocked = JpegQuality(NoParams()).measure(batch(image, blocky))
    assert sharp > blocked
