"""Models of pristine photos in a space of principal components, as IL-NIQE has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np

from veiqa_core.api import WeightsError

from . import model_files
from .common import Array
from .model_files import field, read_arrays
from .pristine import inverse

_NAMES = ("mu", "cov", "mean_of_sample_data", "principal_vectors")


@attrs.frozen(eq=False)
class Principal:
    """A Gaussian over principal components.

    Attributes:
        mean: of the components ``[K]``.
        covariance: of the components ``[K, K]``.
        centre: of the features ``[F]``, subtracted before projection.
        vectors: ``[F, K]``.
    """

    mean: Array
    covariance: Array
    centre: Array
    vectors: Array
    digest: str = ""

    @classmethod
    def read(cls, file: str, features: int) -> Principal:
        """Read an ``.npz``, or the release's ``templateModel.mat``.

        Raises:
            WeightsError: the file cannot be read, or is not such a model of so many features.
        """
        path = Path(file)
        arrays, digest = read_arrays(path)
        if "templateModel" in arrays:
            arrays = dict(zip(_NAMES, np.ravel(arrays["templateModel"]), strict=False))
        kept = np.size(arrays.get("mu", ()))
        return cls(
            field(arrays, "mu", (kept,), path),
            _covariance(arrays, kept, path),
            field(arrays, "mean_of_sample_data", (features,), path),
            field(arrays, "principal_vectors", (features, kept), path),
            digest,
        )

    @classmethod
    def learned(cls, rows: Array, share: float) -> Principal:
        """From features ``[N, F]``, of whose principal components a share is kept.

        Half precision is kept of the vectors, so that the file is small. Their components are uncorrelated: the
        covariance is a diagonal.

        Raises:
            WeightsError: there are fewer rows than features.
        """
        if len(rows) <= rows.shape[1]:
            raise WeightsError(f"{len(rows)} sharp patches are too few for {rows.shape[1]} features; give more photos")
        centre = rows.mean(axis=0)
        _, sizes, vectors = np.linalg.svd(rows - centre, full_matrices=False)
        kept = int(rows.shape[1] * share)
        vectors = vectors[:kept].T.astype(np.float16).astype(np.float64)
        variances = sizes[:kept] ** 2 / (len(rows) - 1)
        return cls(np.zeros(kept), np.diag(variances), centre, vectors)

    def project(self, rows: Array) -> Array:
        """Components ``[P, K]`` of features ``[P, F]``; all NaN where a feature is."""
        return (rows - self.centre) @ self.vectors

    def distances(self, points: Array, covariance: Array) -> Array:
        """Distance ``[P]`` of each point ``[P, K]``, with the mean of the model's covariance and another."""
        away = points - self.mean
        squares = ((away @ inverse((self.covariance + covariance) / 2)) * away).sum(axis=1)
        distances: Array = np.sqrt(np.maximum(squares, 0))
        return distances

    def write(self, path: Path, about: str) -> None:
        """Write an ``.npz`` of a model that was learned, with ``about`` for where it comes from."""
        np.savez_compressed(
            path,
            mu=self.mean,
            variances=np.diag(self.covariance),
            mean_of_sample_data=self.centre,
            principal_vectors=self.vectors.astype(np.float16),
            about=np.array(about),
        )


def _covariance(arrays: dict[str, Any], kept: int, path: Path) -> Array:
    if "variances" in arrays:
        return np.diag(field(arrays, "variances", (kept,), path))
    return field(arrays, "cov", (kept, kept), path)


def packaged(name: str, features: int) -> Principal:
    """The model that comes with VEIQA.

    Raises:
        WeightsError: this installation has none.
    """
    with model_files.packaged(name) as path:
        return Principal.read(str(path), features)
