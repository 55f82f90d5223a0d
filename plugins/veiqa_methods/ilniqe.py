"""IL-NIQE: how far each patch's local statistics lie from those of pristine photos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import fft

from .common import Array, Index, correlate, gaussian, normalised, patches, resize, smooth, without_noise
from .fits import AsymmetricGaussian, weibull
from .log_gabor import filters
from .niqe import natural_statistics, statistics
from .parameters import PristineParams
from .principal import Principal, packaged
from .records import ILNIQE_MIN_SIZE

FEATURES = 468
WIDTH, SIDE = 524, 84  # of the image that is judged, and of a patch
_KEPT = WIDTH - WIDTH % SIDE
_SHARP = 0.78  # of the sharpest patch's sharpness: patches from there on are learned from
_SHARE = 0.92  # of the principal components that are kept
_KERNEL = gaussian(5, 5 / 6)
_HALVING = gaussian(6, 0.9)
_EPS = np.spacing(1.0)
_INFINITE, _MISSING = 10000.0, 2000.0  # what the release puts in the place of such values
_OPPONENT = np.array([[0.3, 0.04, -0.35], [0.34, -0.6, 0.17], [0.06, 0.63, 0.27]])


class Ilniqe(Index):
    """The integrated local natural image quality evaluator (Zhang, Zhang and Bovik, IEEE TIP 24(8), 2015).

    Exact to the authors' release but for the rounding noise of exactly flat areas, which is 0 here: in the normalised
    coefficients, and in the gradients of the three opponent channels. The image is brought to 524x524 first, whatever
    its shape. As in the release, a missing feature, as flat patches have, is replaced by the mean over patches, and a
    feature that no patch has counts as 2000 after projection.
    """

    outputs = ("ilniqe",)
    min_size = ILNIQE_MIN_SIZE

    def __init__(self, params: PristineParams) -> None:
        self._model = Principal.read(params.model, FEATURES) if params.model else packaged("ilniqe", FEATURES)

    @property
    def digest(self) -> str:
        """SHA-256 of the pristine model."""
        return self._model.digest

    def features(self, image: Array) -> Array:
        """The distance ``[1]`` of an image ``[3, H, W]`` of levels; lower is better."""
        return np.array([patch_distances(patch_features(image)[0], self._model).mean()])


def patch_distances(found: Array, model: Principal) -> Array:
    """Distance ``[P]`` of each patch from the pristine model, from features ``[P, 468]``."""
    points = model.project(np.where(np.isinf(found), _INFINITE, found))
    mean, covariance = statistics(points)
    mean = np.where(np.isnan(points).all(axis=0), _MISSING, mean)
    return model.distances(np.where(np.isnan(points), mean, points), covariance)


def patch_features(image: Array) -> tuple[Array, Array]:
    """Features ``[36, 468]`` of the patches, NaN where a fit has no samples, and their sharpness ``[36]``.

    Patches are in order column by column.
    """
    colours = np.stack([resize(channel, (WIDTH, WIDTH), whole=True) for channel in image])
    channels = np.concatenate([np.tensordot(_OPPONENT, colours, axes=1), colours])[:, :_KEPT, :_KEPT]
    _, deviation = normalised(channels[2], _KERNEL, "replicate")
    parts = []
    for scale in (1, 2):
        parts += list(_numbers(channels, scale))
        channels = np.stack([smooth(channel, _HALVING, "replicate")[::2, ::2] for channel in channels])
    return np.hstack(parts), patches(deviation, SIDE).mean(axis=(1, 2))


def _numbers(channels: Array, scale: int) -> Iterator[Array]:
    """Columns ``[P, n]`` of one scale, map after map, of channels O1, O2, O3, R, G and B."""
    side = SIDE // scale
    coefficients, _ = normalised(channels[2], _KERNEL, "replicate")
    yield natural_statistics(patches(coefficients, side))
    gradient = _Gradient(scale)
    slopes = [gradient.of(channel, flat=True) for channel in channels[:3]]
    yield from (_weibull(across, down, side) for across, down in slopes)
    yield from (_moments(values, side) for values in _log_opponents(channels[3:]))
    yield from (_gaussian(values, side) for pair in slopes for values in pair)
    responses = []
    spectrum = fft.fft2(channels[2])
    for passing in filters(*channels.shape[1:], scale):
        response = fft.ifft2(passing * spectrum)
        responses += [np.ascontiguousarray(response.real), np.ascontiguousarray(response.imag)]
    yield from (_gaussian(values, side) for values in responses)
    slopes = [gradient.of(values) for values in responses]
    yield from (_gaussian(values, side) for pair in slopes for values in pair)
    yield from (_weibull(across, down, side) for across, down in slopes)


class _Gradient:
    """Derivatives of a Gaussian across and down, with zeros beyond the border."""

    def __init__(self, scale: int) -> None:
        width = 1.66 / scale**0.28
        reach = int(np.ceil(3 * width))
        offsets = np.arange(-reach, reach + 1)
        self._bell = np.exp(-(offsets**2) / (2 * width**2))
        self._slope = -offsets * self._bell  # turned round: the release convolves

    def of(self, values: Array, flat: bool = False) -> tuple[Array, Array]:
        """Both derivatives; ``flat`` takes rounding noise for 0."""
        across = correlate(values, self._bell, self._slope, "zero")
        down = correlate(values, self._slope, self._bell, "zero")
        return (without_noise(across), without_noise(down)) if flat else (across, down)


def _log_opponents(colours: Array) -> tuple[Array, Array, Array]:
    """Intensity, blue against yellow, red against green, of logarithms around their means."""
    logs = np.log(colours + 1e-5)
    red, green, blue = logs - logs.mean(axis=(1, 2), keepdims=True)
    return (red + green + blue) / np.sqrt(3), (red + green - 2 * blue) / np.sqrt(6), (red - green) / np.sqrt(2)


def _rows(values: Array, side: int) -> Array:
    return patches(values, side).reshape(-1, side * side)


def _moments(values: Array, side: int) -> Array:
    rows = _rows(values, side)
    return np.stack([rows.mean(axis=1), rows.var(axis=1, ddof=1)], axis=1)


def _gaussian(values: Array, side: int) -> Array:
    fit = AsymmetricGaussian(_rows(values, side))
    return np.stack([fit.shape, (fit.left + fit.right) * fit.width / 2], axis=1)


def _weibull(across: Array, down: Array, side: int) -> Array:
    return np.stack(weibull(_rows(np.sqrt(across**2 + down**2) + _EPS, side)), axis=1)


def train(photos: Iterable[Array]) -> Principal:
    """The pristine model of photos, arrays ``[H, W, 3]`` of levels, by the authors' procedure.

    Of each photo those patches count whose sharpness exceeds 0.78 of its largest and whose features are all finite.
    Of their principal components the first 92 in 100 are kept.
    """
    kept = []
    for photo in photos:
        found, sharpness = patch_features(photo.transpose(2, 0, 1).astype(np.float64))
        kept.append(found[(sharpness > _SHARP * sharpness.max()) & np.isfinite(found).all(axis=1)])
    return Principal.learned(np.concatenate(kept), _SHARE)
