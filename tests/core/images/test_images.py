"""Decoding: whatever comes in becomes RGB in [0, 1], or one clear line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from veiqa_core.errors import ImageError
from veiqa_core.images import read

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
COLOUR = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)


def pixels(source: Any) -> np.ndarray:
    return read(source).pixels[0].permute(1, 2, 0).numpy()


def test_grey_colour_and_deep_arrays() -> None:
    assert np.array_equal(pixels(COLOUR), COLOUR.astype(np.float32) / 255)
    assert np.array_equal(pixels(GREY), np.repeat(GREY[..., None], 3, -1).astype(np.float32) / 255)
    deep = GREY.astype(np.uint16) * 257
    assert np.array_equal(pixels(deep), pixels(GREY))
    assert np.array_equal(pixels(torch.from_numpy(GREY)[None]), pixels(GREY))


@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp"])
def test_files_of_every_depth(tmp_path: Path, suffix: str) -> None:
    PIL.Image.fromarray(COLOUR).save(tmp_path / f"a.{suffix}")
    assert np.array_equal(pixels(tmp_path / f"a.{suffix}"), pixels(COLOUR))
    PIL.Image.fromarray(GREY).save(tmp_path / f"g.{suffix}")
    assert np.array_equal(pixels(str(tmp_path / f"g.{suffix}")), pixels(GREY))


def test_sixteen_bit_files_keep_their_depth(tmp_path: Path) -> None:
    deep = (np.arange(48).reshape(6, 8) * 1365).astype(np.uint16)
    PIL.Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.array_equal(pixels(tmp_path / "deep.png")[..., 0], deep.astype(np.float32) / 65535)


def test_palette_transparency_and_orientation(tmp_path: Path) -> None:
    clear = PIL.Image.new("RGBA", (8, 6), (255, 0, 0, 0))
    assert np.array_equal(pixels(clear), np.ones((6, 8, 3), np.float32))
    palette = PIL.Image.fromarray(COLOUR).quantize(4)
    assert np.array_equal(pixels(palette), pixels(palette.convert("RGB")))
    turned = PIL.Image.fromarray(COLOUR)
    exif = turned.getexif()
    exif[0x0112] = 6  # rotate by a quarter to view
    turned.save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(pixels(tmp_path / "turned.png"), np.rot90(pixels(COLOUR), -1))


def test_cmyk_and_one_bit_files_are_read(tmp_path: Path) -> None:
    PIL.Image.fromarray(COLOUR).convert("CMYK").save(tmp_path / "a.jpg")
    PIL.Image.fromarray(GREY).convert("1").save(tmp_path / "b.png")
    assert read(tmp_path / "a.jpg").size == read(tmp_path / "b.png").size == (8, 6)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((0, 5, 3), np.uint8), "array: has no pixels"),
        (
            np.zeros((5, 5, 4), np.uint8),
            r"array: one grey or RGB image .* is needed, not an array of shape \(5, 5, 4\)",
        ),
        (np.zeros((2, 3, 5, 5)), r"array: one grey or RGB image \[H, W, 3\] is needed"),
        (np.zeros((5, 5, 4)), r".*opacity, give array\[..., :3\]"),
        (np.zeros((5, 5, 2)), r".*opacity, give array\[..., 0\]"),
        (np.zeros((3, 5, 5)), r".*channels come first; give numpy.moveaxis\(array, 0, -1\)"),
        (np.zeros((2, 5, 5, 3)), ".*of a batch, give one image after another"),
        (np.full((5, 5), 255, np.int64), r".*give array.astype\(numpy.uint8\)"),
        (np.zeros((5, 5), bool), r".*of a mask, give array.astype\(float\)"),
        (np.full((5, 5), 2.0), ".*if white is 255, divide by 255"),
        (np.full((5, 5), np.nan), r"array: float pixels must be finite and lie in \[0, 1\]"),
        (np.full((5, 5), 255.0), r"array: float pixels must be finite and lie in \[0, 1\]"),
        (np.zeros((5, 5), np.int64), r"array: holds int64; use uint8, uint16, or floats in \[0, 1\]"),
        (3, "array: a path, bytes, array, Pillow image or tensor is needed, not int"),
    ],
)
def test_what_is_no_image_is_named(source: Any, message: str) -> None:
    with pytest.raises(ImageError, match=f"^{message}"):
        read(source)


def test_names_that_no_file_has() -> None:
    with pytest.raises(ImageError, match="cannot be read: File name too long"):
        read("x" * 300)


def test_byte_order_and_depth_beyond_16_bits() -> None:
    assert np.array_equal(pixels(GREY.astype(">u2") * 257), pixels(GREY))
    with pytest.raises(ImageError, match="holds integers beyond 16 bits"):
        read(PIL.Image.fromarray(np.full((4, 4), 70000, np.int32)))
    assert read(torch.rand(3, 4, 4).to(torch.bfloat16)).size == (4, 4)


def test_digest_and_seed_follow_the_content() -> None:
    same = {read(source).digest for source in (COLOUR, COLOUR / 255, PIL.Image.fromarray(COLOUR))}
    assert len(same) == 1
    other = COLOUR.copy()
    other[0, 0, 0] ^= 1
    assert read(other).digest not in same
    assert read(COLOUR.reshape(8, 6, 3)).digest not in same
    assert 0 <= read(COLOUR).seed < 2**63


def test_integers_of_32_bits_are_remarked_on(tmp_path: Path) -> None:
    """A picture of 0 to 255 kept so is nearly black by the rule, which its reader should know."""
    levels = np.arange(64, dtype=np.int32).reshape(8, 8)
    deep, usual = tmp_path / "deep.tif", tmp_path / "usual.tif"
    PIL.Image.fromarray(levels).save(deep)
    PIL.Image.fromarray(levels.astype(np.uint16)).save(usual)
    assert read(deep).remarks == ("32-bit integers taken as 16 bits",) == read(PIL.Image.fromarray(levels)).remarks
    assert read(usual).remarks == ()
    assert torch.equal(read(deep).pixels, read(usual).pixels)


def test_one_colour_throughout_is_remarked_on() -> None:
    clear = PIL.Image.new("RGBA", (9, 7), (10, 20, 30, 0))
    for plain in (np.full((5, 6, 3), 255, np.uint8), np.zeros((5, 6)), clear, np.full((4, 4, 3), (9, 8, 7), np.uint8)):
        assert read(plain).remarks == ("one colour throughout",)
    letterboxed = np.zeros((5, 6, 3), np.uint8)
    letterboxed[2, 3, 1] = 1
    assert read(letterboxed).remarks == read(COLOUR).remarks == ()
