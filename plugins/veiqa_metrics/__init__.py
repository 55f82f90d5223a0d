"""VEIQA's built-in similarity metrics, and as functions of a reference and a distorted image::

    import veiqa_metrics

    veiqa_metrics.ssim(reference, distorted, downsample=True)

Importing the package is light; a function brings torch along at its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .functional import ad, fsim, fsimc, gmsd, nae, ncc, psnr, ssim, vsi

__all__ = ["ad", "fsim", "fsimc", "gmsd", "nae", "ncc", "psnr", "ssim", "vsi"]


def __getattr__(name: str) -> Any:
    """Import a function at its first use, so that listing the metrics needs neither torch nor numpy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import functional

    return getattr(functional, name)
