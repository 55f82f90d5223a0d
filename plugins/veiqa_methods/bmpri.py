"""BMPRI: how much of the structure of many pseudo-references an image has already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

from veiqa_core.api import NoParams, WeightsError

from . import pseudo
from .bpri import overlap
from .common import Array, grey, measure_each
from .libsvm import Machine, Scaling
from .records import BMPRI_FEATURES, BMPRI_STEPS, PSEUDO_MIN_SIZE, BmpriScoreParams


class Bmpri:
    """The features of blind quality by multiple pseudo-references (Min et al., IEEE T. Broadcasting 64(2), 2018).

    Overlaps of local structure with the image compressed, blurred and made noisy, in five strengths each; larger is
    worse. Approximate: the noise is another sample than the release's, and its JPEG2000 encoder another.
    """

    def __init__(self, params: NoParams) -> None:
        """Nothing is set."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The twenty."""
        return BMPRI_FEATURES

    def measure(self, images: Tensor) -> Tensor:
        """Features float64 ``[N, 20]`` of a batch ``[N, 3, H, W]``.

        Raises:
            ImageError: a side is below 16.
        """
        return measure_each(self, images, PSEUDO_MIN_SIZE)

    def features(self, image: Array) -> Array:
        """The features ``[20]`` of an image ``[3, H, W]`` of levels."""
        return features(image)


class BmpriScore:
    """BMPRI's score by files of its release; lower is better."""

    def __init__(self, params: BmpriScoreParams) -> None:
        if not (params.model and params.ranges):
            raise WeightsError("BMPRI's score needs files of its release: -p method.model=FILE -p method.ranges=FILE")
        self._scaling = Scaling.read(Path(params.ranges), len(BMPRI_FEATURES))
        self._machine = Machine.read(Path(params.model), len(BMPRI_FEATURES))
        self.digest = f"{self._machine.digest} {self._scaling.digest}"

    @property
    def outputs(self) -> tuple[str, ...]:
        """The one output."""
        return ("bmpri-score",)

    def measure(self, images: Tensor) -> Tensor:
        """Scores float64 ``[N, 1]`` of a batch ``[N, 3, H, W]``.

        Raises:
            ImageError: a side is below 16.
        """
        return measure_each(self, images, PSEUDO_MIN_SIZE)

    def features(self, image: Array) -> Array:
        """The score ``[1]`` of an image ``[3, H, W]`` of levels."""
        return self._machine.values(self._scaling.scaled(features(image)))


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
