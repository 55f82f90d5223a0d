"""GMSD, the gradient magnitude similarity deviation of Xue et al. (2014)."""

from __future__ import annotations

from torch import Tensor

from ..plugin import GMSD_MIN_SIZE, GmsdParams
from .common import check_images, check_maps, gradient_magnitude, grey, likeness, reduced, shrink


class Gmsd:
    """Standard deviation of the similarity of gradient magnitudes: 0 for identical maps, below 1.

    Prewitt gradients over 3, zeros beyond the border, deviation with N - 1. Maps need 3 pixels a side, the operator's
    support. ``t`` keeps flat and all-zero maps finite; two flat maps differ at the border alone. Images are compared in
    grey and, as published, halved first because of the viewing distance, for which a VEI has no counterpart.
    """

    def __init__(self, params: GmsdParams) -> None:
        self._params = params

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """GMSD ``[N]`` of maps ``[N, h, w]``."""
        return self._gmsd(*check_maps(x, y, GMSD_MIN_SIZE), halve=self._params.downsample == "all")

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """GMSD ``[N]`` of images ``[N, 3 or 1, H, W]`` in grey."""
        a, b = check_images(a, b, GMSD_MIN_SIZE)
        return self._gmsd(grey(a), grey(b), halve=self._params.downsample != "none")

    def _gmsd(self, x: Tensor, y: Tensor, halve: bool) -> Tensor:
        if halve:
            x, y = shrink(x, 2), shrink(y, 2)
        gradient_x, gradient_y = (gradient_magnitude(maps, side=1 / 3, centre=1 / 3) for maps in (x, y))
        return reduced(likeness(gradient_x, gradient_y, self._params.t), lambda item: item.std(dim=1))
