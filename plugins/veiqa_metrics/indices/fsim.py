"""FSIM and FSIMc, the feature similarity indices of Zhang et al. (2011), over phase congruency by Kovesi."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from ..plugin import FSIM_MIN_SIZE, FsimParams
from .common import (
    check_images,
    check_maps,
    each,
    gradient_magnitude,
    grey,
    likeness,
    mix,
    real_power,
    shrink,
    viewing_factor,
    weighted_mean,
)

_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))
_T3 = _T4 = 200.0
_LAMBDA = 0.03

_WAVELENGTHS = (6, 12, 24, 48)
_ORIENTATIONS = 4
_SIGMA_ON_F = 0.55
_THETA_SIGMA = math.pi / _ORIENTATIONS / 1.2
_NOISE_K = 2.0
_NOISE_RESCALE = 1.7
_ENERGY_FLOOR = 1e-4
_SILENCE = 1e-9


class Fsim:
    """Feature similarity in (0, 1]: phase congruency and gradient magnitude, weighted by phase congruency.

    A map in [0, 1] enters as luminance on the scale of 0 to 255, on which ``t2`` is defined; phase congruency hardly
    depends on the scale. Maps need 48 pixels a side, one period of the coarsest log-Gabor filter: a smaller map, once
    enlarged to that, has its detail where the four filters (6 to 48 pixels) look, and at its own size it has not.
    Where neither map has any phase congruency (flat, all zero) every pixel weighs the same. Images are compared in
    grey; maps and images with shorter sides of 384 and more are shrunk as in the authors' code.
    """

    def __init__(self, params: FsimParams) -> None:
        self._params = params

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """FSIM ``[N]`` of maps ``[N, h, w]``."""
        x, y = check_maps(x, y, FSIM_MIN_SIZE)
        return each(self._fsim, 255 * x[:, None], 255 * y[:, None])

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """FSIM ``[N]`` of images ``[N, 3 or 1, H, W]`` in grey."""
        a, b = check_images(a, b, FSIM_MIN_SIZE)
        return each(self._fsim, 255 * grey(a)[:, None], 255 * grey(b)[:, None])

    def _fsim(self, x: Tensor, y: Tensor) -> Tensor:
        """FSIM, or FSIMc where I and Q follow the luminance, of ``[N, 1 or 3, h, w]`` on the scale of 0 to 255."""
        factor = viewing_factor(*x.shape[-2:])
        x, y = shrink(x, factor), shrink(y, factor)
        congruency_x, congruency_y = phase_congruency(x[:, 0]), phase_congruency(y[:, 0])
        gradient_x, gradient_y = (gradient_magnitude(maps[:, 0], side=3 / 16, centre=10 / 16) for maps in (x, y))
        similarity = likeness(congruency_x, congruency_y, self._params.t1)
        similarity = similarity * likeness(gradient_x, gradient_y, self._params.t2)
        if x.shape[1] == 3:
            chroma = likeness(x[:, 1], y[:, 1], _T3) * likeness(x[:, 2], y[:, 2], _T4)
            similarity = similarity * real_power(chroma, _LAMBDA)
        return weighted_mean(similarity, torch.maximum(congruency_x, congruency_y)).clamp(max=1)


class Fsimc(Fsim):
    """FSIMc: FSIM with the similarity of the chromatic channels I and Q to the power 0.03.

    Maps and grey images have no colour: for them it equals FSIM.
    """

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """FSIMc ``[N]`` of images ``[N, 3, H, W]``, or FSIM of ``[N, 1, H, W]``."""
        a, b = check_images(a, b, FSIM_MIN_SIZE)
        if a.shape[1] == 1:
            return each(self._fsim, 255 * a, 255 * b)
        return each(self._fsim, mix(255 * a, *_YIQ), mix(255 * b, *_YIQ))


def phase_congruency(luminance: Tensor) -> Tensor:
    """Phase congruency ``[N, h, w]`` in [0, 1] of luminance ``[N, h, w]`` on the scale of 0 to 255.

    Kovesi's measure (Videre 1(3), 1999) with noise compensation, as FSIM's authors set it up. Where the filters answer
    with nothing beyond rounding, it is 0.
    """
    bank = _filter_bank(*luminance.shape[-2:], luminance.device)
    spectrum = torch.fft.fft2(luminance)[:, None, None]
    responses = torch.fft.ifft2(spectrum * bank.filters)
    amplitudes = responses.abs()
    total = responses.sum(dim=2)
    mean_phase = (total / (total.abs() + _ENERGY_FLOOR))[:, :, None]
    aligned = responses * mean_phase.conj()
    energy = (aligned.real - aligned.imag.abs()).sum(dim=2)
    noise = bank.noise_gain * _median(amplitudes[:, :, 0].square()).sqrt()
    energy = (energy - noise[..., None, None]).clamp(min=0).sum(dim=1)
    amplitude = amplitudes.sum(dim=(1, 2))
    return torch.where(amplitude > _SILENCE, energy / amplitude, 0.0)


def _median(maps: Tensor) -> Tensor:
    """Median over the last two dimensions, the mean of the two middle values where their number is even."""
    values = maps.flatten(-2)
    size = values.shape[-1]
    lower, upper = (values.kthvalue(rank, dim=-1).values for rank in ((size + 1) // 2, size // 2 + 1))
    return (lower + upper) / 2


class _FilterBank(NamedTuple):
    """Log-Gabor filters ``[orientations, scales, h, w]`` in the frequency plane, zero frequency first, and by how much
    the root of the finest scale's median power is multiplied for the noise threshold ``[orientations]``."""

    filters: Tensor
    noise_gain: Tensor


