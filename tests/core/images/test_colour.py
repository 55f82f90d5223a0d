"""Colour: profiles become sRGB, and sRGB stays bit for bit; 16 bits a channel are read whole; white is the ground."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL import ImageCms

from veiqa_core.images import read

RNG = np.random.default_rng(0)
LEVELS = RNG.integers(0, 256, (20, 24, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (20, 24, 4), dtype=np.uint16)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def pixels(source: Any) -> np.ndarray:
    return read(source).pixels[0].permute(1, 2, 0).numpy()


def profile(gamma: float, primaries: tuple[tuple[float, float, float], ...] = ()) -> bytes:
    """A small display profile, or without primaries one of grey, with a gamma in place of sRGB's curve."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = (0.9642, 1.0, 0.8249)
    tags = {b"wtpt": _xyz(white)}
    if primaries:
        tags |= dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, primaries), strict=True))
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    else:
        tags[b"kTRC"] = curve
    at, table, data = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        table += name + struct.pack(">II", at + len(data), len(content))
        data += content
    size = at + len(data)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", b"RGB " if primaries else b"GRAY", b"XYZ ")
    head = head.ljust(36, b"\0") + b"acsp"
    head = head.ljust(68, b"\0") + b"".join(struct.pack(">i", round(value * 65536)) for value in white)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


SRGB_PRIMARIES = (
    (0.4360747, 0.2225045, 0.0139322),
    (0.3850649, 0.7168786, 0.0971045),
    (0.1430804, 0.0606169, 0.7141733),
)
LINEAR = profile(1.0, SRGB_PRIMARIES)


