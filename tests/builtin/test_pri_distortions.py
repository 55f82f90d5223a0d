"""The further distortions hold their definitions: against closed forms, and formulas written independently here."""

from __future__ import annotations

import colorsys
import importlib.util
import io
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from veiqa_core.datasets import distort
from veiqa_core.datasets.distort import Level, degrade
from veiqa_core.errors import UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_pri.eight_bit import from_uint8, to_uint8
from veiqa_pri.lens import disc

PHOTO = Path(__file__).parents[2] / "docs" / "images" / "chelsea.png"
OWN = [item for item in installed().of_kind("pri") if item.dist == "veiqa" and not item.missing]
STRONG = [item.name for item in OWN if "strength" in item.component.traits]
without_avif = pytest.mark.skipif(importlib.util.find_spec("PIL._avif") is None, reason="this Pillow has no AVIF")


def made(name, pixels, seed=0, **params):
    """What a generator makes of pixels ``[H, W, 3]``."""
    generator = installed().part("pri", name, params).create()
    return to_uint8(generator.generate(from_uint8(pixels.transpose(2, 0, 1)[None]), [seed]))[0].transpose(1, 2, 0)


def flat(level, height=200, width=200):
    return np.full((height, width, 3), level, dtype=np.uint8)


def random_pixels(height=24, width=31, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def photo():
    with Image.open(PHOTO) as picture:
        return np.asarray(picture.crop((120, 60, 248, 188)).convert("RGB"))


def light(levels):
    """sRGB's light in [0, 1], written out (IEC 61966-2-1)."""
    value = np.asarray(levels) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def levels(light):
    value = np.clip(light, 0, 1)
    return 255 * np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)


def covariance(pixels, level):
    """Of the noise in R, G and B on a flat grey, for values in [0, 1]."""
    return np.cov((pixels.reshape(-1, 3) - float(level)).T / 255)


def correlation(field, down, right):
    """Of a field ``[H, W]`` with itself moved."""
    height, width = field.shape
    there, here = field[down:, right:], field[: height - down, : width - right]
    return (there * here).mean() / field.var()


# every generator with a strength


@pytest.mark.parametrize("name", STRONG)
def test_damage_grows_with_severity(name):
    picture, distortion = read(photo()), distort.find(name, installed())
    reached = [degrade(picture, distortion, Level("x", "severity", value)).psnr for value in (0, 0.25, 0.5, 0.75, 1)]
    assert all(mild >= strong for mild, strong in itertools.pairwise(reached))  # equal where no further block is lost
    assert reached[0] > 28
    assert reached[-1] < 29


@pytest.mark.parametrize("name", sorted({*STRONG} - {"camera"}))  # whose colours JPEG leaves or not
def test_grey_stays_grey_where_nothing_adds_colour(name):
    grey = np.repeat(photo()[..., 1:2], 3, axis=2)
    params = {"channels": "apart"} if name == "impulse-noise" else {}
    channels = np.ptp(made(name, grey, **params).astype(int), axis=2)
    coloured = {
        *("white-noise", "colour-noise", "correlated-noise", "high-frequency-noise", "impulse-noise"),
        *("multiplicative-noise", "camera-noise", "colour-cast", "chromatic-aberration", "noisy-jpeg"),
    }
    assert (channels.max() > 4) if name in coloured else (channels.max() <= 4)


def test_what_pillow_lacks_is_one_line_and_left_out_of_what_can_be_used(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if "avif" in name else find(name, *more))
    registry = installed()
    assert registry.get("pri", "avif").missing == ["PIL._avif"]
    message = r"pri 'avif' \(veiqa .*\) needs what is not installed here: PIL._avif; run: pip install 'veiqa\[avif\]'$"
    with pytest.raises(UsageError, match=message):
        registry.part("pri", "avif").create()
    with pytest.raises(UsageError, match=message):
        degrade(read(photo()), distort.find("AVIF", registry), Level("x", "severity", 0.5))


# blur


