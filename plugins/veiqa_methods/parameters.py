"""The parameters of this plugin's methods and of its metric."""

from __future__ import annotations

from typing import Literal

from veiqa_core.api import param, params


@params
class PristineParams:
    """Of NIQE and IL-NIQE."""

    model: str = param(
        default="", help="File of the pristine model, .npz or the release's .mat; empty: the one trained by VEIQA."
    )


@params
class BrisqueScoreParams:
    """Of BRISQUE's score."""

    model: str = param(default="", help="The release's allmodel; needed.")
    ranges: str = param(default="", help="The release's allrange; needed.")


@params
class Bliinds2ScoreParams:
    """Of BLIINDS-II's score."""

    model: str = param(default="", help="File of the release's mu and sigma_inv, .npz or .mat; needed.")


@params
class DiivineScoreParams:
    """Of DIIVINE's score."""

    model: str = param(default="", help="Folder of the release's machines and their scaling; needed.")


@params
class BpriScoreParams:
    """Of BPRI's score."""

    model: str = param(default="", help="The release's machine of three classes, in LIBSVM's format; needed.")
    ranges: str = param(default="", help="The release's ranges of the three features; needed.")
    curves: str = param(default="", help="File of paraLSSs, paraLSSn and paraPSS, .npz or .mat; needed.")


@params
class PseudoStructureParams:
    """Of the pseudo-structure similarity."""

    detector: Literal["matlab", "scikit-image"] = param(
        default="matlab",
        help="Which corners: as MATLAB's corner finds them, or as scikit-image's corner_shi_tomasi.",
        choices=("matlab", "scikit-image"),
    )
    quality_level: float = param(
        default=0.001, help="How strong a corner must be, over the strongest of the image.", gt=0, lt=1
    )


@params
class BmpriScoreParams:
    """Of BMPRI's score."""

    model: str = param(default="", help="The release's machine, in LIBSVM's format; needed.")
    ranges: str = param(default="", help="The release's ranges of the 20 features; needed.")


@params
class QacParams:
    """Of QAC."""

    model: str = param(default="", help="File of the release's centroids, cluster_center.mat or .npz; needed.")


@params
class DeepParams:
    """Of the deep methods whose weights do not come with VEIQA."""

    model: str = param(default="", help="File of weights, as veiqa finetune --method writes it; needed.")


@params
class TrainedParams:
    """Of the deep methods whose weights come with VEIQA."""

    model: str = param(
        default="", help="File of weights, as veiqa finetune --method writes it. Default: those that come with VEIQA."
    )


@params
class BlurEffectParams:
    """Of the blur effect."""

    size: int = param(default=11, help="Side of the mean filter that blurs again.", ge=3, le=15)
