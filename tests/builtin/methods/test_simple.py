"""The plain measures against what was put into images."""

from __future__ import annotations

import numpy as np
import pytest
from method_vectors import batch, photo
from scipy import ndimage

from veiqa_core.api import NoParams
from veiqa_methods.common import grey
from veiqa_methods.parameters import BlurEffectParams
from veiqa_methods.simple import BlurEffect, NoiseSigma, _details


@pytest.mark.parametrize("sigma", [3.0, 12.0])
def test_the_noise_that_was_added_is_found(sigma: float) -> None:
    rows, columns = np.mgrid[:200, :240]
    clean = 120 + 40 * np.sin(rows / 30) + 40 * np.cos(columns / 25)
    noisy = np.rint(clean + np.random.default_rng(0).normal(0, sigma, clean.shape))
    found = float(NoiseSigma(NoParams()).measure(batch(np.broadcast_to(noisy, (3, *noisy.shape)))))
    assert found == pytest.approx(np.hypot(sigma, 1 / np.sqrt(12)), rel=0.03)


def test_details_are_the_wavelet_s() -> None:
    line = np.zeros((1, 12))
    line[0, 5] = 1
    root = np.sqrt(3)
    scaled = _details(line)[0] * 4 * np.sqrt(2)
    assert scaled.tolist() == pytest.approx([0, 0, -1 - root, root - 3, 0, 0, 0])
    assert np.abs(_details(np.arange(24.0)[None])[0, 1:-1]).max() < 1e-13  # neither constants nor slopes are details


def test_details_equal_pywavelets() -> None:
    pywt = pytest.importorskip("pywt", reason="PyWavelets, which scikit-image's estimate_sigma needs, is not installed")
    restoration = pytest.importorskip("skimage.restoration")
    values = grey(photo(61, 80))
    np.testing.assert_allclose(_details(values), pywt.dwt(values, "db2", axis=1)[1], atol=1e-12)
    found = float(NoiseSigma(NoParams()).measure(batch(photo(61, 80))))
    assert found == pytest.approx(restoration.estimate_sigma(values), rel=1e-9)


def test_blur_is_seen_and_nothing_to_see_is_blurred() -> None:
    method = BlurEffect(BlurEffectParams())
    sharp = photo()
    blurred = np.rint(ndimage.gaussian_filter(sharp, (0, 2, 2)))
    values = method.measure(batch(sharp, blurred))[:, 0].tolist()
    assert values[0] < values[1] < 1
    stripes = np.broadcast_to(255.0 * (np.arange(40) // 3 % 2), (3, 40, 40))
    assert float(method.measure(batch(stripes))) == 1
    assert float(method.measure(batch(np.full((3, 40, 40), 7.0)))) == 1
