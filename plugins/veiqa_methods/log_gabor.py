"""The log-Gabor filters of IL-NIQE, after Field (1987)."""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy import fft

from .common import Array

SCALES, ORIENTATIONS = 3, 4
_LONGEST = 2.4  # wavelength of the finest filter in pixels
_FACTOR = 1.31  # from a filter's wavelength to the next one's
_BAND = 0.55  # width of the radial part, over its frequency
_SPREAD = math.pi / ORIENTATIONS / 1.10  # width of the angular part


@functools.lru_cache(maxsize=4)
def filters(rows: int, columns: int, scale: int) -> tuple[Array, ...]:
    """The filters ``[rows, columns]`` in the order of a Fourier transform, orientations innermost; sides are even."""
    across = fft.ifftshift(np.arange(-columns // 2, columns // 2) / columns)
    down = fft.ifftshift(np.arange(-rows // 2, rows // 2) / rows)[:, None]
    radius = np.sqrt(across**2 + down**2)
    radius[0, 0] = 1
    angle = np.arctan2(-down, across * np.ones_like(down))
    wavelengths = (_LONGEST / scale**0.87 * _FACTOR**step for step in range(SCALES))
    radial = [_radial(radius, 1 / length) for length in wavelengths]
    angular = [_angular(angle, orientation) for orientation in range(ORIENTATIONS)]
    passing = tuple(far * turned for far in radial for turned in angular)
    for values in passing:
        values.setflags(write=False)  # they are kept
    return passing


def _radial(radius: Array, frequency: float) -> Array:
    values: Array = np.exp(-(np.log(radius / frequency) ** 2) / (2 * math.log(_BAND) ** 2))
    values[0, 0] = 0
    return values


def _angular(angle: Array, orientation: int) -> Array:
    """One-sided: a response is complex."""
    away = angle - orientation * math.pi / ORIENTATIONS
    away = np.abs(np.arctan2(np.sin(away), np.cos(away)))
    values: Array = np.exp(-(away**2) / (2 * _SPREAD**2))
    return values
