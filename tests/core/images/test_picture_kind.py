"""Kinds of pictures: drawn, printed, and photographed ones, at their worst."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFilter
import PIL.ImageFont
import pytest

from veiqa_core.datasets import distort
from veiqa_core.datasets.distort import Level
from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_core.remarks import DRAWN, FEW_COLOURS, TEXT, TOO_SMALL, unsure

PHOTOS = sorted((Path(__file__).parents[3] / "docs" / "images").glob("*.png"))
WORDS = ("where", "input", "and", "reference", "look", "alike", "little", "is", "left", "to", "spoil")


def page(size: int, ink: int = 20, paper: int = 245) -> PIL.Image.Image:
    """A page of words."""
    made = PIL.Image.new("L", (640, 480), paper)
    draw, font = PIL.ImageDraw.Draw(made), PIL.ImageFont.load_default(size)
    for line in range(480 // (2 * size)):
        words = " ".join(WORDS[(line + place) % len(WORDS)] for place in range(12))
        draw.text((20, 10 + line * 2 * size), words, ink, font)
    return made


def scanned(picture: PIL.Image.Image, blur: float, noise: float, seed: int = 0) -> PIL.Image.Image:
    soft = np.asarray(picture.filter(PIL.ImageFilter.GaussianBlur(blur)), dtype=float)
    shade = np.linspace(0, 15, soft.shape[1])
    levels = soft - shade + np.random.default_rng(seed).normal(0, noise, soft.shape)
    return PIL.Image.fromarray(np.clip(levels, 0, 255).round().astype(np.uint8))


def screen() -> PIL.Image.Image:
    """A window with text, a bar and a thumbnail."""
    made = PIL.Image.new("RGB", (800, 600), (250, 250, 252))
    made.paste(page(16, 30, 250).convert("RGB").crop((0, 0, 560, 440)), (200, 100))
    draw = PIL.ImageDraw.Draw(made)
    draw.rectangle((0, 0, 800, 60), (40, 70, 160))
    for row in range(8):
        draw.rectangle((20, 90 + 50 * row, 160, 120 + 50 * row), (225, 228, 235), (90, 90, 110))
    with PIL.Image.open(PHOTOS[0]) as photo:
        made.paste(photo.convert("RGB").resize((120, 90)), (660, 480))
    return made


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_a_photo_is_one(path: Path) -> None:
    assert read(path).kind is None


@pytest.mark.parametrize("kind", ["GB", "WN", "JPEG", "JP2K", "IN", "PIXEL", "SHARP", "CC-UP", "FOG", "AVIF"])
def test_so_is_a_distorted_one(kind: str) -> None:
    if kind == "AVIF" and ".avif" not in PIL.Image.registered_extensions():
        pytest.skip("this Pillow does not write it")
    registry = installed()
    photo = read(PHOTOS[0])
    for severity in (0.3, 1.0):
        worse = distort.degrade(photo, distort.find(kind, registry), Level("x", "severity", severity)).image
        assert worse.kind is None


def test_jpeg_at_its_worst_is_no_drawing() -> None:
    with PIL.Image.open(PHOTOS[0]) as photo:
        for quality in (1, 3, 5, 10):
            file = io.BytesIO()
            photo.convert("RGB").save(file, "jpeg", quality=quality)
            assert read(PIL.Image.open(file)).kind is None


def test_pages_and_their_scans_are_text() -> None:
    for size in (14, 20):
        for blur, noise in ((0.6, 2.0), (1.0, 4.0)):
            assert read(scanned(page(size), blur, noise)).kind == TEXT


def test_what_is_drawn_is_no_photo() -> None:
    assert read(screen()).kind == DRAWN
    mask = PIL.Image.new("L", (300, 300))
    PIL.ImageDraw.Draw(mask).ellipse((50, 50, 200, 250), 255)
    assert read(mask).kind == FEW_COLOURS


def test_small_pictures_cannot_be_judged() -> None:
    with PIL.Image.open(PHOTOS[0]) as photo:
        assert read(photo.convert("RGB").resize((127, 300))).kind == TOO_SMALL
        assert read(photo.convert("RGB").resize((128, 300))).kind is None


def test_the_kind_is_that_of_the_picture_as_it_was_given() -> None:
    assert read(screen(), view=400).kind == DRAWN


def test_each_kind_makes_a_score_a_guess() -> None:
    assert all(unsure(["fitted by torch", kind]) for kind in (TOO_SMALL, FEW_COLOURS, DRAWN, TEXT))
    assert not unsure(["one colour throughout"])
