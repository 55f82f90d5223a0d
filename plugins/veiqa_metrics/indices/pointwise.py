"""Metrics of single pixels: PSNR, NCC, NAE and AD, each one formula for maps and images alike, and a mean."""

from __future__ import annotations

import torch
from torch import Tensor

from veiqa_core.api import NoParams

from .common import check_images, check_maps, each, mean, total


class Psnr:
    """Peak signal-to-noise ratio, 10 log10(1 / MSE) in dB, with a peak of 1.

    At most 100, the value of identical maps; below 0 only where maps leave [0, 1]. Images: MSE over all channels.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """PSNR ``[N]`` of maps ``[N, h, w]``."""
        return _psnr(*check_maps(x, y))

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """PSNR ``[N]`` of images ``[N, 3 or 1, H, W]``."""
        return _psnr(*check_images(a, b))


class Ncc:
    """Normalised cross-correlation, Σxy / Σx², x being the PRI's map or the reference image.

    1 for identical maps, which is no extremum: y = 2x gives 2. It is not the zero-mean (Pearson) correlation.
    An all-zero x gives 0, and 1 if y is all zero as well; an all-zero y alone gives 0.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """NCC ``[N]`` of maps ``[N, h, w]``, x being the reference."""
        return _ncc(*check_maps(x, y))

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """NCC ``[N]`` of images ``[N, 3 or 1, H, W]`` over all channels, a being the reference."""
        return _ncc(*check_images(a, b))


class Nae:
    """Normalised absolute error, Σ|x - y| / Σ|x|, x being the PRI's map or the reference image.

    0 for identical maps. An all-zero x gives 1 (the denominator is then Σ|y|), and 0 if y is all zero as well; an
    all-zero y alone gives 1.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """NAE ``[N]`` of maps ``[N, h, w]``, x being the reference."""
        return _nae(*check_maps(x, y))

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """NAE ``[N]`` of images ``[N, 3 or 1, H, W]`` over all channels, a being the reference."""
        return _nae(*check_images(a, b))


class Ad:
    """Average difference, mean of x - y, x being the PRI's map or the reference image.

    Of maps: how much more the PRI has of what they show.

    0 for identical maps, which is no extremum: what one place has more, another may have less.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """AD ``[N]`` of maps ``[N, h, w]``, x being the reference."""
        return _ad(*check_maps(x, y))

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """AD ``[N]`` of images ``[N, 3 or 1, H, W]`` over all channels, a being the reference."""
        return _ad(*check_images(a, b))


class InputMean:
    """Mean of y, the map of the image itself: what it shows, whatever the PRI. The PRI's map has no part in it.

    Of a class activation map it is the class's logit less its bias, so that a recipe may use what the network says of
    the image beside how that changes with a PRI.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean ``[N]`` of the maps y ``[N, h, w]``."""
        return mean(check_maps(x, y)[1])


def _psnr(x: Tensor, y: Tensor) -> Tensor:
    return each(lambda mse: 10 * mse.reciprocal().log10(), mean((x - y).square())).clamp(max=100)


def _ncc(x: Tensor, y: Tensor) -> Tensor:
    return _ratio(total(x * y), total(x * x), total(y * y), both_zero=1.0)


def _nae(x: Tensor, y: Tensor) -> Tensor:
    return _ratio(total((x - y).abs()), total(x.abs()), total(y.abs()), both_zero=0.0)


def _ad(x: Tensor, y: Tensor) -> Tensor:
    return mean(x - y)


def _ratio(numerator: Tensor, of_x: Tensor, of_y: Tensor, both_zero: float) -> Tensor:
    """``numerator / of_x``, or over ``of_y`` where x is all zero, or ``both_zero`` where both are."""
    denominator = torch.where(of_x > 0, of_x, of_y)
    return torch.where(denominator > 0, numerator / denominator, both_zero)
