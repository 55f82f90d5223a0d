"""BLIINDS-II: statistics of local discrete cosine transforms, and the release's score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.fft import dct
from scipy.special import gamma

from .common import Array, Index, correlate, gaussian, grey
from .fits import nearest_above
from .model_files import field, need, read_arrays
from .parameters import Bliinds2ScoreParams
from .records import BLIINDS2_FEATURES, BLIINDS2_MIN_SIZE

SIDE, _TILE = 5, 3
LEVELS = 3
_SHARE = 10  # one in so many windows is among the extreme ones
_SHAPES: Array = 0.03 + 0.001 * np.arange(9971, dtype=np.float64)  # 0.03, 0.031, ..., 10
_RATIOS: Array = gamma(1 / _SHAPES) * gamma(3 / _SHAPES) / gamma(2 / _SHAPES) ** 2
_NO_SHAPE = 11.0  # where the ratio is beyond the grid
_GRID: Array = np.arange(1, 100.25, 0.5)  # of the scores that the release tries


def _places(text: str) -> list[int]:
    """Positions of coefficients, given as rows and columns from 1, in a window row by row."""
    return [(int(place[0]) - 1) * SIDE + int(place[1]) - 1 for place in text.split()]


_BANDS = (
    _places("12 21 13 31 22"),
    _places("41 51 32 42 52 23 33 43 14 24 34 15 25"),
    _places("35 44 53 45 54 55"),
)
_ORIENTATIONS = (
    _places("12 13 14 15 23 24 25 35"),
    _places("22 33 34 43 44 45 54 55"),
    _places("21 31 41 51 32 42 52 53"),
)


class Bliinds2(Index):
    """The features of BLIINDS-II (Saad, Bovik and Charrier, IEEE TIP 21(8), 2012), exact to the authors' release.

    The release takes the first channel of what it is given, which of a colour image is red; here it is given the grey
    image.
    """

    outputs = BLIINDS2_FEATURES
    min_size = BLIINDS2_MIN_SIZE

    def features(self, image: Array) -> Array:
        """Features ``[24]`` of an image ``[3, H, W]`` of levels."""
        return features(grey(image))


class Bliinds2Score(Index):
    """The score of BLIINDS-II's release: the likeliest of 1, 1.5, ..., 100 with the features, minus 1; lower is better.

    ``model`` names the release's parameters: ``mu`` ``[25]`` and ``sigma_inv`` ``[25, 25]`` in an ``.npz`` or ``.mat``.
    """

    outputs = ("bliinds2-score",)
    min_size = BLIINDS2_MIN_SIZE

    def __init__(self, params: Bliinds2ScoreParams) -> None:
        need("bliinds2-score", "parameters", model=params.model)
        path, size = Path(params.model), len(BLIINDS2_FEATURES) + 1
        arrays, self.digest = read_arrays(path)
        self._mean = field(arrays, "mu", (size,), path)
        self._inverse = field(arrays, "sigma_inv", (size, size), path)

    def features(self, image: Array) -> Array:
        """The score ``[1]`` of an image ``[3, H, W]`` of levels."""
        return np.array([_likeliest(features(grey(image)), self._mean, self._inverse)])


def features(values: Array) -> Array:
    """The 24 features of one channel ``[H, W]``, level after level."""
    kernel = gaussian(3, 0.5)
    numbers = []
    for _ in range(LEVELS):
        numbers += _statistics(_transforms(values))
        values = correlate(values, kernel, kernel, "zero")[1::2, 1::2]
    return np.array(numbers)


def _transforms(values: Array) -> Array:
    """Orthonormal cosine transforms ``[B, 25]`` of windows of 5x5 at a stride of 3, with zeros beyond the image."""
    height, width = values.shape
    padded = np.pad(values, ((1, -height % _TILE + 1), (1, -width % _TILE + 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE))[::_TILE, ::_TILE]
    basis = dct(np.eye(SIDE), norm="ortho", axis=0)
    found: Array = np.einsum("ia,rcab,jb->rcij", basis, windows, basis, optimize=True)
    return found.reshape(-1, SIDE * SIDE)


def _statistics(transforms: Array) -> list[float]:
    """The eight numbers of a level: means over all windows and over the most extreme tenth."""
    others = transforms[:, 1:]
    pooled = []
    for numbers, largest in (
        (_variation(others), True),
        (_shape(others), False),
        (_energies(transforms), True),
        (_orientations(transforms), True),
    ):
        ordered = np.sort(numbers)
        count = -(-len(ordered) // _SHARE)
        pooled += [float(numbers.mean()), float((ordered[-count:] if largest else ordered[:count]).mean())]
    return pooled


def _variation(coefficients: Array) -> Array:
    """Deviation of the sizes over their mean."""
    sizes = np.abs(coefficients)
    variation: Array = sizes.std(axis=1, ddof=1) / (sizes.mean(axis=1) + 1e-7)
    return variation


def _shape(coefficients: Array) -> Array:
    """Shape of a generalised Gaussian."""
    away = np.abs(coefficients - coefficients.mean(axis=1, keepdims=True))
    wanted = coefficients.var(axis=1, ddof=1) / (away.mean(axis=1) ** 2 + 1e-7)
    place = nearest_above(_RATIOS, wanted)
    shapes: Array = np.where(place < 0, _NO_SHAPE, _SHAPES[place])
    return shapes


def _energies(transforms: Array) -> Array:
    """How much the variances of the three bands differ; the denominator of the second ratio is the release's."""
    low, middle, high = (transforms[:, band].var(axis=1, ddof=1) for band in _BANDS)
    rest = (low + middle) / 2
    first = np.abs(high - rest) / (high + rest + 1e-8)
    second = np.abs(middle - low) / (high + low + 1e-8)
    energies: Array = (first + second) / 2
    return energies


def _orientations(transforms: Array) -> Array:
    """Variance of the variation over three orientations."""
    parts = np.stack([_variation(transforms[:, places]) for places in _ORIENTATIONS], axis=1)
    variances: Array = parts.var(axis=1, ddof=1)
    return variances


def _likeliest(found: Array, mean: Array, inverse: Array) -> float:
    """The release's score: that of its grid with which the features are likeliest, minus 1."""
    points = np.concatenate([np.broadcast_to(found, (len(_GRID), len(found))), _GRID[:, None]], axis=1) - mean
    return float(_GRID[np.argmin(np.einsum("ni,ij,nj->n", points, inverse, points))] - 1)
