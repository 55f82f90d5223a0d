"""Fewer levels and fewer colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from .eight_bit import from_uint8, to_uint8
from .one_by_one import OneByOne, Pixels
from .records.levels import ColourQuantiseParams, QuantiseParams


class Quantise:
    """Each channel rounded to a few levels that lie evenly between 0 and 255; ties upwards, no dither."""

    def __init__(self, params: QuantiseParams) -> None:
        steps = params.levels - 1
        value = np.arange(256)
        nearest = (2 * value * steps + 255) // 510
        self._table = ((510 * nearest + steps) // (2 * steps)).astype(np.uint8)

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Quantise an image batch; ``seeds`` are not used."""
        return from_uint8(self._table[to_uint8(images)])


class ColourQuantise(OneByOne):
    """A palette found by median cut; what a pixel loses passes on to its neighbours (Floyd and Steinberg's dither)."""

    def __init__(self, params: ColourQuantiseParams) -> None:
        self._colours = params.colours

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Reduce an image's colours; ``seed`` is not used."""
        image = Image.fromarray(pixels)
        palette = image.quantize(self._colours, method=Image.Quantize.MEDIANCUT)
        return np.asarray(image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB"))
