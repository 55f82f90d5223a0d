"""Blocks lost on the way."""

from __future__ import annotations

import numpy as np

from .one_by_one import OneByOne, Pixels, generator
from .records.loss import BlockLossParams

_GREY = 128  # what a decoder shows where it has no coefficients


class BlockLoss(OneByOne):
    """Squares drawn at random become grey. A greater share keeps those of a smaller one and adds others.

    Squares at the right and lower border are cut where the sides are no multiples.
    """

    def __init__(self, params: BlockLossParams) -> None:
        self._share, self._side = params.share, params.size

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Lose blocks of an image."""
        height, width, _ = pixels.shape
        chance = generator(seed).random((-(-height // self._side), -(-width // self._side)))
        lost = chance <= max(self._share, chance.min())
        whole = lost.repeat(self._side, axis=0).repeat(self._side, axis=1)[:height, :width]
        return np.where(whole[..., None], np.uint8(_GREY), pixels)
