"""DIIVINE: statistics of a steerable pyramid, and the release's machines that map them to a score."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np

from .common import Array, Index, gaussian, grey, resize, smooth
from .fits import generalised_gaussian, ratio
from .libsvm import Machine
from .model_files import field, need, read_arrays
from .parameters import DiivineScoreParams
from .pristine import inverse
from .records import DIIVINE_FEATURES, DIIVINE_MIN_SIZE
from .steerable import ORIENTATIONS, pyramid

_BINS = 100
_DISTANCES = np.arange(1, 26, 4)
_BORDERS = (16, 8)  # left out of the bands of each level
_STABILITY = (0.03 * 255) ** 2
_WINDOW = gaussian(11, 1.5)
_CLASSES = 5
_FARTHEST = 25.0


class Diivine(Index):
    """The features of DIIVINE (Moorthy and Bovik, IEEE TIP 20(12), 2011), exact to the authors' release.

    The bands of a flat image hold nothing and are exactly 0: variances and correlations are then 0, and shapes the
    first of the grid.
    """

    outputs = DIIVINE_FEATURES
    min_size = DIIVINE_MIN_SIZE

    def features(self, image: Array) -> Array:
        """Features ``[88]`` of an image ``[3, H, W]`` of levels."""
        return features(grey(image))


class DiivineScore(Index):
    """The score of DIIVINE's release, by its machines; lower is better.

    ``model`` names a folder that holds them in LIBSVM's format, ``diivine_class.model`` and ``diivine_reg1.model`` to
    ``diivine_reg5.model``, and ``diivine_scaling.npz`` with ``a_class`` and ``b_class`` ``[88]``, and ``a_reg`` and
    ``b_reg`` ``[5, 88]``.
    """

    outputs = ("diivine-score",)
    min_size = DIIVINE_MIN_SIZE

    def __init__(self, params: DiivineScoreParams) -> None:
        need("diivine-score", "machines", "FOLDER", model=params.model)
        self._machines = Machines.read(Path(params.model))
        self.digest = self._machines.digest

    def features(self, image: Array) -> Array:
        """The score ``[1]`` of an image ``[3, H, W]`` of levels."""
        return np.array([self._machines.score(features(grey(image)))])


@attrs.frozen(eq=False)
class Machines:
    """The release's machines: which of five distortions it is, and how bad it would be as each."""

    classes: Machine
    severities: tuple[Machine, ...]
    slopes: Array
    offsets: Array
    digest: str

    @classmethod
    def read(cls, folder: Path) -> Machines:
        """Read the files of a folder.

        Raises:
            WeightsError: one cannot be read, or is not what it should be.
        """
        count = len(DIIVINE_FEATURES)
        path = folder / "diivine_scaling.npz"
        arrays, digest = read_arrays(path)
        slopes = [field(arrays, "a_class", (1, count), path), field(arrays, "a_reg", (_CLASSES, count), path)]
        offsets = [field(arrays, "b_class", (1, count), path), field(arrays, "b_reg", (_CLASSES, count), path)]
        names = ("class", *(f"reg{number + 1}" for number in range(_CLASSES)))
        first, *rest = (Machine.read(folder / f"diivine_{name}.model", count) for name in names)
        digests = " ".join([digest, first.digest, *(machine.digest for machine in rest)])
        return cls(first, tuple(rest), np.concatenate(slopes), np.concatenate(offsets), digests)

    def score(self, found: Array) -> float:
        """Severities weighted by the probabilities of the distortions."""
        points = self.slopes * found + self.offsets
        severities = [machine.values(point)[0] for machine, point in zip(self.severities, points[1:], strict=True)]
        return float(self.classes.probabilities(points[0]) @ np.array(severities))


def features(values: Array) -> Array:
    """The 88 features of a grey image ``[H, W]``."""
    residual, levels = pyramid(values)
    normal = [_normalised(levels, level, number) for level in (0, 1) for number in range(ORIENTATIONS)]
    fine = normal[:ORIENTATIONS]
    raw = [_resized(band, residual.shape) for level in levels for band in level]
    numbers = [
        *((band**2).mean() for band in normal),
        *(_shape(band.ravel()) for band in normal),
        *_joint_shapes(normal),
        *(_structure(band, residual) for band in raw),
        *itertools.chain.from_iterable(_correlation(band) for band in fine),
        *(_structure(first, second) for first, second in itertools.combinations(fine, 2)),
    ]
    return np.array(numbers, dtype=np.float64)