def test_a_disc_counts_each_pixel_by_its_area():
    centre, side, corner = (disc(1.0)[at] for at in ((1, 1), (1, 2), (0, 0)))
    whole = math.asin(0.5) + math.sqrt(3) / 4  # the disc of radius 1 between the heights -0.5 and 0.5, right half
    assert centre == pytest.approx(1 / math.pi, rel=1e-3)
    assert side == pytest.approx((whole - 0.5) / math.pi, rel=1e-3)
    assert corner == pytest.approx((math.pi - 4 * whole + 1) / 4 / math.pi, rel=1e-2)
    big = disc(9.3)
    assert big.shape == (19, 19)
    assert big.sum() == pytest.approx(1)
    assert big.max() == pytest.approx(1 / (math.pi * 9.3**2), rel=1e-4)
    assert np.allclose(big, big.T, atol=1e-5)


@pytest.mark.parametrize(("radius", "size"), [(0.8, (24, 31)), (3.0, (24, 31)), (7.7, (9, 5)), (30.0, (1, 6))])
def test_lens_blur_is_the_mean_of_the_disc(radius, size):
    pixels = random_pixels(*size)
    exact = ndimage.correlate(pixels.astype(float), disc(radius)[..., None], mode="nearest")
    assert np.abs(made("lens-blur", pixels, radius=radius) - exact).max() <= 0.5 + 1e-9


# noise


def test_colour_noise_is_white_in_luma_and_chroma():
    found = covariance(made("colour-noise", flat(128), 3, variance=0.003, luma=1.0), 128) / 0.003
    luma, red, blue = 255 / 219, 255 / 224 * 1.402, 255 / 224 * 1.772  # BT.601 in 8 bits
    of_blue, of_red = 0.344136 * 255 / 224, 0.714136 * 255 / 224
    mixing = np.array([[luma, 0, red], [luma, -of_blue, -of_red], [luma, blue, 0]])
    assert np.allclose(found, mixing @ mixing.T, atol=0.12)


def test_colour_noise_may_be_weaker_in_luma():
    def of_luma(seed, **params):
        return (made("colour-noise", flat(128), seed, variance=0.003, **params) - 128.0) @ [0.299, 0.587, 0.114]

    whole = of_luma(3, luma=1.0).std()
    assert of_luma(3, luma=0.5).std() == pytest.approx(whole / 2, rel=0.05)
    drawn = [of_luma(seed).std() / whole for seed in range(30)]
    assert 0.25 <= min(drawn) < 0.35 < 0.85 < max(drawn) <= 1.02


@pytest.mark.parametrize("size", [3, 5])
def test_correlated_noise_has_its_variance_and_the_correlation_of_a_mean(size):
    noise = made("correlated-noise", flat(128), 4, variance=0.004, size=size) - 128.0
    assert noise.var() / 255**2 == pytest.approx(0.004, rel=0.06)
    for lag in range(1, size + 1):
        assert correlation(noise[..., 0], 0, lag) == pytest.approx(1 - lag / size, abs=0.05)
        assert correlation(noise[..., 1], lag, 0) == pytest.approx(1 - lag / size, abs=0.05)
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.05


def test_high_frequency_noise_has_its_variance_and_the_correlation_of_a_difference():
    noise = made("high-frequency-noise", flat(128), 5, variance=0.004) - 128.0
    assert noise.var() / 255**2 == pytest.approx(0.004, rel=0.03)
    for (down, right), expected in {(0, 1): -12, (1, 0): -12, (1, 1): -14, (0, 2): 3, (2, 2): 1, (0, 3): 0}.items():
        assert correlation(noise[..., 0], down, right) == pytest.approx(expected / 72, abs=0.02)
    means = ndimage.uniform_filter(noise, (9, 9, 1))
    assert means.std() < 0.5 * noise.std() / 9  # white noise would leave a ninth


@pytest.mark.parametrize("channels", ["together", "apart", "either"])
def test_impulse_noise_is_a_share_of_salt_and_pepper_and_nothing_else(channels):
    few, many = (made("impulse-noise", flat(100), 6, share=share, channels=channels) for share in (0.02, 0.2))
    assert (many == 0).mean() == pytest.approx(0.1, abs=0.004)
    assert (many == 255).mean() == pytest.approx(0.1, abs=0.004)
    assert set(np.unique(many)) == {0, 100, 255}
    assert (few != 100).mean() == pytest.approx(0.02, abs=0.002)
    assert ((few == many) | (few == 100)).all()


