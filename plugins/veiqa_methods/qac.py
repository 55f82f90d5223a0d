"""QAC: quality-aware clustering of patches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .common import Array, Index, gaussian, grey, smooth
from .model_files import field, need, read_arrays
from .parameters import QacParams
from .records import QAC_MIN_SIZE

LEVELS, CLUSTERS, SIDE = 10, 30, 8
SCALES = (0.5, 2.0, 4.0)
_STEP = 12  # from a patch's corner to the next one's
_MARGIN = 2  # left out on every side
_WIDTH = 32.0  # of the weights of levels
_LEAST = np.spacing(1.0)


class Qac(Index):
    """Quality-aware clustering (Xue, Zhang and Mou, CVPR 2013), exact to the authors' release.

    Patches of 8x8 of three differences of Gaussians are compared with centroids that stand for ten levels of quality.
    The centroids are the release's, given as ``model``: its ``cluster_center.mat``, or an ``.npz`` with
    ``centroids_255`` ``[10, 30, 192]``, on the scale of 0 to 255.
    """

    outputs = ("qac",)
    min_size = QAC_MIN_SIZE

    def __init__(self, params: QacParams) -> None:
        need("QAC", "centroids", model=params.model)
        path = Path(params.model)
        arrays, self.digest = read_arrays(path)
        given = {"centroids_255": _stacked(arrays["cluster_center"])} if "cluster_center" in arrays else arrays
        self._centroids = field(given, "centroids_255", (LEVELS * CLUSTERS, len(SCALES) * SIDE**2), path) / 255

    def features(self, image: Array) -> Array:
        """The score ``[1]`` from 0.1 to 1 of an image ``[3, H, W]`` of levels; higher is better."""
        distances = _distances(np.abs(patch_features(image)), self._centroids)
        nearest = distances.reshape(-1, LEVELS, CLUSTERS).min(axis=2)
        two = np.argsort(nearest, axis=1, kind="stable")[:, :2]
        weights = np.exp(-np.take_along_axis(nearest, two, axis=1) / _WIDTH) + _LEAST
        qualities = (two + 1) / LEVELS
        return np.array([((weights * qualities).sum(axis=1) / weights.sum(axis=1)).mean()])


def _stacked(cells: Any) -> Any:
    """The centroids of the release's cells, one a level, each a struct with a field ``centroids``."""
    try:
        return np.stack([cell["centroids"][0, 0] for cell in np.ravel(cells)])
    except (IndexError, KeyError, ValueError, TypeError):
        return None


def patch_features(image: Array) -> Array:
    """Differences of Gaussians ``[P, 192]`` of the patches of an image ``[3, H, W]`` of levels, scale after scale."""
    values = grey(image) / 255
    parts = []
    for sigma in SCALES:
        smoothed = smooth(values, gaussian(2 * int(np.ceil(3 * sigma)) + 1, sigma), "symmetric")
        difference = ((values - smoothed) * (4 / sigma))[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
        windows = np.lib.stride_tricks.sliding_window_view(difference, (SIDE, SIDE))[::_STEP, ::_STEP]
        parts.append(windows.reshape(-1, SIDE**2))
    return np.hstack(parts)


def _distances(points: Array, centroids: Array) -> Array:
    """Euclidean distances ``[P, C]``."""
    squares = (points**2).sum(axis=1)[:, None] + (centroids**2).sum(axis=1) - 2 * points @ centroids.T
    distances: Array = np.sqrt(np.maximum(squares, 0))
    return distances
