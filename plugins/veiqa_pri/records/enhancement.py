"""Enhancement that goes too far."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

from .sources import KADID, TID2013


@params
class SharpenParams:
    """Of the sharpening."""

    amount: float = param(
        default=4.0, help="Times that the detail is added once more.", gt=0, le=100, search=(2.0, 4.0, 8.0)
    )
    radius: float = param(
        default=1.0, help="Standard deviation in pixels of the Gaussian that separates detail.", ge=0.1, le=50
    )


@params
class DenoiseParams:
    """Of the denoising."""

    weight: float = param(
        default=0.2,
        help="Weight of smoothness against likeness, for values in [0, 1]; about the deviation of noise it removes.",
        gt=0,
        le=10,
        search=(0.05, 0.2, 0.5),
    )


COMPONENTS = (
    Component(
        name="sharpen",
        summary="Sharpened too much, by unsharp masking.",
        factory="veiqa_pri.enhancement:Sharpen",
        params=SharpenParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "SHARP", "strength": ("amount", 0.3, 12.0)},
        reference=f"The high sharpening of {KADID}",
    ),
    Component(
        name="denoise",
        summary="Denoised too much: fine texture is gone, edges stay.",
        factory="veiqa_pri.enhancement:Denoise",
        params=DenoiseParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "DN", "strength": ("weight", 0.02, 0.5)},
        reference=f"After the denoising of {TID2013}, by total variation: Chambolle, J. Mathematical Imaging and "
        "Vision 20, 2004",
    ),
)