def _normalised(levels: Sequence[Sequence[Array]], level: int, number: int) -> Array:
    """A band over the scale of its neighbourhood in space, scale and orientation, without its border and its mean."""
    band = levels[level][number]
    inner = (slice(1, -1), slice(1, -1))
    windows = np.lib.stride_tricks.sliding_window_view(band, (3, 3))
    rows = [windows[..., i, j] for i in range(3) for j in range(3)]
    if level == 0 and number < ORIENTATIONS - 1:  # the release gives the last orientation no parent
        parent = levels[1][number]
        double = resize(parent, (2 * parent.shape[0], 2 * parent.shape[1]))
        rows.append(double[: band.shape[0], : band.shape[1]][inner])
    divisor = len(rows)  # the other orientations are not counted, as in the release
    rows += [other[inner] for other in levels[level] if other is not band]
    around = np.stack([row.ravel() for row in rows])
    scale = np.sqrt(np.maximum((_inverse_covariance(around) @ around * around).sum(axis=0), 0) / divisor)
    centre = band[inner]
    kept = np.nan_to_num(ratio(centre - centre.mean(), scale.reshape(centre.shape)), nan=0.0, posinf=0.0, neginf=0.0)
    border = _BORDERS[level]
    kept = kept[border:-border, border:-border]
    return np.ascontiguousarray(kept - kept.mean())


def _inverse_covariance(around: Array) -> Array:
    """Of neighbourhoods ``[D, N]``, whose negative eigenvalues give way to the others at the same trace."""
    values, vectors = np.linalg.eigh(around @ around.T / around.shape[1])
    positive = np.maximum(values, 0)
    positive *= values.sum() / (positive.sum() or 1)
    return inverse((vectors * positive) @ vectors.T) if positive.any() else np.zeros_like(vectors)


def _shape(samples: Array, centre: float | None = None) -> float:
    return float(generalised_gaussian(samples - (samples.mean() if centre is None else centre)))


def _joint_shapes(normal: Sequence[Array]) -> list[float]:
    """Shapes of both levels of each orientation, and of all bands together.

    The release centres the last by the mean of the one before.
    """
    pairs = [np.concatenate([normal[k].ravel(), normal[k + ORIENTATIONS].ravel()]) for k in range(ORIENTATIONS)]
    together = np.concatenate([band.ravel() for band in normal])
    return [*map(_shape, pairs), _shape(together, pairs[-1].mean())]


def _resized(band: Array, size: tuple[int, ...]) -> Array:
    return band if band.shape == size else resize(band, (size[0], size[1]))


def _structure(first: Array, second: Array) -> float:
    """Mean of the contrast and structure term of SSIM, over the windows that lie wholly inside."""
    mean, other = _windowed(first), _windowed(second)
    variances = _windowed(first**2) - mean**2 + _windowed(second**2) - other**2
    covariance = _windowed(first * second) - mean * other
    return float(((2 * covariance + _STABILITY) / (variances + _STABILITY)).mean())


def _windowed(values: Array) -> Array:
    margin = len(_WINDOW) // 2
    return smooth(values, _WINDOW, "zero")[margin:-margin, margin:-margin]


def _correlation(band: Array) -> Array:
    """A cubic ``[4]`` through the spatial correlation at seven distances, and the sum of its squared residuals."""
    values = _quantised(band)
    found = np.array([_correlation_at(values, int(distance)) for distance in _DISTANCES])
    powers = np.vander(_DISTANCES / _FARTHEST, 4)
    cubic = np.linalg.lstsq(powers, found, rcond=None)[0]
    residuals = found - powers @ cubic
    return np.append(cubic / _FARTHEST ** np.arange(3, -1, -1), residuals @ residuals)


def _quantised(band: Array) -> Array:
    """The centre of the nearest of 100 equal bins from the least to the largest value, the lower on a tie."""
    least = band.min()
    width = (band.max() - least) / _BINS
    if width == 0:
        return np.zeros_like(band)
    places = np.clip(np.ceil((band - least) / width) - 1, 0, _BINS - 1)
    centres: Array = least + (places + 0.5) * width
    return centres


def _correlation_at(values: Array, distance: int) -> float:
    """Correlation of all pairs that are so far apart along rows, columns or diagonals; 0 in a uniform band."""
    near, far = slice(None, -distance), slice(distance, None)
    every = slice(None)
    pairs = [
        (values[first], values[second])
        for first, second in (
            ((every, near), (every, far)),
            ((near, every), (far, every)),
            ((near, near), (far, far)),
            ((near, far), (far, near)),
        )
    ]
    count = 2 * sum(first.size for first, _ in pairs)  # each pair counts in both orders
    mean = sum(first.sum() + second.sum() for first, second in pairs) / count
    variance = sum(((first - mean) ** 2).sum() + ((second - mean) ** 2).sum() for first, second in pairs) / count
    covariance = 2 * sum(((first - mean) * (second - mean)).sum() for first, second in pairs) / count
    return float(covariance / variance) if variance > 0 else 0.0
