"""Fewer pixels."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

from .sources import KADID


@params
class PixelateParams:
    """Of the lower resolution."""

    size: int = param(default=4, help="Side of the squares in pixels.", ge=2, le=256, search=(2, 4, 8))


@params
class ResampleParams:
    """Of the resolution in between."""

    factor: float = param(
        default=3.0, help="How many times the sides are reduced, then enlarged.", gt=1, le=64, search=(2.0, 3.0, 6.0)
    )


COMPONENTS = (
    Component(
        name="pixelate",
        summary="Squares of pixels replaced by their means.",
        factory="veiqa_pri.sampling:Pixelate",
        params=PixelateParams,
        requires=("numpy", "torch"),
        traits={"distortion": "PIXEL", "strength": ("size", 2, 16)},
        reference=f"The pixelation of {KADID}",
    ),
    Component(
        name="resample",
        summary="Reduced and enlarged to its size again.",
        factory="veiqa_pri.sampling:Resample",
        params=ResampleParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "DOWN", "strength": ("factor", 1.2, 10.0)},
        reference="The down-sampling of practical degradation models: Zhang et al., ICCV 2021, section 3.2",
    ),
)
