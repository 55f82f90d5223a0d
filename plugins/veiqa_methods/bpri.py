"""BPRI: how alike an image and its pseudo-references are, by blocking, sharpness and noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.special import expit

from veiqa_core.api import WeightsError

from . import pseudo
from .common import Array, Index, grey
from .libsvm import ScaledMachine
from .model_files import field, need, read_arrays
from .parameters import BpriScoreParams
from .pseudo_structure import Mask, block_corners, overlap
from .records import BPRI_FEATURES, PSEUDO_MIN_SIZE

_CURVES = ("paraLSSs", "paraLSSn", "paraPSS")
_CURVE = 5
_NOISE = 0.5


class Bpri(Index):
    """The similarities of blind quality by pseudo-references (Min et al., IEEE TMM 20(8), 2018); larger is worse.

    Structure is compared with that of the image averaged over 3x3 (``sharpness``), with white noise of variance 0.5
    (``noise``) and saved as JPEG of quality 0 (``blocking``, the pseudo-structure similarity). Approximate: the noise
    is another sample than the release's, and its corner detector, MATLAB's, was not at hand
    (:mod:`veiqa_methods.pseudo_structure`).
    """

    outputs = BPRI_FEATURES
    min_size = PSEUDO_MIN_SIZE

    def features(self, image: Array) -> Array:
        """The similarities ``[3]`` of an image ``[3, H, W]`` of levels."""
        return features(image)


class BpriScore(Index):
    """BPRI's score by files of its release; lower is better.

    Each similarity is mapped by a logistic curve, and these are weighted with the probabilities of three classes.
    """

    outputs = ("bpri-score",)
    min_size = PSEUDO_MIN_SIZE

    def __init__(self, params: BpriScoreParams) -> None:
        files = {"model": params.model, "ranges": params.ranges, "curves": params.curves}
        need("bpri-score", "machine, ranges and curves", **files)
        self._machine = ScaledMachine.read(params.model, params.ranges, len(BPRI_FEATURES))
        if len(self._machine.machine.counts) != len(_CURVES):
            raise WeightsError(f"{params.model} is no machine of {len(_CURVES)} classes, as BPRI's is")
        path = Path(params.curves)
        arrays, digest = read_arrays(path)
        self._curves = np.stack([field(arrays, name, (_CURVE,), path) for name in _CURVES])
        self.digest = f"{self._machine.digest} {digest}"

    def features(self, image: Array) -> Array:
        """The score ``[1]`` of an image ``[3, H, W]`` of levels."""
        return np.array([self.score(features(image))])

    def score(self, found: Array) -> float:
        """The score that similarities ``[3]`` give."""
        shares = self._machine.probabilities(found)
        height, slope, middle, linear, constant = self._curves.T
        mapped = height * (0.5 - expit(-slope * (found - middle))) + linear * found + constant
        return float(shares @ mapped)


def features(image: Array) -> Array:
    """The similarities ``[3]`` of an image ``[3, H, W]`` of levels: sharpness, noise, blocking."""
    values = grey(image)
    own, averaged = pseudo.neighbours(values), pseudo.neighbours(pseudo.averaged(values))
    noisy = pseudo.neighbours(grey(pseudo.noisy(image, _NOISE)))
    blocks, worse = block_corners(values), block_corners(grey(pseudo.jpeg(image, 0)))
    return np.array(
        [
            _likeness((own == 2) | (own == 3), (averaged == 2) | (averaged == 3)),
            _likeness(own <= 1, noisy <= 1),
            overlap(blocks, worse),
        ]
    )


def _likeness(first: Mask, second: Mask) -> float:
    """What two masks share, over what either holds."""
    return float((first & second).sum() / ((first | second).sum() + 1))
