"""Colours that are not as they were."""

from __future__ import annotations

from typing import Literal

from veiqa_core.api import Component, param, params

from .sources import KADID, TID2013


@params
class DesaturateParams:
    """Of the paler colours."""

    factor: float = param(default=0.3, help="What remains of the saturation (HSV).", ge=0, lt=1, search=(0.1, 0.3, 0.6))


@params
class OversaturateParams:
    """Of the glaring colours."""

    factor: float = param(
        default=3.0, help="What the chroma (a and b of CIELAB) is multiplied by.", gt=1, le=50, search=(2.0, 3.0, 6.0)
    )


@params
class ColourCastParams:
    """Of the wrong white balance."""

    gain: float = param(
        default=1.6,
        help="What the light of one end, red or blue, is multiplied by, and that of the other divided by.",
        gt=1,
        le=50,
        search=(1.3, 1.6, 2.5),
    )
    towards: Literal["warm", "cool"] = param(
        default="warm", help="'warm': red is multiplied, blue divided; 'cool': the reverse."
    )


@params
class ChromaticAberrationParams:
    """Of the lens that magnifies colours unequally."""

    shift: float = param(
        default=3.0,
        help="How far in pixels red lies outwards, and blue inwards, at the corners.",
        gt=0,
        le=200,
        search=(1.5, 3.0, 6.0),
    )


COMPONENTS = (
    Component(
        name="desaturate",
        summary="Colours paler.",
        factory="veiqa_pri.colour:Desaturate",
        params=DesaturateParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "CS", "strength": ("factor", 0.85, 0.05)},
        reference=f"The first colour saturation of {KADID}",
    ),
    Component(
        name="oversaturate",
        summary="Colours glaring.",
        factory="veiqa_pri.colour:Oversaturate",
        params=OversaturateParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "CS2", "strength": ("factor", 1.15, 6.0)},
        reference=f"The second colour saturation of {KADID}",
    ),
    Component(
        name="colour-cast",
        summary="A cast of orange or blue, as of a wrong white balance.",
        factory="veiqa_pri.colour:ColourCast",
        params=ColourCastParams,
        requires=("numpy", "torch"),
        traits={"distortion": "CAST", "strength": ("gain", 1.05, 4.0)},
        reference="The diagonal model of white balance (von Kries): Finlayson et al., J. Optical Society of America A "
        "11(11), 1994",
    ),
    Component(
        name="chromatic-aberration",
        summary="Fringes of colour: red is magnified and blue reduced, as by a simple lens.",
        factory="veiqa_pri.colour:ChromaticAberration",
        params=ChromaticAberrationParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"whole": True, "distortion": "CA", "strength": ("shift", 0.5, 16.0)},
        reference=f"The chromatic aberrations of {TID2013}, here growing from the centre as a lens makes them",
    ),
)
