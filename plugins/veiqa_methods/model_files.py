"""Model files of methods: read once, so that a digest is that of what is in use; nothing in them is executed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from veiqa_core.api import WeightsError

from .common import Array


def need(method: str, what: str, kind: str = "FILE", **files: str) -> None:
    """Refuse parameters of a method that leave out a file, or folder, of its authors' release.

    Raises:
        WeightsError: one is empty; it says ``what`` is needed, and by which options.
    """
    if not all(files.values()):
        options = " ".join(f"-p method.{name}={kind}" for name in files)
        raise WeightsError(f"{method} needs its release's {what}: {options}")


def read_text(path: Path) -> tuple[str, str]:
    """The text of an ASCII file, and the file's SHA-256 as ``"sha256:..."``.

    Raises:
        WeightsError: it cannot be read, or is no such text.
    """
    content, digest = _read(path)
    try:
        return content.decode("ascii"), digest
    except UnicodeDecodeError as error:
        raise WeightsError(f"{path} is no text file of LIBSVM") from error


def read_arrays(path: Path) -> tuple[dict[str, Any], str]:
    """The arrays of an ``.npz`` or a MATLAB file by name, and the file's SHA-256 as ``"sha256:..."``.

    Raises:
        WeightsError: the file cannot be read or is none of these.
    """
    content, digest = _read(path)
    return _parsed(content, path), digest


def _read(path: Path) -> tuple[bytes, str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read the model file {path}: {error.strerror or error}") from error
    return content, f"sha256:{hashlib.sha256(content).hexdigest()}"


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


@contextmanager
def packaged(name: str, suffix: str = ".npz") -> Iterator[Path]:
    """The file of a model that comes with VEIQA.

    Raises:
        WeightsError: this installation has none.
    """
    with resources.as_file(resources.files(__package__) / "models" / f"{name}{suffix}") as path:
        if not path.is_file():
            raise WeightsError(f"{name} comes without a model here; give one: -p method.model=FILE")
        yield path
