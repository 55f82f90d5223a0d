"""What hides parts of an image: lost blocks, fog."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

from .sources import TID2013


@params
class BlockLossParams:
    """Of the lost blocks."""

    share: float = param(
        default=0.1, help="Probability that a block is lost; one is always.", gt=0, le=1, search=(0.05, 0.1, 0.3)
    )
    size: int = param(default=16, help="Side of a block in pixels.", ge=1, le=256)


@params
class FogParams:
    """Of the fog."""

    density: float = param(
        default=1.5,
        help="Optical depth at the upper border: e to the power of minus it is what is left of the image there.",
        gt=0,
        le=50,
        search=(0.7, 1.5, 3.0),
    )
    airlight: float = param(default=0.85, help="Value of the fog itself, grey in [0, 1].", ge=0, le=1)


COMPONENTS = (
    Component(
        name="block-loss",
        summary="Blocks lost on the way and shown grey.",
        factory="veiqa_pri.loss:BlockLoss",
        params=BlockLossParams,
        requires=("numpy", "torch"),
        traits={"distortion": "BLOCK", "strength": ("share", 0.005, 0.5)},
        reference=f"After the transmission errors of {TID2013}, with macroblocks of ITU-T H.261 and no concealment",
    ),
    Component(
        name="fog",
        summary="Fog, denser towards the upper border.",
        factory="veiqa_pri.fog:Fog",
        params=FogParams,
        requires=("numpy", "torch"),
        traits={"whole": True, "distortion": "FOG", "strength": ("density", 0.04, 2.5)},
        reference="The law of Koschmieder as in Sakaridis et al., Int. J. Computer Vision 126, 2018, eq. 1 and 2",
    ),
)
