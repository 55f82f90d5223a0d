"""Mixtures of distortions as cameras and uploads make them."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

from .sources import TID2013


@params
class MixtureParams:
    """Of what is done in turn."""

    severity: float = param(
        default=0.6,
        help="From near 0, each step at its mildest, to 1, each at its strongest.",
        gt=0,
        le=1,
        search=(0.3, 0.6, 1.0),
    )


_STRENGTH = ("severity", 0.05, 1.0)

COMPONENTS = (
    Component(
        name="noisy-jpeg",
        summary="White noise, then JPEG.",
        factory="veiqa_pri.mixtures:NoisyJpeg",
        params=MixtureParams,
        requires=("numpy", "PIL", "torch"),
        traits={"distortion": "LC", "strength": _STRENGTH},
        reference=f"After the lossy compression of noisy images of {TID2013}, with JPEG",
    ),
    Component(
        name="camera",
        summary="A picture in little light: noise of the sensor, denoised, then JPEG.",
        factory="veiqa_pri.mixtures:Camera",
        params=MixtureParams,
        requires=("numpy", "PIL", "scipy", "skimage", "torch"),
        traits={"distortion": "CAMERA", "strength": _STRENGTH},
        reference="After Zhang et al., ICCV 2021, section 3: noise, denoising and JPEG in turn, on the developed image",
    ),
    Component(
        name="upload",
        summary="An upload to a web site: reduced, sharpened, then WebP.",
        factory="veiqa_pri.mixtures:Upload",
        params=MixtureParams,
        requires=("numpy", "PIL._webp", "scipy", "skimage", "torch"),
        traits={"distortion": "UPLOAD", "strength": _STRENGTH},
        reference="Degradations in turn as in Zhang et al., ICCV 2021, section 3",
    ),
)
