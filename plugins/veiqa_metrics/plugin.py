"""What this plugin offers: the similarity metrics of Ahmed et al. 2024."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from veiqa_core.api import Component, hookimpl, param, params

SSIM_MIN_SIZE = 11  # the Gaussian window
GMSD_MIN_SIZE = 3  # the Prewitt operator
FSIM_MIN_SIZE = 48  # one period of the coarsest log-Gabor filter
VSI_MIN_SIZE = 3  # the Scharr operator; saliency is found at a size of its own

SIMILARITY = {"similar": "high", "bounds": (0, 1), "identity": "max", "symmetric": True, "batch": True}
POINTWISE = {"batch": True, "image": "rgb"}


def _even_problem(window: int) -> str | None:
    return None if window % 2 else "must be odd, so that the window has a centre"


@params
class SsimParams:
    """Of SSIM."""

    window: int = param(
        default=11, help="Side of the Gaussian window, odd.", ge=3, le=SSIM_MIN_SIZE, check=_even_problem
    )
    sigma: float = param(
        default=1.5, help="Standard deviation of the Gaussian window in pixels.", gt=0, search=(0.75, 1.5)
    )
    k1: float = param(default=0.01, help="Stabilises the comparison of levels: C1 = k1² for a peak of 1.", gt=0, le=1)
    k2: float = param(
        default=0.03, help="Stabilises the comparison of contrasts: C2 = k2² for a peak of 1.", gt=0, le=1
    )
    downsample: bool = param(
        default=False, help="Shrink first by the shorter side over 256, rounded, as Wang's code does."
    )


@params
class GmsdParams:
    """Of GMSD."""

    t: float = param(
        default=170 / 255**2, help="Stabilises the similarity of gradients; 170 on the scale of 0 to 255.", gt=0, le=1
    )
    downsample: Literal["images", "all", "none"] = param(
        default="images",
        help="What is halved first: ordinary images (as published), maps as well, or nothing.",
        choices=("images", "all", "none"),
    )


@params
class FsimParams:
    """Of FSIM and FSIMc."""

    t1: float = param(default=0.85, help="Stabilises the similarity of phase congruency.", gt=0)
    t2: float = param(default=160.0, help="Stabilises the similarity of gradients, on the scale of 0 to 255.", gt=0)


@params
class VsiParams:
    """Of VSI."""

    c1: float = param(default=1.27, help="Stabilises the similarity of saliency.", gt=0)
    c2: float = param(default=386.0, help="Stabilises the similarity of gradients, on the scale of 0 to 255.", gt=0)
    alpha: float = param(default=0.4, help="Exponent of the similarity of gradients.", gt=0, le=1)


@hookimpl
def veiqa_similarity_metrics() -> Iterator[Component]:
    """The metrics of the paper, FSIM with colour, the average difference, and the mean of the image's own map."""
    yield Component(
        name="psnr",
        summary="Peak signal-to-noise ratio in dB, at most 100.",
        factory="veiqa_metrics.indices.pointwise:Psnr",
        requires=("torch",),
        traits={**POINTWISE, "similar": "high", "bounds": (None, 100), "identity": "max", "symmetric": True},
        reference="Ahmed et al., IJEECS 36(3), 2024, section 2.4; 10 log10(peak² / MSE)",
        known_values="veiqa_metrics.known:psnr",
    )
    yield Component(
        name="ncc",
        summary="Normalised cross-correlation with the PRI's map, 1 at identity.",
        factory="veiqa_metrics.indices.pointwise:Ncc",
        requires=("torch",),
        traits={**POINTWISE, "similar": "high", "bounds": (None, None), "identity": 1, "symmetric": False},
        reference="Eskicioglu and Fisher, IEEE Trans. Communications 43(12), 1995: normalised cross-correlation",
        known_values="veiqa_metrics.known:ncc",
    )
    yield Component(
        name="nae",
        summary="Absolute error over the PRI's map.",
        factory="veiqa_metrics.indices.pointwise:Nae",
        requires=("torch",),
        traits={**POINTWISE, "similar": "low", "bounds": (0, None), "identity": "min", "symmetric": False},
        reference="Eskicioglu and Fisher, IEEE Trans. Communications 43(12), 1995: normalised absolute error",
        known_values="veiqa_metrics.known:nae",
    )
    yield Component(
        name="ad",
        summary="Average difference between the PRI's map and the image's.",
        factory="veiqa_metrics.indices.pointwise:Ad",
        requires=("torch",),
        traits={**POINTWISE, "similar": "high", "bounds": (None, None), "identity": 0, "symmetric": False},
        reference="Eskicioglu and Fisher, IEEE Trans. Communications 43(12), 1995: average difference",
        known_values="veiqa_metrics.known:ad",
    )
    yield Component(
        name="input-mean",
        summary="Mean of the image's own map, in which the PRI has no part.",
        factory="veiqa_metrics.indices.pointwise:InputMean",
        requires=("torch",),
        traits={"batch": True, "similar": "high", "bounds": (None, None), "identity": "none", "symmetric": False},
        reference="Of a class activation map the class's score less its bias: Zhou et al., CVPR 2016, eq. 1-2",
    )
    yield Component(
        name="ssim",
        summary="Structural similarity.",
        factory="veiqa_metrics.indices.ssim:Ssim",
        params=SsimParams,
        requires=("torch",),
        traits={**SIMILARITY, "bounds": (-1, 1), "min_size": SSIM_MIN_SIZE, "image": "grey"},
        reference="Wang et al., IEEE Trans. Image Processing 13(4), 2004, eq. 13 and 17",
        known_values="veiqa_metrics.known:ssim",
    )
    yield Component(
        name="gmsd",
        summary="Gradient magnitude similarity deviation.",
        factory="veiqa_metrics.indices.gmsd:Gmsd",
        params=GmsdParams,
        requires=("torch",),
        traits={**SIMILARITY, "similar": "low", "identity": "min", "min_size": GMSD_MIN_SIZE, "image": "grey"},
        reference="Xue et al., IEEE Trans. Image Processing 23(2), 2014, eq. 4-6",
        known_values="veiqa_metrics.known:gmsd",
    )
    yield Component(
        name="fsim",
        summary="Feature similarity: phase congruency and gradients.",
        factory="veiqa_metrics.indices.fsim:Fsim",
        params=FsimParams,
        requires=("torch",),
        traits={**SIMILARITY, "min_size": FSIM_MIN_SIZE, "image": "grey"},
        reference="Zhang et al., IEEE Trans. Image Processing 20(8), 2011: FSIM; Kovesi, Videre 1(3), 1999",
        known_values="veiqa_metrics.known:fsim",
    )
    yield Component(
        name="fsimc",
        summary="Feature similarity with colour; on maps it equals fsim.",
        factory="veiqa_metrics.indices.fsim:Fsimc",
        params=FsimParams,
        requires=("torch",),
        traits={**SIMILARITY, "min_size": FSIM_MIN_SIZE, "image": "rgb"},
        reference="Zhang et al., IEEE Trans. Image Processing 20(8), 2011: FSIMc",
        known_values="veiqa_metrics.known:fsimc",
    )
    yield Component(
        name="vsi",
        summary="Visual saliency-induced index.",
        factory="veiqa_metrics.indices.vsi:Vsi",
        params=VsiParams,
        requires=("torch",),
        traits={**SIMILARITY, "min_size": VSI_MIN_SIZE, "image": "rgb"},
        reference="Zhang, Shen and Li, IEEE Trans. Image Processing 23(10), 2014: VSI; "
        "saliency: Zhang, Gu and Li, ICIP 2013",
        known_values="veiqa_metrics.known:vsi",
    )
