"""Contents known again by how they look: copies are found, others are not."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from PIL import ImageFilter, ImageOps

from veiqa_core import images
from veiqa_core.datasets import likeness

PHOTOS = Path(__file__).parents[3] / "docs" / "images"
Picture = PIL.Image.Image


def photo(name: str) -> Picture:
    with PIL.Image.open(PHOTOS / f"{name}.png") as opened:
        return opened.convert("RGB")


def marks(picture: Picture) -> frozenset[str]:
    look = likeness.look(images.read(picture))
    return frozenset() if look is None else frozenset([look])


def compressed(picture: Picture) -> Picture:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=20)
    return PIL.Image.open(stream)


@pytest.mark.parametrize(
    "copy",
    [
        compressed,
        ImageOps.mirror,
        ImageOps.grayscale,
        lambda picture: picture.resize((200, 200)),
        lambda picture: picture.filter(ImageFilter.GaussianBlur(4)),
    ],
)
def test_a_copy_is_known_again_and_another_photo_is_not(copy: Callable[[Picture], Picture]) -> None:
    known = marks(photo("chelsea"))
    made = [marks(copy(photo(name))) for name in ("chelsea", "coffee")]
    assert likeness.look_alike(made, known).tolist() == [True, False]
    assert not likeness.look_alike(made, frozenset(["name:chelsea", "dhash:no", "sha256:0"])).any()


def test_plain_pictures_have_no_look() -> None:
    ramp = np.tile(np.arange(0, 240, 2, dtype=np.uint8), (50, 1))
    for plain in (np.full((40, 50), 90, dtype=np.uint8), ramp, ramp[:, ::-1].copy()):
        assert marks(PIL.Image.fromarray(plain)) == frozenset()


def test_names_are_compared_without_folder_ending_and_case() -> None:
    known = frozenset([likeness.name("refimgs/Caps.BMP")])
    given = [frozenset([likeness.name(text)]) for text in ("caps", "a/CAPS.png", "caps2.png", "caf\u00e9.png")]
    assert likeness.named_alike(given, known).tolist() == [True, True, False, False]
    assert likeness.name("caf\u00e9.png") == likeness.name("cafe\u0301.webp")
    assert likeness.name("scene.1") != likeness.name("scene.2")
