"""NIQE: how far an image's local statistics lie from those of pristine photos."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .common import Array, Index, gaussian, grey, halved, normalised, patches
from .fits import AsymmetricGaussian
from .parameters import PristineParams
from .pristine import Pristine, packaged
from .records import NIQE_MIN_SIZE

SIDE = 96  # of a patch
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
_SHARP = 0.75  # of the sharpest patch's sharpness: patches from there on are learned from
_KERNEL = gaussian(7, 7 / 6)


class Niqe(Index):
    """The natural image quality evaluator (Mittal, Soundararajan and Bovik, IEEE SPL 20(3), 2013).

    Exact to the authors' release where an image has no exactly flat area, and without their rounding noise where it has
    (:func:`veiqa_methods.common.normalised`). The image is cropped to whole patches of 96 pixels from its top left. A
    feature that no patch has, because the image is flat, is taken as 0.
    """

    outputs = ("niqe",)
    min_size = NIQE_MIN_SIZE

    def __init__(self, params: PristineParams) -> None:
        self._model = Pristine.read(params.model) if params.model else packaged("niqe")
        self._model.check(2 * 18)

    @property
    def digest(self) -> str:
        """SHA-256 of the pristine model."""
        return self._model.digest

    def features(self, image: Array) -> Array:
        """The distance ``[1]`` of an image ``[3, H, W]`` of levels; lower is better."""
        found, _ = patch_features(grey(image))
        return np.array([self._model.distance(*statistics(found))])


def patch_features(values: Array) -> tuple[Array, Array]:
    """Features ``[P, 36]`` of the patches of a grey image, NaN where a fit has no samples; and their sharpness ``[P]``.

    Patches are in order column by column.
    """
    height, width = values.shape
    values = values[: height - height % SIDE, : width - width % SIDE]
    coefficients, deviation = normalised(values, _KERNEL, "replicate")
    sharpness: Array = patches(deviation, SIDE).mean(axis=(1, 2))
    fine = natural_statistics(patches(coefficients, SIDE))
    coefficients, _ = normalised(halved(values), _KERNEL, "replicate")
    return np.hstack([fine, natural_statistics(patches(coefficients, SIDE // 2))]), sharpness


def natural_statistics(blocks: Array) -> Array:
    """The 18 numbers of one scale ``[P, 18]`` of patches ``[P, b, b]`` of normalised coefficients."""
    fit = _fit(blocks)
    numbers = [fit.shape, (fit.left + fit.right) * fit.width / 2]
    for shift in SHIFTS:
        fit = _fit(blocks * np.roll(blocks, shift, axis=(1, 2)))
        numbers += [fit.shape, fit.skew, fit.left * fit.width, fit.right * fit.width]
    return np.stack(numbers, axis=1)


def _fit(blocks: Array) -> AsymmetricGaussian:
    return AsymmetricGaussian(blocks.reshape(len(blocks), -1))


def statistics(rows: Array) -> tuple[Array, Array]:
    """Means ``[F]`` of features ``[P, F]``, NaNs left out, and the covariance ``[F, F]`` of the rows without NaN.

    Both are 0 where nothing is left.
    """
    there = ~np.isnan(rows)
    counts = there.sum(axis=0)
    means = np.where(there, rows, 0.0).sum(axis=0) / np.maximum(counts, 1)
    whole = rows[there.all(axis=1)]
    centred = whole - whole.mean(axis=0) if len(whole) else whole
    return means, centred.T @ centred / max(len(whole) - 1, 1)


def train(photos: Iterable[Array]) -> Pristine:
    """The pristine model of photos, arrays ``[H, W, 3]`` of levels, by the authors' procedure.

    Of each photo those patches count whose sharpness, the mean local contrast, exceeds 0.75 of its largest.
    """
    kept = []
    for photo in photos:
        found, sharpness = patch_features(grey(photo.transpose(2, 0, 1).astype(np.float64)))
        kept.append(found[sharpness > _SHARP * sharpness.max()])
    return Pristine(*statistics(np.concatenate(kept)))
