"""What the no-reference methods share, against closed forms and SciPy."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from method_vectors import photo
from scipy import ndimage, signal, stats

from veiqa_methods import common, fits
from veiqa_methods.bliinds2 import _RATIOS, _SHAPES

RNG = np.random.default_rng(5)


def test_levels_of_an_8_bit_image_are_exact() -> None:
    wanted = np.arange(768, dtype=np.float64).reshape(3, 16, 16) % 256
    assert (common.levels(torch.from_numpy(wanted.astype(np.float32) / np.float32(255))) == wanted).all()


def test_grey_of_grey_is_itself_and_colours_are_weighed() -> None:
    same = np.broadcast_to(np.arange(256.0).reshape(16, 16), (3, 16, 16))
    assert (common.grey(same) == same[0]).all()
    pure = 255 * np.eye(3).reshape(3, 3, 1)
    assert common.grey(pure).ravel().tolist() == [76, 150, 29]


def test_filters_equal_a_direct_sum() -> None:
    values, kernel = RNG.normal(size=(9, 11)), common.gaussian(7, 7 / 6)
    assert kernel.sum() == pytest.approx(1)
    padded = np.pad(values, 3, mode="edge")
    wanted = signal.correlate2d(padded, np.outer(kernel, kernel), mode="valid")
    np.testing.assert_allclose(common.smooth(values, kernel, "replicate"), wanted, atol=1e-14)


def test_the_centre_of_an_even_kernel_lies_before_its_middle() -> None:
    values = np.zeros((1, 9))
    values[0, 4] = 1
    found = common.correlate(values, np.ones(1), np.arange(1.0, 7.0), "zero")
    assert found[0].tolist() == [0, 6, 5, 4, 3, 2, 1, 0, 0]  # offsets -2 to 3


def test_halving_has_the_eight_taps() -> None:
    values = np.zeros((1, 32))
    values[0, 16] = 256
    found = common.resize(values, (1, 16))[0]
    assert found[6:11].tolist() == pytest.approx([-3, 29, 111, -9, 0])


def test_resizing_keeps_constants_and_lines_and_sizes() -> None:
    np.testing.assert_allclose(common.resize(np.full((7, 9), 3.0), (20, 4)), 3, atol=1e-14)
    line = np.arange(40.0)[None] * np.ones((3, 1))
    np.testing.assert_allclose(
        common.resize(line, (3, 80))[:, 8:-8], (np.arange(80) / 2 - 0.25)[None, 8:-8] * np.ones((3, 1))
    )
    assert common.resize(line, (3, 40)).tolist() == line.tolist()
    assert common.halved(np.ones((7, 9))).shape == (4, 5)


def test_whole_levels_stay_in_range() -> None:
    steps = np.where(RNG.random((24, 24)) < 0.5, 0.0, 255.0)
    found = common.resize(steps, (50, 13), whole=True)
    assert found.min() == 0
    assert found.max() == 255
    assert (found == np.rint(found)).all()


@pytest.mark.parametrize("border", ["replicate", "symmetric"])
def test_a_constant_has_no_structure(border: common.Border) -> None:
    coefficients, deviation = common.normalised(np.full((20, 20), 77.0), common.gaussian(7, 7 / 6), border)
    assert not coefficients.any()
    assert deviation.max() < 1e-5


def test_patches_run_down_the_columns() -> None:
    blocks = common.patches(np.arange(24.0).reshape(4, 6), 2)
    assert blocks[:, 0, 0].tolist() == [0, 12, 2, 14, 4, 16]


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 4.0])
def test_the_shape_of_a_generalised_gaussian_is_found(shape: float) -> None:
    samples = stats.gennorm.ppf((np.arange(200_000) + 0.5) / 200_000, shape)
    assert fits.generalised_gaussian(samples) == pytest.approx(shape, rel=5e-3)
    fit = fits.AsymmetricGaussian(samples)
    assert fit.shape == pytest.approx(shape, rel=5e-3)
    assert fit.left * fit.width == pytest.approx(1, rel=5e-3)
    assert fit.skew == pytest.approx(0, abs=1e-9)


def test_an_asymmetric_gaussian_is_found() -> None:
    half = stats.halfnorm.ppf((np.arange(100_000) + 0.5) / 100_000)
    samples = np.concatenate([-half[::3], 3 * half])  # as many on each side as the widths demand: 1 to 3
    fit = fits.AsymmetricGaussian(samples)
    assert fit.shape == pytest.approx(2, abs=0.02)
    assert fit.left == pytest.approx(1, rel=1e-3)
    assert fit.right == pytest.approx(3, rel=1e-3)
    assert fit.skew == pytest.approx(2 * math.sqrt(2) / math.sqrt(math.pi), rel=1e-2)


def test_nothing_to_fit_gives_nan_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fits.AsymmetricGaussian(np.array([[0.0, 0.0], [1.0, 2.0]]))
        assert fit.shape.tolist() == [0.2, 0.2]
        assert np.isnan(fit.left).all()
        assert fits.generalised_gaussian(np.zeros(5)) == 0.2


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.5])
def test_a_weibull_distribution_is_found_as_scipy_finds_it(shape: float) -> None:
    samples = stats.weibull_min.rvs(shape, scale=4, size=2000, random_state=1)
    wanted = stats.weibull_min.fit(samples, floc=0)
    scale, found = fits.weibull(samples[None])
    assert float(found[0]) == pytest.approx(wanted[0], rel=1e-4)  # SciPy's search stops there
    assert float(scale[0]) == pytest.approx(wanted[2], rel=1e-4)
    logs = np.log(samples)
    powers = samples ** found[0]
    assert 1 / found[0] + logs.mean() == pytest.approx((powers * logs).sum() / powers.sum(), rel=1e-12)


def test_equal_samples_have_an_infinite_shape() -> None:
    scale, shape = fits.weibull(np.array([[3.0, 3.0, 3.0], [1.0, 2.0, 3.0]]))
    assert scale[0] == 3
    assert np.isinf(shape[0])
    assert np.isfinite(shape[1])


def test_tables_are_searched_like_a_direct_comparison() -> None:
    table = np.array([0.0, 1.0, 2.0, 4.0])
    values = np.array([-3.0, 0.4, 0.5, 0.6, 3.1, 9.0, np.nan])
    assert fits.nearest(table, values).tolist() == [0, 0, 0, 1, 3, 3, 0]
    wanted = np.array([_RATIOS[0], _RATIOS[0] * 1.1, _RATIOS[4000] * (1 - 1e-9), _RATIOS[-1], _RATIOS[-1] / 2])
    assert fits.nearest_above(_RATIOS, wanted).tolist() == [0, -1, 4000, -1, -1]
    assert _SHAPES[-1] == pytest.approx(10)


def test_the_photo_of_the_tests_is_an_8_bit_image() -> None:
    image = photo()
    assert (image == ndimage.median_filter(image, 1)).all()
    assert 0 <= image.min() < image.max() <= 255
