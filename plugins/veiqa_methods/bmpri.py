"""BMPRI: how much of the structure of many pseudo-references an image has already."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from . import pseudo
from .common import Array, Index, grey
from .libsvm import ScaledMachine
from .model_files import need
from .parameters import BmpriScoreParams
from .pseudo_structure import overlap
from .records import BMPRI_FEATURES, BMPRI_STEPS, PSEUDO_MIN_SIZE


class Bmpri(Index):
    """The features of blind quality by multiple pseudo-references (Min et al., IEEE T. Broadcasting 64(2), 2018).

    Overlaps of local structure with the image compressed, blurred and made noisy, in five strengths each; larger is
    worse. Approximate: the noise is another sample than the release's, and its JPEG2000 encoder another.
    """

    outputs = BMPRI_FEATURES
    min_size = PSEUDO_MIN_SIZE

    def features(self, image: Array) -> Array:
        """The features ``[20]`` of an image ``[3, H, W]`` of levels."""
        return features(image)


class BmpriScore(Index):
    """BMPRI's score by files of its release; lower is better."""

    outputs = ("bmpri-score",)
    min_size = PSEUDO_MIN_SIZE

    def __init__(self, params: BmpriScoreParams) -> None:
        need("bmpri-score", "machine and ranges", model=params.model, ranges=params.ranges)
        self._machine = ScaledMachine.read(params.model, params.ranges, len(BMPRI_FEATURES))
        self.digest = self._machine.digest

    def features(self, image: Array) -> Array:
        """The score ``[1]`` of an image ``[3, H, W]`` of levels."""
        return self._machine.values(features(image))


def features(image: Array) -> Array:
    """The 20 features of an image ``[3, H, W]`` of levels."""
    return np.array(list(_overlaps(image)))


def _overlaps(image: Array) -> Iterator[float]:
    values = grey(image)
    own = pseudo.neighbours(values)
    mid = (own == 2) | (own == 3)
    for quality in BMPRI_STEPS["jpeg"]:
        yield overlap(own == 0, pseudo.neighbours(grey(pseudo.jpeg(image, int(quality)))) == 0)
    for ratio in BMPRI_STEPS["jpeg2000"]:
        worse = pseudo.neighbours(grey(pseudo.jpeg2000(image, ratio)))
        yield overlap(mid, (worse == 2) | (worse == 3))
    for sigma in BMPRI_STEPS["blur"]:
        worse = pseudo.neighbours(pseudo.blurred(values, sigma))
        yield overlap(mid, (worse == 2) | (worse == 3))
    for variance in BMPRI_STEPS["noise"]:
        yield overlap(own <= 1, pseudo.neighbours(grey(pseudo.noisy(image, variance))) <= 1)
