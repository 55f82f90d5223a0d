"""Fewer levels and fewer colours."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

from .sources import TID2013


@params
class QuantiseParams:
    """Of the fewer levels."""

    levels: int = param(default=8, help="Levels of each channel.", ge=2, le=128, search=(4, 8, 16))


@params
class ColourQuantiseParams:
    """Of the palette."""

    colours: int = param(default=16, help="Colours of the palette.", ge=2, le=256, search=(4, 16, 64))


COMPONENTS = (
    Component(
        name="quantise",
        summary="Each channel rounded to a few levels.",
        factory="veiqa_pri.levels:Quantise",
        params=QuantiseParams,
        requires=("numpy", "torch"),
        traits={"distortion": "QN", "strength": ("levels", 48, 3)},
        reference=f"The quantisation noise of {TID2013}",
    ),
    Component(
        name="colour-quantise",
        summary="A palette of a few colours of the image's own, with dither.",
        factory="veiqa_pri.levels:ColourQuantise",
        params=ColourQuantiseParams,
        requires=("numpy", "PIL", "torch"),
        traits={"whole": True, "distortion": "CQ", "strength": ("colours", 128, 4)},
        reference=f"The colour quantisation with dither of {TID2013}; median cut: Heckbert, SIGGRAPH 1982; "
        "dither: Floyd and Steinberg, Proc. SID 17(2), 1976",
    ),
)
