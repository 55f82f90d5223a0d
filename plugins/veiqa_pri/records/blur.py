"""Blurs."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

from .checks import even_problem
from .sources import KADID, PAPER


@params
class MeanBlurParams:
    """Of the mean filter."""

    size: int = param(
        default=3, help="Side of the square in pixels, odd.", ge=3, le=255, check=even_problem, search=(3, 5, 9)
    )


@params
class GaussianBlurParams:
    """Of the Gaussian filter."""

    sigma: float = param(
        default=2.0,
        help="Standard deviation of the Gaussian in pixels.",
        ge=0.1,
        le=100,
        search=(1.0, 2.0, 4.0),
    )


@params
class MotionBlurParams:
    """Of the motion blur."""

    length: float = param(default=9.0, help="Length of the path in pixels.", gt=0, le=255, search=(5.0, 9.0, 21.0))
    angle: float = param(
        default=0.0, help="Its direction in degrees, anticlockwise from the horizontal.", ge=-180, le=180
    )


@params
class LensBlurParams:
    """Of the lens out of focus."""

    radius: float = param(default=3.0, help="Radius of the disc in pixels.", gt=0.5, le=100, search=(2.0, 3.0, 6.0))


COMPONENTS = (
    Component(
        name="mean-blur",
        summary="Mean of a square of pixels.",
        factory="veiqa_pri.blur:MeanBlur",
        params=MeanBlurParams,
        requires=("numpy", "torch"),
        traits={"distortion": "GB"},
        reference=f"{PAPER}, eq. 1",
    ),
    Component(
        name="gaussian-blur",
        summary="Gaussian blur.",
        factory="veiqa_pri.blur:GaussianBlur",
        params=GaussianBlurParams,
        requires=("numpy", "scipy", "torch"),
        traits={"distortion": "GB", "strength": ("sigma", 0.4, 15.0)},
        reference="The blur of the LIVE database: Sheikh et al., IEEE Trans. Image Processing 15(11), 2006",
    ),
    Component(
        name="motion-blur",
        summary="Mean along a straight path.",
        factory="veiqa_pri.motion:MotionBlur",
        params=MotionBlurParams,
        requires=("numpy", "torch"),
        traits={"distortion": "MB", "strength": ("length", 2.0, 40.0)},
        reference=f"The motion blur of {KADID}",
    ),
    Component(
        name="lens-blur",
        summary="Out of focus: mean of a disc.",
        factory="veiqa_pri.lens:LensBlur",
        params=LensBlurParams,
        requires=("numpy", "scipy", "torch"),
        traits={"distortion": "LB", "strength": ("radius", 0.8, 12.0)},
        reference=f"The lens blur of {KADID}",
    ),
)
