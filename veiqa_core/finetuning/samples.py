"""What a network is fine-tuned on: pieces of pristine photos, augmented and then degraded, and what is known of them.

A photo is augmented first, by flips, a rotation, a zoom and a shift, and what comes of it is degraded: resampling
afterwards would change the very traces that are to be learned. Every sample is decided by the seed, the photo and its
number alone, whoever makes it and whenever.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import PIL.Image
from torch import Tensor
from torch.utils.data import Dataset

from .. import images
from ..api.distortions import PRISTINE
from ..datasets import distort
from ..datasets.distort import Distortion, Level
from ..datasets.pseudo_ratings import PseudoRating, as_share
from ..extension.registry import installed

QUALITY = "quality"
"""The first logit; the others are the types, :data:`PRISTINE` first."""

_MILDEST = 0.1  # of the way from a photo as it is to its strongest distortion
_HELD_OUT_SEVERITIES = (1 / 6, 1 / 2, 5 / 6)
_RESAMPLED = 0.5  # the share of samples that are
_LARGEST_ANGLE = 15.0  # degrees
_SMALLEST_ZOOM = 0.5
_REACH = 16  # pixels


@attrs.frozen(order=True)
class Key:
    """Which sample: of a photo, and of an epoch or, for held-out photos, a type and severity."""

    photo: str
    epoch: int
    number: int


def quality(severity: float | None) -> float:
    """What the quality logit should say, from 0 (the strongest damage) to 1 (severity None: a photo as it is)."""
    return 1.0 if severity is None else (1 - _MILDEST) * (1 - severity)


class Samples(Dataset[tuple[Tensor, float, int]]):
    """Samples by key: pixels ``[3, side, side]`` float32 in [0, 1], the quality in [0, 1], the type's index.

    Args:
        photos: files by name, none smaller than a piece.
        distortions: what they are degraded by.
        side: of the pieces, in pixels.
        seed: of all that is drawn.
        rating: what says the quality of a degraded piece beside the piece itself, both ends of its scale being known;
            None for its severity, which is not comparable between distortions.
    """

    def __init__(
        self,
        photos: Mapping[str, Path],
        distortions: Sequence[Distortion],
        *,
        side: int,
        seed: int,
        rating: PseudoRating | None = None,
    ) -> None:
        self._photos = dict(photos)
        self._distortions = tuple(distortions)
        self._side, self._seed, self._rating = side, seed, rating

    def __getstate__(self) -> dict[str, Any]:
        """Distortions by name, for processes that find them again."""
        names = ["+".join(step.ref for step in distortion.steps) for distortion in self._distortions]
        return {**self.__dict__, "_distortions": names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        registry = installed()
        found = tuple(distort.find(name, registry) for name in state["_distortions"])
        self.__dict__.update(state, _distortions=found)

    @property
    def types(self) -> tuple[str, ...]:
        """The types, as the logits after the first have them."""
        return (PRISTINE, *(distortion.name for distortion in self._distortions))

    def epoch(self, names: Iterable[str], epoch: int, count: int) -> list[Key]:
        """Keys of an epoch's samples, ``count`` of each photo, in an order drawn for the epoch."""
        keys = [Key(name, epoch, number) for name in names for number in range(count)]
        order = _random(self._seed, "order", epoch).permutation(len(keys))
        return [keys[place] for place in order]

    def held_out(self, names: Iterable[str]) -> list[Key]:
        """Keys of what rates a network: the middle of each photo, as it is and at three severities a type."""
        count = 1 + len(self._distortions) * len(_HELD_OUT_SEVERITIES)
        return [Key(name, 0, number) for name in names for number in range(count)]

    def __getitem__(self, key: Key) -> tuple[Tensor, float, int]:
        """Make a sample. Epochs count from 1; 0 means one of :meth:`held_out`.

        Raises:
            ImageError: the photo cannot be read.
            ComponentError: a generator failed.
        """
        random = _random(self._seed, key.photo, key.epoch, key.number)
        photo = _decoded(self._photos[key.photo])
        kind, severity = self._drawn(random) if key.epoch else self._listed(key.number)
        piece = images.read(augmented(photo, self._side, random) if key.epoch else middle(photo, self._side))
        if severity is None:
            return piece.pixels[0], quality(None), kind
        distortion, level = self._distortions[kind - 1], Level("1", "severity", severity)
        worse = distort.degrade(piece, distortion, level, self._seed).image
        if self._rating is None:
            return worse.pixels[0], quality(severity), kind
        score = self._rating.score(piece, worse, distortion.name)
        return worse.pixels[0], as_share(self._rating, score), kind

    def _drawn(self, random: np.random.Generator) -> tuple[int, float | None]:
        kind = int(random.integers(len(self._distortions) + 1))
        severity = round(float(random.random()), 4)
        return kind, severity if kind else None

    def _listed(self, number: int) -> tuple[int, float | None]:
        if number == 0:
            return 0, None
        kind, level = divmod(number - 1, len(_HELD_OUT_SEVERITIES))
        return kind + 1, _HELD_OUT_SEVERITIES[level]


def augmented(photo: PIL.Image.Image, side: int, random: np.random.Generator) -> PIL.Image.Image:
    """A square piece of a photo: shifted and flipped, and half of them zoomed out and rotated, where there is room.

    The others are pixels as they are, so that a network also sees photos that nothing has resampled.
    """
    inner, angle = float(side), 0.0
    if random.random() < _RESAMPLED:
        angle = float(random.uniform(-_LARGEST_ANGLE, _LARGEST_ANGLE))
        inner = min(side / float(random.uniform(_SMALLEST_ZOOM, 1)), min(photo.size))
    # the square around a turned one, and what interpolation reaches beyond it
    outer = inner * (math.cos(math.radians(angle)) + abs(math.sin(math.radians(angle)))) + (_REACH if angle else 0)
    if outer > min(photo.size):
        outer, angle = inner, 0.0
    left, top = (float(random.integers(math.floor(length - outer) + 1)) for length in photo.size)
    if angle:
        around = photo.crop((int(left), int(top), int(left) + math.ceil(outer), int(top) + math.ceil(outer)))
        photo = around.rotate(angle, PIL.Image.Resampling.BICUBIC)
        left, top = ((length - inner) / 2 for length in photo.size)
    piece = photo.resize((side, side), PIL.Image.Resampling.LANCZOS, box=(left, top, left + inner, top + inner))
    for flip in (PIL.Image.Transpose.FLIP_LEFT_RIGHT, PIL.Image.Transpose.FLIP_TOP_BOTTOM):
        if random.random() < 0.5:
            piece = piece.transpose(flip)
    return piece


def middle(photo: PIL.Image.Image, side: int) -> PIL.Image.Image:
    """The square in the middle of a photo."""
    left, top = ((length - side) // 2 for length in photo.size)
    return photo.crop((left, top, left + side, top + side))


@functools.lru_cache(maxsize=16)  # of 12 megapixels: half a gigabyte
def _decoded(path: Path) -> PIL.Image.Image:
    return PIL.Image.fromarray(distort.pixel_levels(images.read(path)))


def _random(*about: Any) -> np.random.Generator:
    return np.random.default_rng(list(hashlib.sha256(repr(about).encode()).digest()))
