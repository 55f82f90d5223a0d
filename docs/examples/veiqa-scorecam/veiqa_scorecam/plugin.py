"""What this plugin offers. Light: nothing heavy is imported here."""

from veiqa_core.api import Component, hookimpl, param, params, target_param

VEIQA_API = (2, 0)


@params
class ScoreCamParams:
    """Of Score-CAM."""

    target: int | str = target_param()
    channels: int = param(default=32, help="Channels that are tried: those that respond most.", ge=1)
    batch: int = param(default=8, help="Masked images a pass; changes memory, not the map.", ge=1)


@hookimpl
def veiqa_explainers():
    """The explainer of this plugin."""
    yield Component(
        name="scorecam",
        summary="Score-CAM: channels weighted by what the target says of the image where they respond.",
        factory="veiqa_scorecam.component:ScoreCam",
        params=ScoreCamParams,
        requires=("torch",),
        reference="Wang et al., CVPR workshop 2020 (arXiv 1910.01279), section 3.2; the strongest channels only.",
        traits={"space": "layer", "uses": ("activations", "forward")},
    )