@lru_cache(maxsize=4)  # 25 MB for maps of 512x384
def _filter_bank(height: int, width: int, device: torch.device) -> _FilterBank:
    v, u = torch.meshgrid(_frequencies(height), _frequencies(width), indexing="ij")
    radius = torch.hypot(u, v)
    radius[0, 0] = 1.0
    low_pass = 1 / (1 + (radius / 0.45) ** 30)
    radial = torch.stack([_log_gabor(radius, wavelength) * low_pass for wavelength in _WAVELENGTHS])
    radial[:, 0, 0] = 0.0
    direction = torch.atan2(-v, u)
    angular = torch.stack([_spread(direction, math.pi * index / _ORIENTATIONS) for index in range(_ORIENTATIONS)])
    filters = angular[:, None] * radial
    return _FilterBank(filters.to(device), _noise_gain(filters).to(device))


def _frequencies(size: int) -> Tensor:
    """Frequencies along an axis in the FFT's order, in cycles per pixel; Kovesi divides odd sizes by one less."""
    centred = torch.arange(size, dtype=torch.float64) - size // 2
    frequencies: Tensor = torch.fft.ifftshift(centred / (size - size % 2))
    return frequencies


def _log_gabor(radius: Tensor, wavelength: float) -> Tensor:
    return torch.exp(-(torch.log(radius * wavelength) ** 2) / (2 * math.log(_SIGMA_ON_F) ** 2))


def _spread(direction: Tensor, angle: float) -> Tensor:
    """Gaussian in the angle between each frequency's direction and the filter's."""
    difference = torch.atan2(torch.sin(direction - angle), torch.cos(direction - angle))
    return torch.exp(-difference.square() / (2 * _THETA_SIGMA**2))


def _noise_gain(filters: Tensor) -> Tensor:
    """Noise threshold over the root of the median power, for each orientation.

    The squared amplitude of white noise through the finest filter has a median of ln 2 times its mean, which gives the
    noise power. Summed over the scales, that noise has a Rayleigh-distributed amplitude: the threshold is its mean and
    k deviations. By Parseval, the sum of the filters' squared (real) impulse responses is that of their even parts.
    """
    finest_power = filters[:, 0].square().sum(dim=(-2, -1))
    summed = filters.sum(dim=1)
    even = (summed + summed.flip(-2, -1).roll((1, 1), (-2, -1))) / 2
    rayleigh = (even.square().sum(dim=(-2, -1)) / (finest_power * math.log(2))).sqrt()
    return rayleigh * (math.sqrt(math.pi / 2) + _NOISE_K * math.sqrt(2 - math.pi / 2)) / _NOISE_RESCALE
