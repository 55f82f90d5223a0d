"""Brightness, contrast and gamma."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

from .sources import KADID, TID2013


@params
class ContrastParams:
    """Of the lower contrast."""

    factor: float = param(
        default=0.5, help="What remains of each value's distance from the mean.", gt=0, lt=1, search=(0.25, 0.5, 0.75)
    )


@params
class RaiseContrastParams:
    """Of the higher contrast."""

    factor: float = param(
        default=2.0,
        help="What each value's distance from the mean is multiplied by.",
        gt=1,
        le=50,
        search=(1.5, 2.0, 4.0),
    )


@params
class LightnessParams:
    """Of the change of lightness."""

    exponent: float = param(
        default=2.0,
        help="How strong: to darken, the power to which CIE lightness in [0, 1] is raised; to brighten, the root.",
        gt=1,
        le=20,
        search=(1.5, 2.0, 3.0),
    )


@params
class GammaParams:
    """Of the wrong gamma."""

    gamma: float = param(
        default=2.2,
        help="Power to which each value in [0, 1] is raised; below 1 it brightens.",
        ge=0.05,
        le=20,
        search=(0.45, 1.5, 2.2),
    )


COMPONENTS = (
    Component(
        name="contrast",
        summary="Every value drawn towards the image's mean.",
        factory="veiqa_pri.tone:Contrast",
        params=ContrastParams,
        requires=("numpy", "torch"),
        version=2,  # of images in tiles
        traits={"whole": True, "distortion": "CC", "strength": ("factor", 0.9, 0.1)},
        reference="The contrast decrements of CSIQ: Larson and Chandler, J. Electronic Imaging 19(1), 2010",
    ),
    Component(
        name="raise-contrast",
        summary="Every value pushed away from the image's mean.",
        factory="veiqa_pri.tone:Contrast",
        params=RaiseContrastParams,
        requires=("numpy", "torch"),
        traits={"whole": True, "distortion": "CC-UP", "strength": ("factor", 1.1, 6.0)},
        reference=f"After the contrast change of {TID2013}",
    ),
    Component(
        name="brighten",
        summary="Brighter, with black and white as they are.",
        factory="veiqa_pri.tone:Brighten",
        params=LightnessParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "BRIGHT", "strength": ("exponent", 1.08, 4.0)},
        reference=f"The brightening of {KADID}",
    ),
    Component(
        name="darken",
        summary="Darker, with black and white as they are.",
        factory="veiqa_pri.tone:Darken",
        params=LightnessParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "DARK", "strength": ("exponent", 1.08, 4.0)},
        reference=f"The darkening of {KADID}",
    ),
    Component(
        name="gamma",
        summary="Shown with the wrong gamma.",
        factory="veiqa_pri.tone:Gamma",
        params=GammaParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "GAMMA", "strength": ("gamma", 1.08, 4.0)},
        reference="The power-law transformation: Gonzalez and Woods, Digital Image Processing, section 3.2",
    ),
)
