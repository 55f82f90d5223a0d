"""The quality of JPEG images from their blockiness and activity."""

from __future__ import annotations

import numpy as np

from .common import Array, Index, grey
from .records import JPEG_MIN_SIZE

_OFFSET, _FACTOR = -245.8909, 261.9373
_EXPONENTS = np.array([-239.8886, 160.1664, 64.2859]) / 10000
_LEAST = 1e-10
_BLOCK = 8


class JpegQuality(Index):
    """The no-reference score of JPEG images (Wang, Sheikh and Bovik, ICIP 2002), with the constants of its release.

    Blockiness, activity and the rate of zero crossings along rows and along columns make the score. The formula has no
    value where one of them is 0, as in a flat image; such a one is taken as 1e-10.
    """

    outputs = ("jpeg-quality",)
    min_size = JPEG_MIN_SIZE

    def features(self, image: Array) -> Array:
        """The score ``[1]``, about 1 to 10, of an image ``[3, H, W]`` of levels; higher is better."""
        values = grey(image)
        means = (_along_rows(values) + _along_rows(np.ascontiguousarray(values.T))) / 2
        return np.array([_OFFSET + _FACTOR * np.prod(np.maximum(means, _LEAST) ** _EXPONENTS)])


def _along_rows(values: Array) -> Array:
    """Blockiness, activity and rate of zero crossings ``[3]``."""
    steps = np.diff(values, axis=1)
    sizes = np.abs(steps)
    blocks = values.shape[1] // _BLOCK
    blockiness = sizes[:, _BLOCK - 1 : _BLOCK * (blocks - 1) : _BLOCK].mean()
    activity = (_BLOCK * sizes.mean() - blockiness) / (_BLOCK - 1)
    crossings = (np.sign(steps[:, :-1]) * np.sign(steps[:, 1:]) < 0).mean()
    return np.array([blockiness, activity, crossings])
