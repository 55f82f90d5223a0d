"""SSIM, the structural similarity index of Wang et al. (2004)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..plugin import SSIM_MIN_SIZE, SsimParams
from .common import check_images, check_maps, grey, mean, shrink, slide, viewing_factor


class Ssim:
    """Mean structural similarity (eq. 13 and 17) in [-1, 1], 1 for identical maps.

    Gaussian window, only where it lies wholly inside; population variances; C1 = k1² and C2 = k2², the peak being 1.
    Maps need 11 pixels a side, the paper's window. The constants keep flat and all-zero maps finite: two flat maps
    are compared by their levels alone. Images are compared in grey.
    """

    def __init__(self, params: SsimParams) -> None:
        self._params = params
        self._window = _gaussian(params.window, params.sigma)

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """SSIM ``[N]`` of maps ``[N, h, w]``."""
        return self._ssim(*check_maps(x, y, SSIM_MIN_SIZE))

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """SSIM ``[N]`` of images ``[N, 3 or 1, H, W]`` in grey."""
        a, b = check_images(a, b, SSIM_MIN_SIZE)
        return self._ssim(grey(a), grey(b))

    def _ssim(self, x: Tensor, y: Tensor) -> Tensor:
        if self._params.downsample:
            factor = viewing_factor(*x.shape[-2:])
            x, y = shrink(x, factor, mirror=True), shrink(y, factor, mirror=True)
        c1, c2 = self._params.k1**2, self._params.k2**2
        local = slide(slide(torch.stack([x, y, x * x, y * y, x * y]), self._window, dim=-1), self._window, dim=-2)
        mean_x, mean_y, mean_xx, mean_yy, mean_xy = local
        level = mean_x * mean_y
        energy = mean_x * mean_x + mean_y * mean_y
        covariance = mean_xy - level
        variances = mean_xx + mean_yy - energy
        index: Tensor = (2 * level + c1) * (2 * covariance + c2) / ((energy + c1) * (variances + c2))
        return mean(index).clamp(-1, 1)


def _gaussian(size: int, sigma: float) -> list[float]:
    """One side of a separable Gaussian window, summing to 1."""
    weights = [math.exp(-((offset - size // 2) ** 2) / (2 * sigma**2)) for offset in range(size)]
    return [weight / sum(weights) for weight in weights]
