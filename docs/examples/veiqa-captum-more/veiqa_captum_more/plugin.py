"""What this plugin offers: one table. Light: nothing heavy is imported here."""

from veiqa_core.api import Component, hookimpl, param, params, target_param

VEIQA_API = (2, 0)


@params
class AttributionParams:
    """Of attributions that take one pass."""

    target: int | str = target_param()


@params
class PathParams:
    """Of attributions along a path."""

    target: int | str = target_param()
    steps: int = param(default=8, help="Passes an image.", ge=2)


@params
class AblationParams:
    """Of ablations."""

    target: int | str = target_param()
    cells: int = param(default=4, help="Cells along each side; each takes a pass.", ge=2, le=32)


TABLE = (
    (
        "input-x-gradient",
        "InputXGradient",
        AttributionParams,
        "Input times gradient of the target.",
        "Shrikumar et al., arXiv 1605.01713, 2016; captum.",
    ),
    (
        "integrated-gradients",
        "IntegratedGradients",
        PathParams,
        "Gradients of the target integrated from a black image.",
        "Sundararajan, Taly and Yan, ICML 2017, eq. 3; captum.",
    ),
    (
        "feature-ablation",
        "FeatureAblation",
        AblationParams,
        "How much the target falls when a cell of a grid becomes grey.",
        "Zeiler and Fergus, ECCV 2014, section 4.2, on a grid; captum.",
    ),
)


@hookimpl
def veiqa_explainers():
    """The explainers of this plugin."""
    for name, attribution, parameters, summary, reference in TABLE:
        yield Component(
            name=name,
            summary=summary,
            factory=f"veiqa_captum_more.component:{attribution}",
            params=parameters,
            requires=("captum", "torch"),
            reference=reference,
            traits={"space": "input", "uses": ("forward",)},
        )
