"""The PRI generators: exact values, 8-bit output, repeatability."""

from __future__ import annotations

import importlib.util
import io
import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from veiqa_core.api import DISTORTIONS, ImageError
from veiqa_core.contracts import PriGenerator
from veiqa_core.extension.kinds import KINDS
from veiqa_pri.blur import GaussianBlur, MeanBlur
from veiqa_pri.codecs import Jpeg, Jpeg2000
from veiqa_pri.eight_bit import from_uint8, to_uint8
from veiqa_pri.levels import Quantise
from veiqa_pri.motion import MotionBlur
from veiqa_pri.noise import WhiteNoise
from veiqa_pri.plugin import veiqa_pri_generators
from veiqa_pri.records.blur import GaussianBlurParams, MeanBlurParams, MotionBlurParams
from veiqa_pri.records.codecs import Jpeg2000Params, JpegParams
from veiqa_pri.records.levels import QuantiseParams
from veiqa_pri.records.noise import WhiteNoiseParams
from veiqa_pri.records.sampling import PixelateParams
from veiqa_pri.records.tone import ContrastParams
from veiqa_pri.sampling import Pixelate
from veiqa_pri.tone import Contrast

COMPONENTS = {component.name: component for component in veiqa_pri_generators()}
NAMES = sorted(name for name, component in COMPONENTS.items() if all(map(importlib.util.find_spec, component.requires)))
SEEDED = {name for name in NAMES if name.endswith("-noise")} | {"block-loss", "noisy-jpeg", "camera"}
SIZES = [(1, 1), (1, 9), (9, 1), (2, 3), (5, 7), (8, 8), (31, 33), (64, 48)]


def make(name):
    component = COMPONENTS[name]
    module, cls = component.factory.split(":")
    return getattr(importlib.import_module(module), cls)(component.params())


