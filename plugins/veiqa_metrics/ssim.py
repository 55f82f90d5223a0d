"""SSIM, the structural similarity index of Wang et al. (2004)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .common import check_images, check_maps, grey, shrink, viewing_factor
from .plugin import SSIM_MIN_SIZE, SsimParams


class Ssim:
    """Mean structural similarity (eq. 13 and 17) in [-1, 1], 1 for identical maps.

    Gaussian window, only where it lies wholly inside; population variances; C1 = k1² and C2 = k2², the peak being 1.
    Maps need 11 pixels a side, the paper's window. The constants keep flat and all-zero maps finite: two flat maps
    are compared by their levels alone. Images are compared in grey.
    """

    def __init__(self, params: SsimParams) -> None:
        self._params = params

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
        window = self._window().to(x.device)
        # One call each: in one batch, rounding could tell x from an identical y.
        mean_x, mean_y, mean_xx, mean_yy, mean_xy = (_local_mean(maps, window) for maps in (x, y, x * x, y * y, x * y))
        level = mean_x * mean_y
        energy = mean_x * mean_x + mean_y * mean_y
        covariance = mean_xy - level
        variances = mean_xx + mean_yy - energy
        index: Tensor = (2 * level + c1) * (2 * covariance + c2) / ((energy + c1) * (variances + c2))
        return index.flatten(1).mean(dim=1).clamp(-1, 1)

    def _window(self) -> Tensor:
        """One side of the separable Gaussian, summing to 1."""
        reach = self._params.window // 2
        offsets = torch.arange(-reach, reach + 1, dtype=torch.float64)
        weights = torch.exp(-offsets.square() / (2 * self._params.sigma**2))
        return weights / weights.sum()


def _local_mean(maps: Tensor, window: Tensor) -> Tensor:
    """Means of ``[N, h, w]`` under the window, first down, then across, wherever it lies wholly inside."""
    return F.conv2d(F.conv2d(maps[:, None], window[None, None, :, None]), window[None, None, None, :])
