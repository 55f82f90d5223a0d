"""Big images reduced to a view: antialiased, at full precision, and known again by what was given."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from making import photo

from veiqa_core.images import Image, Sizes, read, viewed_size, viewing

DEEP = (photo(90, 130).astype(np.uint16) << 8) + photo(90, 130, seed=4)


@pytest.mark.parametrize(
    ("size", "view", "seen"),
    [
        ((4000, 3000), 1024, (1024, 768)),
        ((3000, 4000), 1024, (768, 1024)),
        ((1024, 1024), 1024, (1024, 1024)),
        ((1025, 3), 1024, (1024, 3)),
        ((60000, 20), 64, (64, 1)),
        ((4000, 3000), None, (4000, 3000)),
    ],
)
def test_the_longer_side_is_the_view(size: tuple[int, int], view: int | None, seen: tuple[int, int]) -> None:
    assert viewed_size(size, view) == seen


@pytest.mark.parametrize("pixels", [photo(90, 130), DEEP, DEEP / 65535], ids=["8 bits", "16 bits", "floats"])
def test_images_are_reduced_at_full_precision(pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "_STRIP", 7 * 130)  # so that there are several
    whole = read(pixels)
    seen = read(pixels, view=64)
    assert seen.sizes == Sizes((130, 90), (64, 44))
    assert seen.sizes.reduced
    assert not whole.sizes.reduced
    for channel, given in zip(seen.pixels[0], whole.pixels[0], strict=True):
        image = PIL.Image.fromarray(given.numpy()).resize((64, 44), PIL.Image.Resampling.LANCZOS)
        assert np.array_equal(channel.numpy(), np.asarray(image).clip(0, 1))
    assert not torch.equal((seen.pixels * 255).round() / 255, seen.pixels)


def test_levels_and_the_same_values_as_floats_are_reduced_to_the_same_bits() -> None:
    levels = photo(90, 130)
    one, other = read(levels, view=64), read(levels.astype(np.float32) / 255, view=64)
    assert torch.equal(one.pixels, other.pixels)
    assert (one.digest, one.key, one.seed) == (other.digest, other.key, other.seed)


def test_what_is_too_fine_to_be_seen_becomes_its_mean_and_nothing_leaves_the_range() -> None:
    board = np.indices((256, 256)).sum(0) % 2 * np.uint8(255)
    fine = read(board.astype(np.uint8), view=64).pixels
    assert torch.allclose(fine[..., 2:-2, 2:-2], torch.tensor(0.5), atol=0.002)
    edge = np.zeros((256, 256), np.uint8)
    edge[:, 128:] = 255
    assert read(edge, view=64).pixels.aminmax() == (0, 1)


def test_an_image_is_known_by_what_was_given_and_kept_by_how_it_was_seen() -> None:
    pixels = photo(90, 130)
    whole, small, smaller = read(pixels), read(pixels, view=64), read(pixels, view=48)
    assert whole.key == whole.digest == small.digest == smaller.digest
    assert len({whole.key, small.key, smaller.key}) == 3
    assert len({whole.seed, small.seed, smaller.seed}) == 3
    again = read(small.pixels)
    assert again.seed == small.seed  # what is drawn depends on nothing but what is seen
    sent = pickle.loads(pickle.dumps(small))
    assert (sent.digest, sent.key, sent.seed, sent.sizes) == (small.digest, small.key, small.seed, small.sizes)
    assert torch.equal(sent.pixels, small.pixels)


def test_an_image_that_is_not_larger_than_the_view_is_itself(tmp_path: Path) -> None:
    PIL.Image.fromarray(photo(40, 130)).save(tmp_path / "a.png")
    whole = read(tmp_path / "a.png")
    for view in (130, 1024):
        seen = read(tmp_path / "a.png", view=view)
        assert (seen.key, seen.seed, seen.bytes) == (whole.key, whole.seed, whole.bytes)
    image = Image(whole.pixels, "a")
    assert image.viewed(130) is image


def test_remarks_on_decoding_stay() -> None:
    assert read(np.zeros((90, 130), np.uint8), view=64).remarks == ("one colour throughout",)
