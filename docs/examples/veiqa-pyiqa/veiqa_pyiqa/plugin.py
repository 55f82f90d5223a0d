"""What this plugin offers. Light: nothing heavy is imported here."""

from veiqa_core.api import Component, hookimpl, param, params

VEIQA_API = (2, 0)

_DOWNLOAD = "Let pyiqa fetch the files that it needs and that are not here."


@params
class MethodParams:
    metric: str = param(default="niqe", help="Name of one of pyiqa's metrics without a reference.")
    download: bool = param(default=False, help=_DOWNLOAD)


@params
class MetricParams:
    metric: str = param(default="ssim", help="Name of one of pyiqa's metrics with a reference.")
    download: bool = param(default=False, help=_DOWNLOAD)


_REFERENCE = "Chen and Mo, IQA-PyTorch: PyTorch toolbox for image quality assessment, 2022"


@hookimpl
def veiqa_methods():
    """Every metric of pyiqa that needs no reference."""
    yield Component(
        name="pyiqa",
        summary="A metric of pyiqa without a reference, negated where lower is better.",
        factory="veiqa_pyiqa.component:PyiqaMethod",
        params=MethodParams,
        requires=("pyiqa", "torch"),
        reference=_REFERENCE,
        traits={"better": "high", "bounds": (None, None), "min_size": 96},
    )


@hookimpl
def veiqa_similarity_metrics():
    """Every metric of pyiqa that needs one."""
    yield Component(
        name="pyiqa",
        summary="A metric of pyiqa with a reference, negated where lower is better.",
        factory="veiqa_pyiqa.component:PyiqaMetric",
        params=MetricParams,
        requires=("pyiqa", "torch"),
        reference=_REFERENCE,
        traits={
            "similar": "high",
            "bounds": (None, None),
            "identity": "none",
            "symmetric": True,  # of the default; of most others, too, but not of VIF
            "min_size": 32,
            "image": "rgb",
        },
    )