def srgb_curve(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def png16(levels: np.ndarray, kind: int, *more: tuple[bytes, bytes]) -> bytes:
    """A PNG with 16 bits a channel, which Pillow does not write."""
    height, width = levels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    parts = ((b"IHDR", head), *more, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff", "webp", "avif"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_an_srgb_profile_alters_no_bit(tmp_path: Path, mode: str, suffix: str) -> None:
    if f".{suffix}" not in PIL.Image.registered_extensions():
        pytest.skip("this Pillow does not write it")
    if (mode, suffix) == ("RGBA", "jpg"):
        mode = "CMYK"  # without a profile of its own
    image = PIL.Image.fromarray(LEVELS).convert(mode)
    plain, tagged = tmp_path / f"plain.{suffix}", tmp_path / f"tagged.{suffix}"
    image.save(plain)
    image.save(tagged, icc_profile=SRGB)
    assert "icc_profile" in PIL.Image.open(tagged).info
    assert read(plain).digest == read(tagged).digest


def test_a_profile_close_to_srgb_is_srgb() -> None:
    image = PIL.Image.fromarray(LEVELS)
    image.info["icc_profile"] = profile(2.2, SRGB_PRIMARIES)
    assert not np.array_equal(pixels(image), LEVELS.astype(np.float32) / 255)  # gamma 2.2 is not sRGB's curve
    image.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(pixels(image), LEVELS.astype(np.float32) / 255)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_profile_becomes_srgb(tmp_path: Path, mode: str) -> None:
    """Linear light is known by its formula."""
    image = PIL.Image.fromarray(LEVELS).convert(mode)
    icc = LINEAR if mode == "RGB" else profile(1.0)
    image.save(tmp_path / "linear.png", icc_profile=icc)
    levels = np.asarray(image.convert("RGB")) / 255
    found = read(tmp_path / "linear.png")
    assert found.remarks == ()
    assert np.abs(pixels(tmp_path / "linear.png") - srgb_curve(levels)).max() < 1.5 / 255


def test_a_profile_is_applied_before_transparency_and_on_palettes(tmp_path: Path) -> None:
    levels = np.full((4, 4, 3), 128, np.uint8)
    half = PIL.Image.fromarray(np.dstack([levels, levels[..., :1]]))
    half.save(tmp_path / "half.png", icc_profile=LINEAR)
    colour = srgb_curve(np.array(128 / 255))
    assert pixels(tmp_path / "half.png") == pytest.approx(colour * 128 / 255 + 127 / 255, abs=2 / 255)
    palette = PIL.Image.fromarray(LEVELS).quantize(8)
    palette.save(tmp_path / "palette.png", icc_profile=LINEAR)
    expected = srgb_curve(np.asarray(palette.convert("RGB")) / 255)
    assert np.abs(pixels(tmp_path / "palette.png") - expected).max() < 1.5 / 255


@pytest.mark.parametrize(
    ("icc", "mode", "reported"),
    [
        (b"no profile at all", "RGB", "cannot open profile from string"),
        (SRGB[:200], "RGB", ""),
        (profile(1.0), "RGB", "it is one of GRAY, and the pixels are RGB"),
        (SRGB, "CMYK", "it is one of RGB, and the pixels are CMYK"),
    ],
)
def test_a_profile_that_cannot_be_used_is_told(tmp_path: Path, icc: bytes, mode: str, reported: str) -> None:
    image = PIL.Image.fromarray(LEVELS).convert(mode)
    image.save(tmp_path / "a.tiff", icc_profile=icc)
    found = read(tmp_path / "a.tiff")
    (remark,) = found.remarks
    assert remark.startswith(f"colour profile cannot be used: {reported}")
    assert read(image).digest == found.digest


def test_lab_is_what_its_numbers_say(tmp_path: Path) -> None:
    grey = np.zeros((4, 4, 3), np.uint8)
    grey[..., 0] = 137  # L* of 53.7, which is sRGB 128
    PIL.Image.frombytes("LAB", (4, 4), grey.tobytes()).save(tmp_path / "lab.tif")
    assert pixels(tmp_path / "lab.tif") == pytest.approx(128 / 255, abs=2 / 255)


@pytest.mark.parametrize("kind", ["png", "ppm"])
def test_rgb_of_16_bits_is_read_whole(tmp_path: Path, kind: str) -> None:
    rgb = DEEP[..., :3]
    ppm = b"P6\n24 20\n65535\n" + rgb.astype(">u2").tobytes()
    (tmp_path / "deep").write_bytes(ppm if kind == "ppm" else png16(rgb, 2))
    assert np.array_equal(pixels(tmp_path / "deep"), rgb.astype(np.float32) / np.float32(65535))


def test_transparency_of_16_bits_is_laid_on_white(tmp_path: Path) -> None:
    rgba, la = tmp_path / "rgba.png", tmp_path / "la.png"
    rgba.write_bytes(png16(DEEP, 6))
    alpha = DEEP[..., 3:] / 65535
    assert pixels(rgba) == pytest.approx(DEEP[..., :3] / 65535 * alpha + 1 - alpha, abs=1e-6)
    la.write_bytes(png16(DEEP[..., 2:], 4))
    assert pixels(la) == pytest.approx(np.repeat(DEEP[..., 2:3] / 65535 * alpha + 1 - alpha, 3, -1), abs=1e-6)
    value = DEEP[3, 4]
    (tmp_path / "grey.png").write_bytes(png16(DEEP[..., 0], 0, (b"tRNS", struct.pack(">H", value[0]))))
    (tmp_path / "rgb.png").write_bytes(png16(DEEP[..., :3], 2, (b"tRNS", struct.pack(">HHH", *value[:3]))))
    for name in ("grey.png", "rgb.png"):
        assert (pixels(tmp_path / name)[3, 4] == 1).all()
        assert pixels(tmp_path / name)[0, 0] == pytest.approx(
            DEEP[0, 0, :3] / 65535 if name[0] == "r" else DEEP[0, 0, 0] / 65535
        )


def test_16_bits_with_another_profile_are_rounded_and_that_is_told(tmp_path: Path) -> None:
    icc = b"x\0\0" + zlib.compress(LINEAR)
    (tmp_path / "deep.png").write_bytes(png16(DEEP[..., :3], 2, (b"iCCP", icc)))
    assert read(tmp_path / "deep.png").remarks == ("rounded to 8 bits a channel for its colour profile",)
    assert (
        np.abs(pixels(tmp_path / "deep.png") - srgb_curve(DEEP[..., :3] / 65535)).max() < 8 / 255
    )  # dark levels are steep
    (tmp_path / "srgb.png").write_bytes(png16(DEEP[..., :3], 2, (b"iCCP", b"x\0\0" + zlib.compress(SRGB))))
    assert np.array_equal(pixels(tmp_path / "srgb.png"), DEEP[..., :3].astype(np.float32) / np.float32(65535))


def test_grey_tiffs_of_16_bits_whose_zero_is_white(tmp_path: Path) -> None:
    stream = io.BytesIO()
    PIL.Image.fromarray(DEEP[..., 0]).save(stream, "TIFF", tiffinfo={262: 0})
    data = stream.getvalue()
    (tmp_path / "a.tif").write_bytes(data)
    assert PIL.Image.open(tmp_path / "a.tif").tag_v2[262] == 0
    assert pixels(tmp_path / "a.tif")[..., 0] == pytest.approx(1 - DEEP[..., 0] / 65535, abs=1e-6)


def test_floats_are_levels_from_0_to_1(tmp_path: Path) -> None:
    levels = RNG.random((8, 9), dtype=np.float32)
    PIL.Image.fromarray(levels).save(tmp_path / "float.tif")
    assert np.array_equal(pixels(tmp_path / "float.tif")[..., 1], levels)
    for bad in (np.nan, np.inf, -0.01, 255.0):
        levels[3, 4] = bad
        PIL.Image.fromarray(levels).save(tmp_path / "bad.tif")
        with pytest.raises(Exception, match=r"bad.tif: float pixels must be finite and lie in \[0, 1\]"):
            read(tmp_path / "bad.tif")


def test_an_orientation_is_applied_whatever_else_is_wrong_with_the_metadata(tmp_path: Path) -> None:
    image = PIL.Image.fromarray(LEVELS)
    exif = image.getexif()
    for orientation, turned in ((2, LEVELS[:, ::-1]), (3, LEVELS[::-1, ::-1]), (8, np.rot90(LEVELS)), (9, LEVELS)):
        exif[0x0112] = orientation
        for suffix in ("png", "tiff"):
            image.save(tmp_path / f"a.{suffix}", exif=exif)
            assert np.array_equal(pixels(tmp_path / f"a.{suffix}"), turned.astype(np.float32) / 255)
    image.save(tmp_path / "broken.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(pixels(tmp_path / "broken.png"), LEVELS.astype(np.float32) / 255)