def test_impulse_noise_strikes_the_channels_of_a_pixel_together_or_apart():
    def together(seed, **params):
        struck = made("impulse-noise", flat(100), seed, share=0.2, **params) != 100
        return struck.all(2).sum() / struck.any(2).sum()

    assert together(1, channels="together") == 1
    assert together(1, channels="apart") == pytest.approx(0.008 / (1 - 0.8**3), abs=0.003)
    drawn = {round(together(seed), 1) for seed in range(12)}
    assert drawn == {0.0, 1.0}


@pytest.mark.parametrize("level", [0, 40, 120])
def test_multiplicative_noise_grows_with_the_value(level):
    noise = made("multiplicative-noise", flat(level), 7, variance=0.01) - float(level)
    assert noise.std() == pytest.approx(math.hypot(0.1 * level, math.sqrt(1 / 12) if level else 0), rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("level", [90, 170])
def test_camera_noise_counts_photons_and_reads_them(level):
    photons, read_error = 500, 6.0
    found = light(made("camera-noise", flat(level), 8, photons=photons, read=read_error))
    expected = light(level) / photons + (read_error / photons) ** 2
    assert found.mean() == pytest.approx(light(level), rel=0.01)
    assert found.var() == pytest.approx(expected, rel=0.05)


# codecs


@pytest.mark.parametrize("quality", [0, 30, 95])
def test_webp_equals_pillows_file(quality):
    pixels, file = photo(), io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=quality)
    assert np.array_equal(made("webp", pixels, quality=quality), np.asarray(Image.open(file)))


@without_avif
@pytest.mark.parametrize("quality", [5, 60])
def test_avif_equals_pillows_file_whatever_the_threads(quality):
    pixels, file = photo(), io.BytesIO()
    Image.fromarray(pixels).save(file, "AVIF", quality=quality, speed=8, max_threads=2, autotiling=False)
    assert np.array_equal(made("avif", pixels, quality=quality), np.asarray(Image.open(file)))


def test_webp_of_an_image_too_wide_is_a_clear_error():
    with pytest.raises(Exception, match="Pillow cannot make a WEBP of 16384x1 pixels"):
        made("webp", flat(0, 1, 16384))


# fewer colours, fewer pixels


