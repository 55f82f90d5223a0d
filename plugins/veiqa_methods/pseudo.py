"""Pseudo-references of BPRI and BMPRI: an image made worse once more, and the local structure that is compared."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .common import Array, gaussian, smooth

_SEED = 5489
_KEPT = 3_000_000  # numbers: the noise of an image beyond a megapixel is drawn anew for each


def jpeg(image: Array, quality: int) -> Array:
    """Levels ``[3, H, W]`` through JPEG with 4:2:0 chroma; libjpeg takes quality 0 as 1."""
    return _coded(image, "JPEG", quality=max(quality, 1), subsampling="4:2:0")


def jpeg2000(image: Array, ratio: float) -> Array:
    """Levels ``[3, H, W]`` through JPEG2000 at a compression ratio, by OpenJPEG's irreversible wavelet."""
    return _coded(image, "JPEG2000", quality_mode="rates", quality_layers=[ratio], irreversible=True)


def _coded(image: Array, name: str, **options: object) -> Array:
    file = io.BytesIO()
    pixels = np.ascontiguousarray(image.transpose(1, 2, 0).astype(np.uint8))
    Image.fromarray(pixels).save(file, name, **options)
    with Image.open(file) as decoded:
        return np.asarray(decoded.convert("RGB"), dtype=np.float64).transpose(2, 0, 1)


def blurred(values: Array, sigma: float) -> Array:
    """Levels ``[H, W]`` after a Gaussian of 3x3, zeros beyond the border, rounded half up."""
    return _rounded(smooth(values, gaussian(3, sigma), "zero"))


def averaged(values: Array) -> Array:
    """Levels ``[H, W]`` after the mean of 3x3, zeros beyond the border, rounded half up."""
    return _rounded(smooth(values, np.full(3, 1 / 3), "zero"))


def noisy(image: Array, variance: float) -> Array:
    """Levels ``[3, H, W]`` with white noise of a variance on the scale of [0, 1]: the same noise for each variance."""
    size = image.size
    noise = (_kept_normals if size <= _KEPT else _normals)(size).reshape(image.shape[::-1]).T
    return _rounded(255 * np.clip(image / 255 + np.sqrt(variance) * noise, 0, 1))


def _normals(count: int) -> Array:
    """NumPy's legacy generator, whose stream never changes."""
    return np.asarray(np.random.RandomState(_SEED).standard_normal(count), dtype=np.float64)


_kept_normals = lru_cache(maxsize=1)(_normals)


def _rounded(values: Array) -> Array:
    rounded: Array = np.floor(values + 0.5)
    return rounded


def neighbours(values: Array) -> NDArray[np.intp]:
    """How many of the four neighbours of each inner pixel of ``[H, W]`` are not below it: a local binary pattern."""
    centre = values[1:-1, 1:-1]
    around = (values[1:-1, 2:], values[:-2, 1:-1], values[1:-1, :-2], values[2:, 1:-1])
    counts: NDArray[np.intp] = np.sum([other >= centre for other in around], axis=0)
    return counts
