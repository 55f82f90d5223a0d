"""Models of pristine photos: the Gaussian that NIQE and IL-NIQE compare an image with; read, kept and written."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from veiqa_core.api import WeightsError

from .common import Array

_MATLAB_NAMES = {"mu_prisparam": "mu", "cov_prisparam": "cov"}


def read_arrays(path: Path) -> tuple[dict[str, Any], str]:
    """The arrays of an ``.npz`` or a MATLAB file by name, and the file's SHA-256; nothing in it is executed.

    Raises:
        WeightsError: the file cannot be read or is none of these.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read the model file {path}: {error.strerror or error}") from error
    return _parsed(content, path), f"sha256:{hashlib.sha256(content).hexdigest()}"


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    try:
        if path.suffix.lower() == ".mat":
            from scipy.io import loadmat

            return {name: value for name, value in loadmat(io.BytesIO(content)).items() if name[:2] != "__"}
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:  # readers of foreign files raise anything
        raise WeightsError(f"{path} is no model file, .npz or .mat, that can be read; give the whole file") from error


def field(arrays: Mapping[str, Any], name: str, shape: tuple[int, ...], path: Path) -> Array:
    """One array of a model file as float64 of a shape.

    Raises:
        WeightsError: it is not there, or not so many finite numbers.
    """
    if name not in arrays:
        raise WeightsError(f"{path} holds no array {name!r}; it is no model file of this method")
    try:
        values = np.asarray(arrays[name], dtype=np.float64).reshape(shape)
    except (TypeError, ValueError) as error:
        wanted = "x".join(map(str, shape))
        raise WeightsError(f"{path}: {name!r} must hold {wanted} numbers; it is a model of something else") from error
    if not np.isfinite(values).all():
        raise WeightsError(f"{path}: {name!r} holds numbers that are not finite; take the file anew")
    return np.ascontiguousarray(values)


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
    with resources.as_file(resources.files(__package__) / "models" / f"{name}.npz") as path:
        return Pristine.read(str(path))
