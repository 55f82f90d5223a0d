"""A steerable pyramid in the Fourier domain, of two levels and six orientations, as matlabPyrTools builds it."""

from __future__ import annotations

import math

import numpy as np
from scipy import fft

from .common import Array

LEVELS, ORIENTATIONS = 2, 6
_ORDER = ORIENTATIONS - 1
_NOISE = 1e-9  # a band that holds less holds rounding noise only

# The toolbox interpolates tables, which is part of what it computes. That of the radial functions is in steps of 1/256
# octave, its ends copied from their neighbours.
_OCTAVES = np.arange(-257, 2) / 256
_POWERS = np.cos(np.pi / 2 * _OCTAVES) ** 2
_POWERS[0], _POWERS[-1] = _POWERS[1], _POWERS[-2]
_HIGH, _LOW = np.sqrt(_POWERS), np.sqrt(1 - _POWERS)

_ANGLES = np.pi * np.arange(-2049, 1026) / 1024
_SCALE = math.sqrt(2 ** (2 * _ORDER) * math.factorial(_ORDER) ** 2 / (ORIENTATIONS * math.factorial(2 * _ORDER)))
_TURNED = _SCALE * np.cos(_ANGLES) ** _ORDER


def pyramid(values: Array) -> tuple[Array, list[list[Array]]]:
    """The high-pass residual ``[H, W]``, and of each level the bands of the orientations; a level has half the size.

    What holds nothing but rounding noise, in a flat image, is exactly 0.
    """
    spectrum = fft.fftshift(fft.fft2(values))
    octaves, angles = _coordinates(*values.shape)
    residual = _inverse(spectrum * np.interp(octaves, _OCTAVES, _HIGH))
    spectrum = spectrum * np.interp(octaves, _OCTAVES, _LOW)
    levels = []
    for level in range(1, LEVELS + 1):
        high = spectrum * np.interp(octaves + level, _OCTAVES, _HIGH) * (-1j) ** _ORDER
        turns = (angles - np.pi * number / ORIENTATIONS for number in range(ORIENTATIONS))
        levels.append([_inverse(high * np.interp(turn, _ANGLES, _TURNED)) for turn in turns])
        spectrum, octaves, angles = (_inner(part) for part in (spectrum, octaves, angles))
        spectrum = spectrum * np.interp(octaves + level, _OCTAVES, _LOW)
    return residual, levels


def _coordinates(rows: int, columns: int) -> tuple[Array, Array]:
    """Logarithm of the radius, to base 2, and angle of each frequency, the constant in the middle."""
    middle, centre = rows // 2, columns // 2
    across = (np.arange(columns) - centre) / (columns / 2)
    down = ((np.arange(rows) - middle) / (rows / 2))[:, None]
    radius = np.sqrt(across**2 + down**2)
    radius[middle, centre] = radius[middle, centre - 1]
    return np.log2(radius), np.arctan2(down, across * np.ones_like(down))


def _inner(spectrum: Array) -> Array:
    """The central half of what has the constant in its middle."""
    parts = []
    for size in spectrum.shape:
        kept = math.ceil((size - 0.5) / 2)
        start = size // 2 - kept // 2
        parts.append(slice(start, start + kept))
    return spectrum[tuple(parts)]


def _inverse(spectrum: Array) -> Array:
    values: Array = np.ascontiguousarray(fft.ifft2(fft.ifftshift(spectrum)).real)
    return values if np.abs(values).max() > _NOISE else np.zeros_like(values)