def levels(height, width, *, count=1, seed=0):
    """A random 8-bit batch ``[N, 3, H, W]`` with some structure: noise over a ramp."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, height * width).reshape(height, width)
    return (ramp + rng.integers(0, 56, (count, 3, height, width))).astype(np.uint8)


def batch(height=40, width=56, *, count=1, seed=0):
    return from_uint8(levels(height, width, count=count, seed=seed))


def pillow_round_trip(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, **options)
    return np.array(Image.open(io.BytesIO(file.getvalue())))


# every generator


def test_the_plugin_offers_the_generators_of_each_distortion():
    assert {name: c.traits["distortion"] for name, c in COMPONENTS.items()} == {
        "mean-blur": "GB",
        "gaussian-blur": "GB",
        "white-noise": "WN",
        "jpeg": "JPEG",
        "jpeg2000": "JP2K",
        "motion-blur": "MB",
        "pixelate": "PIXEL",
        "quantise": "QN",
        "contrast": "CC",
        "lens-blur": "LB",
        "colour-noise": "WNC",
        "correlated-noise": "SCN",
        "high-frequency-noise": "HFN",
        "impulse-noise": "IN",
        "multiplicative-noise": "MULN",
        "camera-noise": "POISSON",
        "webp": "WEBP",
        "avif": "AVIF",
        "colour-quantise": "CQ",
        "resample": "DOWN",
        "sharpen": "SHARP",
        "denoise": "DN",
        "raise-contrast": "CC-UP",
        "brighten": "BRIGHT",
        "darken": "DARK",
        "gamma": "GAMMA",
        "desaturate": "CS",
        "oversaturate": "CS2",
        "colour-cast": "CAST",
        "chromatic-aberration": "CA",
        "block-loss": "BLOCK",
        "fog": "FOG",
        "noisy-jpeg": "LC",
        "camera": "CAMERA",
        "upload": "UPLOAD",
    }
    assert {c.traits["distortion"] for c in COMPONENTS.values()} <= set(DISTORTIONS)


@pytest.mark.parametrize("name", NAMES)
def test_records_declare_valid_traits_and_build_a_generator(name):
    assert KINDS["pri"].traits_problem(COMPONENTS[name].traits) is None
    assert isinstance(make(name), PriGenerator)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_output_is_what_an_eight_bit_file_would_hold(name, size):
    images = batch(*size, count=2)
    result = make(name).generate(images, [1, 2])
    assert result.shape == images.shape
    assert result.dtype == torch.float32
    assert result.is_contiguous()
    held = np.rint(result.numpy() * 255).astype(np.uint8)
    expected = held.astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(result.numpy(), expected)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_image_gives_the_same_pri(name):
    images = batch()
    assert torch.equal(make(name).generate(images, [7]), make(name).generate(images, [7]))


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_equals_its_images_one_by_one_in_any_order(name):
    images, seeds, generator = batch(count=3), [5, 6, 2**63 - 1], make(name)
    together = generator.generate(images, seeds)
    apart = [generator.generate(image[None], [seed])[0] for image, seed in zip(images, seeds, strict=True)]
    assert torch.equal(together, torch.stack(apart))
    assert torch.equal(together.flip(0), generator.generate(images.flip(0), seeds[::-1]))


@pytest.mark.parametrize("name", NAMES)
def test_seeds_matter_for_what_is_drawn_at_random_alone(name):
    images = batch()
    same = torch.equal(make(name).generate(images, [1]), make(name).generate(images, [2]))
    assert same is (name not in SEEDED)


@pytest.mark.parametrize("name", NAMES)
def test_input_is_rounded_to_eight_bits_first(name):
    images = batch()
    nudged = images + 0.4 / 255
    assert torch.equal(make(name).generate(nudged, [3]), make(name).generate(images, [3]))


@pytest.mark.parametrize("name", NAMES)
def test_memory_layout_does_not_matter_and_the_input_stays_as_it_was(name):
    images = batch(count=2)
    expected = make(name).generate(images, [1, 2])
    wide = torch.zeros(2, 3, 80, 112)
    wide[:, :, ::2, ::2] = images
    for other in (images.contiguous(memory_format=torch.channels_last), wide[:, :, ::2, ::2]):
        before = other.clone()
        assert torch.equal(make(name).generate(other, [1, 2]), expected)
        assert torch.equal(other, before)


@pytest.mark.parametrize("name", NAMES)
def test_global_random_generators_are_left_alone(name):
    torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
    make(name).generate(batch(), [1])
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state[1])
    assert np.random.get_state()[2] == numpy_state[2]
    assert random.getstate() == python_state


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"mean-blur"}))
def test_strength_spans_what_the_parameter_takes_from_mild_to_strong(name):
    component, images = COMPONENTS[name], batch(128, 128)
    parameter, mildest, strongest = component.traits["strength"]
    module, cls = component.factory.split(":")
    factory = getattr(importlib.import_module(module), cls)
    ends = [factory(component.params(**{parameter: value})) for value in (mildest, strongest)]
    mild, strong = (((end.generate(images, [1]) - images) ** 2).mean() for end in ends)
    assert 0 < mild < strong


@pytest.mark.parametrize("name", ["mean-blur", "gaussian-blur", "jpeg", "jpeg2000"])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_uniform_grey_stays_within_a_level_or_two(name, level):
    images = torch.full((1, 3, 64, 64), level / 255)
    error = (make(name).generate(images, [1]) - images).abs().max() * 255
    assert error <= {"mean-blur": 0, "gaussian-blur": 0, "jpeg": 8, "jpeg2000": 2}[name]


# rounding


def test_every_level_is_the_float_nearest_to_its_quotient():
    images = from_uint8(np.arange(256, dtype=np.uint8)).numpy()
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, (np.arange(256) / 255).astype(np.float32))
    np.testing.assert_array_equal(to_uint8(torch.from_numpy(images)), np.arange(256))


def test_values_outside_the_range_are_clipped():
    np.testing.assert_array_equal(to_uint8(torch.tensor([-0.5, 0.0, 1.0, 1.5])), [0, 0, 255, 255])


# mean-blur


def mean_of_square(pixels, size):
    """Each pixel's mean evaluated as whole numbers in Python, borders replicated, rounded half up."""
    height, width = pixels.shape
    radius = size // 2

    def at(row, column):
        return int(pixels[min(max(row, 0), height - 1), min(max(column, 0), width - 1)])

    span = range(-radius, radius + 1)
    sums = [[sum(at(r + i, c + j) for i in span for j in span) for c in range(width)] for r in range(height)]
    return [[(2 * total + size**2) // (2 * size**2) for total in row] for row in sums]


def test_mean_blur_of_a_small_example():
    pixels = np.array([[0, 0, 0], [0, 255, 0], [0, 0, 9]], dtype=np.uint8)
    result = to_uint8(MeanBlur(MeanBlurParams()).generate(from_uint8(np.stack([pixels] * 3)[None]), [0]))
    np.testing.assert_array_equal(result[0, 1], [[28, 28, 28], [28, 29, 30], [28, 30, 32]])


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    size=st.sampled_from([3, 5, 7, 17, 31]),
    seed=st.integers(0, 99),
)
def test_mean_blur_is_exact(height, width, size, seed):
    pixels = np.random.default_rng(seed).choice(np.array([0, 1, 127, 254, 255], dtype=np.uint8), (1, 3, height, width))
    result = to_uint8(MeanBlur(MeanBlurParams(size=size)).generate(from_uint8(pixels), [0]))
    for channel in range(3):
        np.testing.assert_array_equal(result[0, channel], mean_of_square(pixels[0, channel], size))


@pytest.mark.parametrize("size", [3, 15, 17, 101])
def test_mean_blur_equals_scipys_filter_rounded(size):
    pixels = levels(40, 56, count=2)
    pixels[1] = 255  # the largest sums
    sums = ndimage.correlate(pixels.astype(np.int64), np.ones((1, 1, size, size), np.int64), mode="nearest")
    result = MeanBlur(MeanBlurParams(size=size)).generate(from_uint8(pixels), [0, 0])
    np.testing.assert_array_equal(to_uint8(result), np.rint(sums / size**2))


@pytest.mark.parametrize("size", [1, 2, 4, 257])
def test_mean_blur_refuses_other_sizes(size):
    with pytest.raises(ValueError, match="size"):
        MeanBlurParams(size=size)


# gaussian-blur


def gaussian_weights(sigma, radius):
    """A Gaussian cut at ``radius``, as numbers that sum up to 1."""
    bell = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return bell / bell.sum()


@pytest.mark.parametrize(("sigma", "radius"), [(0.4, 2), (1.0, 4), (2.6, 11)])
def test_gaussian_blur_of_a_point_is_the_kernel_cut_at_four_sigmas(sigma, radius):
    side = 2 * radius + 5
    pixels = np.zeros((1, 3, side, side), dtype=np.uint8)
    pixels[:, :, side // 2, side // 2] = 255
    result = to_uint8(GaussianBlur(GaussianBlurParams(sigma=sigma)).generate(from_uint8(pixels), [0]))
    weights = np.pad(gaussian_weights(sigma, radius), 2)
    np.testing.assert_array_equal(result[0, 1], np.rint(255 * np.outer(weights, weights)))


def test_gaussian_blur_of_a_step_is_the_kernels_cumulated_weights():
    pixels = np.zeros((1, 3, 30, 60), dtype=np.uint8)
    pixels[..., 30:] = 255
    result = to_uint8(GaussianBlur(GaussianBlurParams(sigma=3.0)).generate(from_uint8(pixels), [0]))
    rise = np.rint(255 * np.cumsum(gaussian_weights(3.0, 12)))
    expected = np.concatenate([np.zeros(18), rise, np.full(17, 255)])
    np.testing.assert_array_equal(result[0, 0], np.tile(expected, (30, 1)))


@pytest.mark.parametrize("sigma", [0.1, 0.4, 1.0, 7.3, 15.0, 100.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 3), (40, 56)])
def test_gaussian_blur_equals_scipys_filter_rounded(sigma, size):
    pixels = levels(*size, count=2)
    pixels[1] = 255  # the largest sums
    radius = (0, 0, math.ceil(4 * sigma), math.ceil(4 * sigma))
    exact = ndimage.gaussian_filter(pixels.astype(float), (0, 0, sigma, sigma), mode="nearest", radius=radius)
    result = to_uint8(GaussianBlur(GaussianBlurParams(sigma=sigma)).generate(from_uint8(pixels), [0, 0]))
    assert np.abs(result - exact).max() < 0.501  # the nearest level, but for weights rounded to 2**-22


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 9) | st.sampled_from([15, 16, 17, 33]),
    width=st.integers(1, 9) | st.sampled_from([31, 32, 65]),
    sigma=st.sampled_from([0.1, 0.4, 1.0, 2.5, 4.0, 4.1, 15.0]),
    seed=st.integers(0, 99),
)
def test_gaussian_blur_is_exact(height, width, sigma, seed):
    pixels = np.random.default_rng(seed).choice(np.array([0, 1, 127, 254, 255], dtype=np.uint8), (1, 3, height, width))
    result = to_uint8(GaussianBlur(GaussianBlurParams(sigma=sigma)).generate(from_uint8(pixels), [0]))
    for channel in range(3):
        np.testing.assert_array_equal(result[0, channel], gaussian_in_whole_numbers(pixels[0, channel], sigma))


