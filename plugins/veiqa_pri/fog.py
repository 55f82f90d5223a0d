"""Fog."""

from __future__ import annotations

import numpy as np

from .one_by_one import OneByOne, Pixels, rounded
from .records.loss import FogParams

_NEAR = 0.2  # the depth at the lower border, where that at the upper is 1


class Fog(OneByOne):
    """Light that fog lets through, and light that it scatters: ``x t + a (1 - t)`` with ``t = exp(-density * depth)``.

    The depth of the scene is not known. It is taken to grow evenly from the lower border, 0.2, to the upper, 1, as of
    a plain seen from above.
    """

    def __init__(self, params: FogParams) -> None:
        self._density, self._airlight = params.density, params.airlight

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Put fog over an image; ``seed`` is not used."""
        depth = np.linspace(1, _NEAR, len(pixels))[:, None, None]
        through = np.exp(-self._density * depth)
        return rounded(pixels * through + 255 * self._airlight * (1 - through))
