"""Enhancement that goes too far."""

from __future__ import annotations

import numpy as np

from .one_by_one import OneByOne, Pixels, rounded
from .records.enhancement import DenoiseParams, SharpenParams

_STEPS = 60


class Sharpen(OneByOne):
    """Unsharp masking: the image and ``amount`` times its difference from itself blurred."""

    def __init__(self, params: SharpenParams) -> None:
        self._amount, self._radius = params.amount, params.radius

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Sharpen an image; ``seed`` is not used."""
        from skimage.filters import unsharp_mask

        # channel_axis=-1 would leave most of the result unset (scikit-image 0.26)
        return rounded(255 * unsharp_mask(pixels, self._radius, self._amount, channel_axis=2))


class Denoise(OneByOne):
    """The image of the smallest total variation plus squared distance over twice the weight, each channel alone.

    Found by Chambolle's iteration, which ends when it hardly moves or after 60 steps, near the minimum.
    """

    def __init__(self, params: DenoiseParams) -> None:
        self._weight = params.weight

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Denoise an image; ``seed`` is not used."""
        from skimage.restoration import denoise_tv_chambolle

        values = pixels.astype(np.float32) / 255
        return rounded(255 * denoise_tv_chambolle(values, weight=self._weight, max_num_iter=_STEPS, channel_axis=-1))