def gaussian_in_whole_numbers(pixels, sigma):
    """Both passes in Python's integers, weights in units of 2**-22, borders replicated, rounded half up."""
    radius = math.ceil(4 * sigma)
    side = [round(2**22 * float(weight)) for weight in gaussian_weights(sigma, radius)[:radius]]
    weights = [*side, 2**22 - 2 * sum(side), *reversed(side)]

    def filtered(lines):
        def at(line, place):
            return line[min(max(place, 0), len(line) - 1)]

        span = list(enumerate(weights, start=-radius))
        return [[sum(w * at(line, c + i) for i, w in span) for c in range(len(line))] for line in lines]

    across = filtered(pixels.tolist())
    down = filtered([list(column) for column in zip(*across, strict=True)])
    return [[(total + 2**43) // 2**44 for total in row] for row in zip(*down, strict=True)]


@pytest.mark.parametrize("sigma", [0.0, 0.05, -1.0, 101.0, math.nan])
def test_gaussian_blur_refuses_other_sigmas(sigma):
    with pytest.raises(ValueError, match="sigma"):
        GaussianBlurParams(sigma=sigma)


# white-noise


def test_white_noise_is_the_seeds_normal_draws_added():
    images, variance = batch(), 0.02
    draws = np.random.Generator(np.random.PCG64(11)).standard_normal((3, 40, 56), dtype=np.float32)
    expected = np.rint(255 * np.clip(images[0].numpy().astype(float) + math.sqrt(variance) * draws, 0, 1))
    result = to_uint8(WhiteNoise(WhiteNoiseParams(variance=variance)).generate(images, [11]))[0]
    difference = np.abs(result.astype(int) - expected)
    assert difference.max() <= 1  # a draw within float32's rounding of a tie
    assert (difference > 0).mean() < 1e-3


def test_white_noise_has_the_variance_asked_for_and_no_bias():
    grey, variance = torch.full((1, 3, 200, 200), 128 / 255), 0.01
    noise = (WhiteNoise(WhiteNoiseParams(variance=variance)).generate(grey, [4]) - grey).numpy().astype(float)
    assert noise.mean() == pytest.approx(0, abs=5 * math.sqrt(variance / noise.size))
    assert noise.var() == pytest.approx(variance + 1 / 255**2 / 12, rel=5 * math.sqrt(2 / noise.size))
    channels = np.corrcoef(noise[0].reshape(3, -1))
    assert np.abs(channels - np.eye(3)).max() < 5 / math.sqrt(noise.size / 3)


def test_white_noise_at_its_default_mostly_clips():
    grey = torch.full((1, 3, 100, 100), 128 / 255)
    result = WhiteNoise(WhiteNoiseParams()).generate(grey, [4])
    clipped = ((result == 0) | (result == 1)).double().mean()
    beyond = math.erfc(0.5 / math.sqrt(0.5) / math.sqrt(2))  # a normal draw further than half the range away
    assert clipped == pytest.approx(beyond, abs=0.02)


def test_white_noise_needs_a_seed_for_every_image():
    with pytest.raises(ValueError, match="zip"):
        make("white-noise").generate(batch(count=2), [1])


def test_white_noise_of_identical_images_follows_their_seeds():
    images = batch().repeat(2, 1, 1, 1)
    same, other = make("white-noise").generate(images, [3, 3]), make("white-noise").generate(images, [3, 4])
    assert torch.equal(same[0], same[1])
    assert not torch.equal(other[0], other[1])


@pytest.mark.parametrize("variance", [0.0, -1.0, math.inf, math.nan])
def test_white_noise_refuses_other_variances(variance):
    with pytest.raises(ValueError, match="variance"):
        WhiteNoiseParams(variance=variance)


# jpeg and jpeg2000


@pytest.mark.parametrize("quality", [0, 10, 95])
def test_jpeg_equals_pillows_file(quality):
    pixels = levels(40, 56)
    expected = pillow_round_trip(pixels[0].transpose(1, 2, 0), format="JPEG", quality=quality)
    result = Jpeg(JpegParams(quality=quality)).generate(from_uint8(pixels), [0])
    np.testing.assert_array_equal(to_uint8(result)[0].transpose(1, 2, 0), expected)


def test_jpeg_quality_zero_is_one():
    zero, one = (Jpeg(JpegParams(quality=quality)).generate(batch(), [0]) for quality in (0, 1))
    assert torch.equal(zero, one)


@pytest.mark.parametrize("rate", [2.0, 24.0, 100.0])
def test_jpeg2000_equals_pillows_codestream(rate):
    pixels = levels(96, 128)
    options = {"quality_mode": "rates", "quality_layers": [rate], "irreversible": True, "no_jp2": True}
    expected = pillow_round_trip(pixels[0].transpose(1, 2, 0), format="JPEG2000", **options)
    result = Jpeg2000(Jpeg2000Params(rate=rate)).generate(from_uint8(pixels), [0])
    np.testing.assert_array_equal(to_uint8(result)[0].transpose(1, 2, 0), expected)


@pytest.mark.parametrize(
    ("mild", "strong"),
    [
        (MeanBlur(MeanBlurParams(size=3)), MeanBlur(MeanBlurParams(size=9))),
        (GaussianBlur(GaussianBlurParams(sigma=0.5)), GaussianBlur(GaussianBlurParams(sigma=3.0))),
        (WhiteNoise(WhiteNoiseParams(variance=0.02)), WhiteNoise(WhiteNoiseParams(variance=0.5))),
        (Jpeg(JpegParams(quality=50)), Jpeg(JpegParams(quality=0))),
        (Jpeg2000(Jpeg2000Params(rate=10)), Jpeg2000(Jpeg2000Params(rate=100))),
    ],
    ids=["mean-blur", "gaussian-blur", "white-noise", "jpeg", "jpeg2000"],
)
def test_stronger_parameters_take_the_image_further_away(mild, strong):
    images = batch(128, 128)
    near, far = (((g.generate(images, [1]) - images) ** 2).mean() for g in (mild, strong))
    assert 0 < near < far


def test_an_image_that_the_encoder_cannot_hold_is_a_clear_error():
    too_wide = torch.zeros(1, 3, 1, 65501)
    with pytest.raises(ImageError, match=r"cannot make a JPEG of 65501x1 pixels") as caught:
        make("jpeg").generate(too_wide, [0])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("params", "name", "value"), [(JpegParams, "quality", 101), (Jpeg2000Params, "rate", 1.0)])
def test_codecs_refuse_parameters_out_of_range(params, name, value):
    with pytest.raises(ValueError, match=name):
        params(**{name: value})


# motion blur, pixelate, quantise, contrast


@pytest.mark.parametrize(("angle", "axis"), [(0, 1), (90, 0), (180, 1), (-90, 0)])
def test_motion_along_an_axis_is_the_mean_of_the_interpolated_line(angle, axis):
    pixels = levels(30, 40)
    made = to_uint8(MotionBlur(MotionBlurParams(length=6.0, angle=float(angle))).generate(from_uint8(pixels), [0]))
    offsets = np.linspace(-3, 3, 97)
    lines = [
        ndimage.shift(
            pixels[0].astype(float), (0, *(offset * (axis == own) for own in (0, 1))), order=1, mode="nearest"
        )
        for offset in offsets
    ]
    assert np.abs(made[0] - np.mean(lines, axis=0)).max() <= 0.5 + 1e-6


def test_motion_turns_with_its_angle_and_keeps_the_mean():
    point = np.zeros((1, 3, 41, 41), dtype=np.uint8)
    point[..., 20, 20] = 255
    made = to_uint8(MotionBlur(MotionBlurParams(length=8.0, angle=45.0)).generate(from_uint8(point), [0]))[0, 0]
    rows, columns = np.nonzero(made)
    assert {(row, 40 - column) for row, column in zip(rows, columns, strict=True)} <= {
        (row, row + off) for row in range(41) for off in (-1, 0, 1)
    }  # anticlockwise: up to the right
    assert rows.max() - rows.min() == pytest.approx(8 * math.sin(math.radians(45)), abs=1.5)
    assert made.sum() == pytest.approx(255, abs=6)
    flat = from_uint8(np.full((1, 3, 9, 12), 77, dtype=np.uint8))
    assert torch.equal(MotionBlur(MotionBlurParams(length=30.0, angle=20.0)).generate(flat, [0]), flat)


@pytest.mark.parametrize("size", [2, 3, 7, 64])
def test_pixelate_gives_the_mean_of_every_square_cut_at_the_border(size):
    pixels = levels(20, 31)
    made = to_uint8(Pixelate(PixelateParams(size=size)).generate(from_uint8(pixels), [0]))
    for top in range(0, 20, size):
        for left in range(0, 31, size):
            place = np.s_[:, :, top : top + size, left : left + size]
            mean = np.floor(pixels[place].mean(axis=(2, 3), keepdims=True) + 0.5)
            assert np.array_equal(made[place], np.broadcast_to(mean, made[place].shape))


@pytest.mark.parametrize("count", [2, 3, 8, 128])
def test_quantise_takes_the_nearest_of_even_levels(count):
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16).repeat(3, axis=1)
    made = to_uint8(Quantise(QuantiseParams(levels=count)).generate(from_uint8(ramp), [0]))[0, 0].ravel()
    allowed = np.floor(np.arange(count) * 255 / (count - 1) + 0.5)
    assert set(made) == set(allowed)
    value, exact = np.arange(256.0), np.arange(count) * 255 / (count - 1)
    assert (np.abs(made - value) <= np.abs(exact[:, None] - value).min(axis=0) + 0.5).all()


def test_contrast_draws_towards_the_mean_of_each_image():
    pixels = levels(20, 31, count=2)
    made = to_uint8(Contrast(ContrastParams(factor=0.3)).generate(from_uint8(pixels), [0, 0]))
    for own, drawn in zip(pixels.astype(float), made, strict=True):
        assert np.array_equal(drawn, np.floor(own.mean() + 0.3 * (own - own.mean()) + 0.5))
