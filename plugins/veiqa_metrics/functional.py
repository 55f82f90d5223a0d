"""The metrics as functions of two ordinary images: full-reference quality.

Every function takes ``reference`` and ``distorted``, either as two NumPy arrays ``[H, W]``, ``[H, W, 1]`` or
``[H, W, 3]`` (RGB) of uint8, uint16 or floats in [0, 1], and gives a float; or as two torch tensors ``[N, 1, H, W]`` or
``[N, 3, H, W]`` of floats in [0, 1], and gives a float64 tensor ``[N]``. All is computed in float64, where a level k of
an integer type is exactly k/255 or k/65535.

SSIM, GMSD and FSIM compare colour images in grey: as MATLAB's ``rgb2gray`` gives it for 8-bit images, rounded to whole
levels. One channel is taken as it is, never rounded. PSNR, NCC, NAE and AD take all channels, FSIMc and VSI the
colours.

Errors, the same for all:

- ``TypeError``: the two are not both arrays or both tensors.
- ``ValueError``: one of them is no image (shape, type, range), they differ in shape (one grey and one colour image do),
  they are smaller than the metric takes, or a parameter is out of range. The message names the argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, cast, overload

from torch import Tensor

from veiqa_core.api import NoParams

from .indices.fsim import Fsim, Fsimc
from .indices.gmsd import Gmsd
from .indices.pointwise import Ad, Nae, Ncc, Psnr
from .indices.ssim import Ssim
from .indices.vsi import Vsi
from .inputs import Array, Image, image_pair
from .plugin import (
    FSIM_MIN_SIZE,
    GMSD_MIN_SIZE,
    SSIM_MIN_SIZE,
    VSI_MIN_SIZE,
    FsimParams,
    GmsdParams,
    SsimParams,
    VsiParams,
)

__all__ = ["ad", "fsim", "fsimc", "gmsd", "nae", "ncc", "psnr", "ssim", "vsi"]

Value = float | Tensor
Parameters = ParamSpec("Parameters")


class FullReference(Protocol[Parameters]):
    """How type checkers see these functions: a float for arrays, a tensor for tensors."""

    @overload
    def __call__(
        self, reference: Array, distorted: Array, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> float: ...

    @overload
    def __call__(
        self, reference: Tensor, distorted: Tensor, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Tensor: ...


def _typed(function: Callable[Concatenate[Image, Image, Parameters], Value]) -> FullReference[Parameters]:
    return cast(FullReference[Parameters], function)


def _measure(metric: Any, reference: Image, distorted: Image, min_size: int = 1) -> Value:
    values: Tensor = metric.compare_images(*image_pair(reference, distorted, min_size))
    return values if isinstance(reference, Tensor) else values.item()


@_typed
def psnr(reference: Image, distorted: Image) -> Value:
    """Peak signal-to-noise ratio in dB: 10 log10(peak² / MSE), MSE over all channels.

    Higher is closer; at most 100, the value of identical images.
    """
    return _measure(Psnr(NoParams()), reference, distorted)


@_typed
def ncc(reference: Image, distorted: Image) -> Value:
    """Normalised cross-correlation (Eskicioglu and Fisher 1995): Σxy / Σx² over all channels, x being the reference.

    0 or more, 1 for identical images, which is no extremum. A black reference gives 0, and 1 beside a black image.
    """
    return _measure(Ncc(NoParams()), reference, distorted)


@_typed
def nae(reference: Image, distorted: Image) -> Value:
    """Normalised absolute error (Eskicioglu and Fisher 1995): Σ|x - y| / Σ|x| over all channels, x the reference.

    Lower is closer; 0 for identical images. A black reference gives 1, and 0 beside a black image.
    """
    return _measure(Nae(NoParams()), reference, distorted)


@_typed
def ad(reference: Image, distorted: Image) -> Value:
    """Average difference (Eskicioglu and Fisher 1995): mean of x - y over all channels, x the reference, levels from 0
    to 1.

    From -1 to 1; 0 for identical images, which is no extremum: it measures a change of brightness alone.
    """
    return _measure(Ad(NoParams()), reference, distorted)


@_typed
def ssim(
    reference: Image,
    distorted: Image,
    *,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    downsample: bool = False,
) -> Value:
    """Mean structural similarity (Wang et al. 2004, eq. 13 and 17), in grey.

    Higher is closer; -1 to 1, the value of identical images. Gaussian window, only where it lies wholly inside;
    population variances. Images need 11 pixels a side.

    Args:
        window: side of the window, odd, 3 to 11.
        sigma: its standard deviation in pixels.
        k1, k2: the stabilising constants are k1² and k2² for a peak of 1.
        downsample: shrink first by the shorter side over 256, rounded, as Wang's released code does.
    """
    params = SsimParams(window=window, sigma=sigma, k1=k1, k2=k2, downsample=downsample)
    return _measure(Ssim(params), reference, distorted, SSIM_MIN_SIZE)


@_typed
def gmsd(
    reference: Image,
    distorted: Image,
    *,
    t: float = 170 / 255**2,
    downsample: Literal["images", "all", "none"] = "images",
) -> Value:
    """Gradient magnitude similarity deviation (Xue et al. 2014, eq. 4 to 6), in grey.

    Lower is closer; 0 for identical images, below 1. Images need 3 pixels a side.

    Args:
        t: the stabilising constant, for a peak of 1.
        downsample: ``"none"`` leaves out the published halving of the images; the other two do the same here.
    """
    return _measure(Gmsd(GmsdParams(t=t, downsample=downsample)), reference, distorted, GMSD_MIN_SIZE)


@_typed
def fsim(reference: Image, distorted: Image, *, t1: float = 0.85, t2: float = 160.0) -> Value:
    """Feature similarity (Zhang et al. 2011): phase congruency and gradients, in grey.

    Higher is closer; 0 to 1, the value of identical images. Images need 48 pixels a side and are shrunk by the shorter
    side over 256, rounded.

    Args:
        t1, t2: stabilise the similarities of phase congruency and of gradients, these on the scale of 0 to 255.
    """
    return _measure(Fsim(FsimParams(t1=t1, t2=t2)), reference, distorted, FSIM_MIN_SIZE)


@_typed
def fsimc(reference: Image, distorted: Image, *, t1: float = 0.85, t2: float = 160.0) -> Value:
    """Feature similarity with colour (Zhang et al. 2011): FSIM of the Y channel times that of I and Q to the 0.03.

    As :func:`fsim`, which it equals for one channel.
    """
    return _measure(Fsimc(FsimParams(t1=t1, t2=t2)), reference, distorted, FSIM_MIN_SIZE)


@_typed
def vsi(reference: Image, distorted: Image, *, c1: float = 1.27, c2: float = 386.0, alpha: float = 0.4) -> Value:
    """Visual saliency-induced index (Zhang, Shen and Li 2014) over SDSP saliency (Zhang, Gu and Li 2013), in colour.

    Higher is closer; 0 to 1, the value of identical images. One channel counts as three equal ones. Images need 3
    pixels a side and are shrunk by the shorter side over 256, rounded; saliency is found at 256x256, resized corner on
    corner and not antialiased.

    Args:
        c1, c2: stabilise the similarities of saliency and of gradients, these on the scale of 0 to 255.
        alpha: exponent of the similarity of gradients.
    """
    return _measure(Vsi(VsiParams(c1=c1, c2=c2, alpha=alpha)), reference, distorted, VSI_MIN_SIZE)
