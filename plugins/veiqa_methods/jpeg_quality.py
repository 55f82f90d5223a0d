"""The quality of JPEG images from their blockiness and activity."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from veiqa_core.api import NoParams

from .common import Array, grey, measure_each
from .records import JPEG_MIN_SIZE

_OFFSET, _FACTOR = -245.8909, 261.9373
_EXPONENTS = np.array([-239.8886, 160.1664, 64.2859]) / 10000
_LEAST = 1e-10
_BLOCK = 8


class JpegQuality:
    """The no-reference score of JPEG images (Wang, Sheikh and Bovik, ICIP 2002), with the constants of its release.

    Blockiness, activity and the rate of zero crossings along rows and along columns make the score. The formula has no
    value where one of them is 0, as in a flat image; such a one is taken as 1e-10.
    """

    def __init__(self, params: NoParams) -> None:
        """Nothing is set."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The one output."""
        return ("jpeg-quality",)

    def measure(self, images: Tensor) -> Tensor:
        """Scores float64 ``[N, 1]`` of a batch ``[N, 3, H, W]``, about 1 to 10; higher is better.

        Raises:
            ImageError: a side is below 16.
        """
        return measure_each(self, images, JPEG_MIN_SIZE)

    def features(self, image: Array) -> Array:
        """The score ``[1]`` of an image ``[3, H, W]`` of levels."""
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
