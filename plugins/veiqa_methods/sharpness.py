"""Sharpness of an image without a reference."""

from __future__ import annotations

import torch
from torch import Tensor

from veiqa_core.contracts import canonical

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601-7, section 2.5.1


class LaplacianVariance:
    """The variance of the Laplacian of the luma, which lies between 0 and 255.

    The Laplacian is the sum of the four neighbours minus four times the pixel, at every pixel that has four neighbours;
    the variance is that of the population. Noise raises it as sharpness does.

    Source: Pech-Pacheco, Cristóbal, Chamorro-Martínez and Fernández-Valdivia, Diatom autofocusing in brightfield
    microscopy: a comparative study, ICPR 2000, section 2.
    """

    def __init__(self, params: object) -> None:
        pass

    @property
    def outputs(self) -> tuple[str, ...]:
        """One value."""
        return ("laplacian-variance",)

    def measure(self, images: Tensor) -> Tensor:
        """Values ``[N, 1]``, float64, of images ``[N, 3, H, W]`` in [0, 1]."""
        return torch.stack([_variance(image) for image in canonical(images)])[:, None]


def _variance(image: Tensor) -> Tensor:
    """Of one image ``[3, H, W]``: alone, since sums over a batch may be split in other ways."""
    red, green, blue = image.double() * 255
    luma = _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    variance: Tensor = (around - 4 * luma[1:-1, 1:-1]).var(correction=0)
    return variance
