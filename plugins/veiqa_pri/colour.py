"""Colours that are not as they were."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .lab import from_lab, to_lab
from .light import LIGHT, levels_of
from .one_by_one import OneByOne, Pixels, rounded
from .records.colour import ChromaticAberrationParams, ColourCastParams, DesaturateParams, OversaturateParams


class Desaturate(OneByOne):
    """The saturation of HSV multiplied; hue and value stay."""

    def __init__(self, params: DesaturateParams) -> None:
        self._factor = params.factor

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Take colour from an image; ``seed`` is not used."""
        from skimage.color import hsv2rgb, rgb2hsv

        hsv = rgb2hsv(pixels)
        hsv[..., 1] *= self._factor
        return rounded(255 * hsv2rgb(hsv))


class Oversaturate(OneByOne):
    """The colour axes a and b of CIELAB multiplied; what sRGB does not hold is clipped."""

    def __init__(self, params: OversaturateParams) -> None:
        self._factor = params.factor

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Add colour to an image; ``seed`` is not used."""
        lab = to_lab(pixels)
        lab[..., 1:] *= self._factor
        return from_lab(lab)


class ColourCast(OneByOne):
    """The light of red multiplied and that of blue divided, or the reverse: the diagonal model of white balance.

    The image is taken as sRGB.
    """

    def __init__(self, params: ColourCastParams) -> None:
        gain = params.gain if params.towards == "warm" else 1 / params.gain
        self._tables = [rounded(levels_of(LIGHT * factor)) for factor in (gain, 1.0, 1 / gain)]

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Cast an image's colours; ``seed`` is not used."""
        return np.stack([table[pixels[..., index]] for index, table in enumerate(self._tables)], axis=-1)


class ChromaticAberration(OneByOne):
    """Red magnified about the centre so that the corners move outwards by ``shift``, and blue reduced by as much.

    Linear interpolation; the border is replicated outwards.
    """

    def __init__(self, params: ChromaticAberrationParams) -> None:
        self._shift = params.shift

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Give an image fringes of colour; ``seed`` is not used."""
        height, width, _ = pixels.shape
        radius = math.hypot(height - 1, width - 1) / 2
        if radius == 0:
            return pixels.copy()
        factor = 1 + self._shift / radius
        red, green, blue = np.moveaxis(pixels.astype(np.float64), -1, 0)
        return rounded(np.stack([_magnified(red, factor), green, _magnified(blue, 1 / factor)], axis=-1))


def _magnified(channel: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """A channel ``[H, W]`` magnified about its middle."""
    from skimage.transform import warp

    middle = (np.array(channel.shape[::-1]) - 1) / 2
    back = np.diag([1 / factor, 1 / factor, 1.0])  # from a place in the result to its place in the channel
    back[:2, 2] = middle * (1 - 1 / factor)
    return np.asarray(warp(channel, back, order=1, mode="edge"))
