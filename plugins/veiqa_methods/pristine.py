"""Models of pristine photos: the Gaussian that NIQE compares an image with; read, kept and written."""

from __future__ import annotations

import math
from pathlib import Path

import attrs
import numpy as np

from veiqa_core.api import WeightsError

from . import model_files
from .common import Array
from .model_files import field, read_arrays

_MATLAB_NAMES = {"mu_prisparam": "mu", "cov_prisparam": "cov"}


@attrs.frozen(eq=False)
class Pristine:
    """Mean ``[F]`` and covariance ``[F, F]`` of the features of pristine photos."""

    mean: Array
    covariance: Array
    digest: str = ""

    @classmethod
    def read(cls, file: str) -> Pristine:
        """Read ``mu`` and ``cov`` of an ``.npz``, or the release's ``modelparameters.mat``.

        Raises:
            WeightsError: the file cannot be read, or is not such a model.
        """
        path = Path(file)
        arrays, digest = read_arrays(path)
        arrays = {_MATLAB_NAMES.get(name, name): value for name, value in arrays.items()}
        count = np.size(arrays.get("mu", ()))
        return cls(field(arrays, "mu", (count,), path), field(arrays, "cov", (count, count), path), digest)

    def check(self, features: int) -> None:
        """Refuse a model of another number of features with a :class:`WeightsError`."""
        if self.mean.size != features:
            raise WeightsError(f"the model is of {self.mean.size} features, not of {features}: it is another method's")

    def distance(self, mean: Array, covariance: Array) -> float:
        """From another Gaussian: NIQE's form of Mahalanobis's distance, with the mean of both covariances."""
        away = self.mean - mean
        square = float(away @ inverse((self.covariance + covariance) / 2) @ away)
        return math.sqrt(max(square, 0.0))

    def write(self, path: Path, about: str) -> None:
        """Write an ``.npz`` of ``mu`` and ``cov``, with ``about`` for where they come from."""
        np.savez(path, mu=self.mean, cov=self.covariance, about=np.array(about))


def inverse(matrix: Array) -> Array:
    """Pseudo-inverse with MATLAB's tolerance, by singular values: an eigendecomposition loses digits of small ones."""
    return np.asarray(np.linalg.pinv(matrix, rcond=len(matrix) * np.spacing(1.0)), dtype=np.float64)


def packaged(name: str) -> Pristine:
    """The model that comes with VEIQA."""
    with model_files.packaged(name) as path:
        return Pristine.read(str(path))
