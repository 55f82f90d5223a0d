"""VSI, the visual saliency-induced index of Zhang, Shen and Li (2014), over SDSP saliency (Zhang, Gu and Li, 2013)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from veiqa_core.contracts import canonical

from ..plugin import VSI_MIN_SIZE, VsiParams
from .common import (
    check_images,
    check_maps,
    each,
    gradient_magnitude,
    likeness,
    mix,
    real_power,
    shrink,
    viewing_factor,
    weighted_mean,
)

_LMN = ((0.06, 0.63, 0.27), (0.30, 0.04, -0.35), (0.34, -0.6, 0.17))
_GREY_L = sum(_LMN[0])
_C3 = 130.0
_BETA = 0.02

_SALIENCY_SIDE = 256
_OMEGA = 0.021
_SIGMA_F = 1.34
_SIGMA_D = 145.0
_SIGMA_C = 0.001
_FLAT = 1e-9

_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE_D50 = (0.9642, 1.0, 0.8251)


class Vsi:
    """Similarity of saliency, gradient magnitude and chroma, weighted by saliency: in (0, 1].

    A map in [0, 1] enters as a picture without colour: luminance from 0 to 255, the scale on which ``c2`` is defined,
    and lightness L* from 0 to 100 for its saliency, with no chroma to compare and no colour prior. (A grey picture
    would not do: the authors' white point lends it a trace of colour, by which its brightest area is not salient.)
    Saliency is found at 256x256 whatever the size, so that maps need but 3 pixels a side, the support of the Scharr
    gradient. A flat map has no saliency; where neither map has any, every pixel weighs the same. Images are compared
    in colour, grey ones as RGB with three equal channels.
    """

    def __init__(self, params: VsiParams) -> None:
        self._params = params

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """VSI ``[N]`` of maps ``[N, h, w]``."""
        x, y = check_maps(x, y, VSI_MIN_SIZE)
        return each(lambda *pair: self._vsi(*map(_luminance_only, pair)), x[:, None], y[:, None])

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """VSI ``[N]`` of images ``[N, 3 or 1, H, W]``."""
        a, b = check_images(a, b, VSI_MIN_SIZE)
        return each(lambda *pair: self._vsi(*map(_in_colour, pair)), a, b)

    def _vsi(self, x: tuple[Tensor, Tensor], y: tuple[Tensor, Tensor]) -> Tensor:
        """VSI of two batches, each as saliency ``[N, h, w]`` and channels ``[N, 1 or 3, h, w]``: L or L, M, N."""
        (saliency_x, channels_x), (saliency_y, channels_y) = x, y
        gradient_x, gradient_y = (
            gradient_magnitude(channels[:, 0], side=3 / 16, centre=10 / 16) for channels in (channels_x, channels_y)
        )
        chroma = likeness(channels_x[:, 1:], channels_y[:, 1:], _C3).prod(dim=1)
        similarity = (
            likeness(saliency_x, saliency_y, self._params.c1)
            * likeness(gradient_x, gradient_y, self._params.c2) ** self._params.alpha
            * real_power(chroma, _BETA)
        )
        return weighted_mean(similarity, torch.maximum(saliency_x, saliency_y)).clamp(max=1)


def _luminance_only(maps: Tensor) -> tuple[Tensor, Tensor]:
    return _shrunk(_saliency(100 * _square(maps), maps.shape[-2:]), 255 * _GREY_L * maps)


def _in_colour(images: Tensor) -> tuple[Tensor, Tensor]:
    images = canonical(images.expand(-1, 3, -1, -1))
    return _shrunk(_saliency(_lab(_square(images)), images.shape[-2:]), mix(255 * images, *_LMN))


def _shrunk(saliency: Tensor, channels: Tensor) -> tuple[Tensor, Tensor]:
    factor = viewing_factor(*saliency.shape[-2:])
    return shrink(saliency, factor), shrink(channels, factor)


def _square(images: Tensor) -> Tensor:
    return _resized(images, (_SALIENCY_SIDE, _SALIENCY_SIDE))


def _resized(images: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear, corner pixels onto corner pixels, not antialiased.

    This reproduces the published value, which is that of the authors' code under GNU Octave. With the antialiased
    resizing of MATLAB it would be 1e-4 lower.
    """
    return F.interpolate(images, size=list(size), mode="bilinear", align_corners=True)


def _saliency(lab: Tensor, size: Sequence[int]) -> Tensor:
    """SDSP saliency ``[N, *size]`` in [0, 1] of ``[N, 3 or 1, 256, 256]`` in L*a*b* or in L* alone."""
    frequency_prior = _band_passed(lab).square().sum(dim=1).sqrt()
    salient = frequency_prior * _location_prior(lab.device) * _colour_prior(lab[:, 1:])
    return _normalised(_resized(salient[:, None], size))[:, 0]


def _band_passed(lab: Tensor) -> Tensor:
    filtered: Tensor = torch.fft.irfft2(torch.fft.rfft2(lab) * _band_pass(lab.device), s=lab.shape[-2:])
    return filtered


@lru_cache(maxsize=8)
def _band_pass(device: torch.device) -> Tensor:
    """Log-Gabor filter on the half plane of the real FFT, nothing beyond 0.5 cycles per pixel."""
    v = torch.fft.fftfreq(_SALIENCY_SIDE, dtype=torch.float64)[:, None]
    u = torch.fft.rfftfreq(_SALIENCY_SIDE, dtype=torch.float64)
    radius = torch.hypot(u, v)
    gain = torch.exp(-torch.log(radius / _OMEGA).square() / (2 * _SIGMA_F**2))
    return torch.where((radius > 0) & (radius <= 0.5), gain, 0.0).to(device)


@lru_cache(maxsize=8)
def _location_prior(device: torch.device) -> Tensor:
    """The centre is looked at most; the authors count pixels from 1 and put the centre at half the side."""
    squares = (torch.arange(1, _SALIENCY_SIDE + 1, dtype=torch.float64) - _SALIENCY_SIDE / 2).square()
    return torch.exp(-(squares[:, None] + squares) / _SIGMA_D**2).to(device)


def _colour_prior(chroma: Tensor) -> Tensor:
    """Warm colours attract: ``[N, h, w]`` from a* and b* ``[N, 2 or 0, h, w]``; 1 where there is no chroma."""
    colourless = (_span(chroma) <= _FLAT).all(dim=1)
    warmth = _normalised(chroma).square().sum(dim=1)
    return torch.where(colourless, 1.0, 1 - torch.exp(-warmth / _SIGMA_C**2))


def _span(maps: Tensor) -> Tensor:
    return maps.amax(dim=(-2, -1), keepdim=True) - maps.amin(dim=(-2, -1), keepdim=True)


def _normalised(maps: Tensor) -> Tensor:
    """Each map stretched to [0, 1]; a map that is flat but for rounding becomes 0."""
    span = _span(maps)
    return torch.where(span > _FLAT, (maps - maps.amin(dim=(-2, -1), keepdim=True)) / span, 0.0)


def _lab(rgb: Tensor) -> Tensor:
    """CIE L*a*b* ``[N, 3, h, w]`` of sRGB in [0, 1] against unadapted D50, as in the authors' code."""
    xyz = mix(_linear(rgb), *_XYZ) / rgb.new_tensor(_WHITE_D50).view(3, 1, 1)
    x, y, z = _lab_curve(xyz).unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def _linear(srgb: Tensor) -> Tensor:
    """sRGB with its gamma undone."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _lab_curve(relative: Tensor) -> Tensor:
    """CIE's f(t): the cube root, and a straight line near zero."""
    return torch.where(relative > 0.008856, relative ** (1 / 3), (903.3 * relative + 16) / 116)
