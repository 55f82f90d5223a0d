"""Values as displays take them (sRGB, IEC 61966-2-1) and the light that they stand for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_VALUES = np.arange(256) / 255
LIGHT = np.where(_VALUES <= 0.04045, _VALUES / 12.92, ((_VALUES + 0.055) / 1.055) ** 2.4)
"""The light in [0, 1] of each of 256 levels."""


def levels_of(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The levels 0 to 255, not rounded, of light; what is outside [0, 1] is clipped."""
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