@pytest.mark.parametrize("colours", [2, 5, 64])
def test_a_palette_has_so_many_colours_and_dither_keeps_the_means(colours):
    pixels = photo()
    result = made("colour-quantise", pixels, colours=colours)
    assert 2 <= len(np.unique(result.reshape(-1, 3), axis=0)) <= colours
    palette = Image.fromarray(pixels).quantize(colours, method=Image.Quantize.MEDIANCUT)
    plain = np.asarray(Image.fromarray(pixels).quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB"))
    dithered, undithered = (
        np.abs(ndimage.uniform_filter(image - pixels.astype(float), (9, 9, 1))).mean() for image in (result, plain)
    )
    assert dithered < undithered


def test_an_image_of_few_colours_is_its_own_palette():
    pixels = np.array([[10, 20, 30], [200, 0, 90], [255, 255, 255]], dtype=np.uint8)[random_pixels()[..., 0] % 3]
    assert np.array_equal(made("colour-quantise", pixels, colours=8), pixels)


def test_resampling_keeps_what_is_slow_and_loses_what_is_fast():
    rows, columns = np.indices((48, 60))
    slow = np.repeat((2 * rows + 2 * columns)[..., None], 3, axis=2).astype(np.uint8)
    fast = np.repeat((255 * ((rows + columns) % 2))[..., None], 3, axis=2).astype(np.uint8)
    kept, lost = (made("resample", pixels, factor=3.0).astype(int) for pixels in (slow, fast))
    inner = np.s_[8:-8, 8:-8]
    assert np.abs(kept - slow)[inner].max() <= 1
    assert np.abs(lost - 127.5)[inner].max() <= 8
    assert np.array_equal(made("resample", flat(77, 3, 5), factor=64.0), flat(77, 3, 5))


# enhancement


@pytest.mark.parametrize(("amount", "radius"), [(0.5, 1.0), (6.0, 2.5)])
def test_sharpening_adds_the_difference_from_the_blurred(amount, radius):
    pixels = photo()
    blurred = ndimage.gaussian_filter(pixels.astype(float), (radius, radius, 0), mode="reflect")
    exact = np.clip(pixels + amount * (pixels - blurred), 0, 255)
    assert np.abs(made("sharpen", pixels, amount=amount, radius=radius) - exact).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("weight", [0.1, 0.3])
def test_denoising_moves_the_sides_of_an_edge_as_total_variation_does(weight):
    pixels = flat(60, 12, 16)
    pixels[:, 8:] = 180
    result = made("denoise", pixels, weight=weight).astype(float)
    move = 255 * weight / 8  # weight over the pixels of a line on one side
    assert result[:, :8].mean() == pytest.approx(60 + move, abs=0.5)  # of the side: it is not yet even after 60 steps
    assert result[:, 8:].mean() == pytest.approx(180 - move, abs=0.5)


def test_denoising_removes_noise_of_its_weight_and_keeps_the_edge():
    pixels = flat(60, 64, 64)
    pixels[:, 32:] = 180
    noisy = made("white-noise", pixels, variance=0.005)
    result = made("denoise", noisy, weight=0.15).astype(float)
    assert np.abs(result - pixels)[:, np.r_[4:28, 36:60]].mean() < 0.3 * np.abs(noisy - pixels.astype(float)).mean()
    assert result[:, 35].mean() - result[:, 28].mean() > 90


# tone


def lightness(level):
    luminance = light(level)
    return np.where(luminance > 216 / 24389, 116 * np.cbrt(luminance) - 16, 24389 / 27 * luminance)


@pytest.mark.parametrize("exponent", [1.3, 3.0])
@pytest.mark.parametrize(("name", "power"), [("darken", 1), ("brighten", -1)])
def test_lightness_of_greys_is_raised_to_the_power(name, power, exponent):
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    result = made(name, ramp, exponent=exponent)[0, :, 1]
    wanted = 100 * (lightness(np.arange(256)) / 100) ** (exponent**power)
    luminance = np.where(wanted > 8, ((wanted + 16) / 116) ** 3, wanted * 27 / 24389)
    assert np.abs(result - levels(luminance)).max() <= 0.6
    assert (result[0], result[255]) == (0, 255)


def test_raised_contrast_pushes_values_from_the_mean():
    pixels = photo()
    exact = np.clip(pixels.mean() + 1.7 * (pixels - pixels.mean()), 0, 255)
    assert np.abs(made("raise-contrast", pixels, factor=1.7) - exact).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("gamma", [0.45, 1.0, 2.2])
def test_gamma_is_a_power(gamma):
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    exact = [255 * (value / 255) ** gamma for value in range(256)]
    assert np.abs(made("gamma", ramp, gamma=gamma)[0, :, 2] - exact).max() <= 0.5 + 1e-9


# colour


@pytest.mark.parametrize("factor", [0.0, 0.4])
def test_desaturation_is_that_of_hsv(factor):
    pixels = random_pixels(6, 9)
    for found, given in zip(
        made("desaturate", pixels, factor=factor).reshape(-1, 3), pixels.reshape(-1, 3), strict=True
    ):
        hue, saturation, value = colorsys.rgb_to_hsv(*(given / 255))
        exact = 255 * np.array(colorsys.hsv_to_rgb(hue, factor * saturation, value))
        assert np.abs(found - exact).max() <= 0.5 + 1e-9


def lab(pixels):
    """CIELAB of sRGB pixels under D65, written out."""
    matrix = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    x, y, z = np.moveaxis(np.cbrt(light(pixels) @ matrix.T / np.array([0.95047, 1.0, 1.08883])), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def test_oversaturation_multiplies_the_chroma_of_lab():
    pixels = np.array([[[140, 120, 110], [100, 120, 125], [128, 128, 128], [120, 135, 118]]], dtype=np.uint8)
    wanted = lab(pixels) * np.array([1, 2.5, 2.5])
    assert np.abs(lab(made("oversaturate", pixels, factor=2.5)) - wanted).max() < 0.6


@pytest.mark.filterwarnings("error")
def test_colours_beyond_srgb_are_clipped_without_a_word():
    for name in ("oversaturate", "brighten", "darken"):
        assert made(name, random_pixels()).std() > 0


@pytest.mark.parametrize(("towards", "first", "last"), [("warm", 2.0, 0.5), ("cool", 0.5, 2.0)])
def test_a_cast_multiplies_light(towards, first, last):
    pixels = random_pixels()
    result = made("colour-cast", pixels, gain=2.0, towards=towards)
    for channel, factor in enumerate((first, 1, last)):
        exact = levels(light(pixels[..., channel]) * factor)
        assert np.abs(result[..., channel] - exact).max() <= 0.5 + 1e-9


def test_chromatic_aberration_magnifies_red_and_reduces_blue():
    rows, columns = np.indices((41, 61))
    pixels = np.repeat((3 * columns + rows)[..., None], 3, axis=2).astype(np.uint8)
    result = made("chromatic-aberration", pixels, shift=4.0).astype(float)
    factor = 1 + 4 / math.hypot(20, 30)  # the corner, 36 pixels from the centre, moves by 4
    red = 3 * (30 + (columns - 30) / factor) + 20 + (rows - 20) / factor
    blue = 3 * (30 + (columns - 30) * factor) + 20 + (rows - 20) * factor
    assert np.abs(result[..., 0] - red).max() <= 0.51
    assert np.abs(result[..., 2] - blue)[6:-6, 6:-6].max() <= 0.51
    assert np.array_equal(result[..., 1], pixels[..., 1])
    assert np.array_equal(made("chromatic-aberration", flat(9, 1, 1)), flat(9, 1, 1))


# blocks and fog


def test_blocks_are_lost_whole_and_more_with_a_greater_share():
    pixels = random_pixels(70, 101)
    few, many = (made("block-loss", pixels, 9, share=share, size=8) for share in (0.1, 0.4))
    lost = 0
    for top, left in itertools.product(range(0, 70, 8), range(0, 101, 8)):
        block = np.s_[top : top + 8, left : left + 8]
        gone = bool((many[block] == 128).all())
        assert gone or np.array_equal(many[block], pixels[block])
        assert np.array_equal(few[block], pixels[block]) or gone
        lost += gone
    assert lost / (9 * 13) == pytest.approx(0.4, abs=0.15)
    assert (made("block-loss", pixels, 9, share=1e-9, size=8) == 128).all(axis=2).sum() >= 40  # one block


@pytest.mark.parametrize(("row", "depth"), [(0, 1.0), (50, 0.6), (100, 0.2)])
def test_fog_lets_light_through_by_the_exponential_of_depth(row, depth):
    black, white = (made("fog", flat(level, 101, 4), density=1.2, airlight=0.8)[row] for level in (0, 255))
    through = math.exp(-1.2 * depth)
    assert np.abs(black - 255 * 0.8 * (1 - through)).max() <= 0.5
    assert np.abs(white - 255 * (through + 0.8 * (1 - through))).max() <= 0.5


# mixtures


def test_a_mixture_is_its_steps_in_turn():
    pixels = photo()
    reduced = made("resample", pixels, factor=6.0)
    sharpened = made("sharpen", reduced, amount=4.0)
    assert np.array_equal(made("upload", pixels, severity=1.0), made("webp", sharpened, quality=2))


def test_the_noise_of_a_mixture_is_that_of_its_step():
    grey = flat(128, 128, 128)
    mild = made("noisy-jpeg", grey, 1, severity=0.01) / 255.0
    assert mild.var() == pytest.approx(0.0005 * 0.5, rel=0.6)  # at quality 92 part of it is lost
    result = made("camera", grey, 1, severity=0.5)
    photons = math.sqrt(3000 * 25)
    noisy = made("camera-noise", grey, 1, photons=photons)
    assert 0 < result.std() < 0.6 * noisy.std()  # denoised


def test_the_images_of_a_mixture_follow_their_seeds():
    images = from_uint8(np.stack([photo().transpose(2, 0, 1)] * 2))
    generator = installed().part("pri", "camera", {"severity": 0.7}).create()
    same, other = generator.generate(images, [3, 3]), generator.generate(images, [3, 4])
    assert torch.equal(same[0], same[1])
    assert torch.equal(same[0], other[0])
    assert not torch.equal(other[0], other[1])
