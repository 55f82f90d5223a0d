"""Records of the built-in explainers. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl, param, params, target_param


def _class_problem(value: int | str) -> str | None:
    return None if value == "top" or (isinstance(value, int) and value >= 0) else "must be 'top' or a class"


@params
class TargetParams:
    """Of explainers whose only parameter is the scalar explained."""

    target: int | str = target_param()


@params
class CamParams:
    """Of class activation maps."""

    target: int | str = param(
        default="top",
        help="The class explained: 'top' (the input's own top class) or a class index.",
        check=_class_problem,
    )


@params
class OcclusionParams:
    """Of occlusion maps."""

    target: int | str = target_param()
    window: int = param(
        default=64, help="Side of the square, in pixels; cut to the image's size.", ge=1, search=(32, 64)
    )
    stride: int = param(default=32, help="Step between two positions of the square, in pixels; at most window.", ge=1)
    fill: float = param(default=0.5, help="Grey value of the square.", ge=0, le=1)
    batch: int = param(default=0, help="Occluded images in one pass; 0: 1 on a CPU, 8 elsewhere.", ge=0)


_LAYER_GRADIENTS = {"space": "layer", "uses": ("activations", "gradients")}


@hookimpl
def veiqa_explainers() -> Iterator[Component]:
    """The explainers of the paper, and their closest relatives."""
    yield Component(
        name="gradcam",
        summary="Grad-CAM: channels weighted by the mean gradient of the target.",
        factory="veiqa_explainers.cam:GradCam",
        params=TargetParams,
        requires=("torch",),
        traits=_LAYER_GRADIENTS,
        reference="Selvaraju et al., ICCV 2017, eq. 1-2; Ahmed et al. 2024, eq. 4-5.",
    )
    yield Component(
        name="gradcam++",
        summary="Grad-CAM++: positions weighted by higher derivatives of the target.",
        factory="veiqa_explainers.cam:GradCamPlusPlus",
        params=TargetParams,
        requires=("torch",),
        traits=_LAYER_GRADIENTS,
        reference="Chattopadhay et al., WACV 2018, eq. 5 and 19.",
    )
    yield Component(
        name="hirescam",
        summary="HiResCAM: activations weighted by their gradient position by position.",
        factory="veiqa_explainers.cam:HiResCam",
        params=TargetParams,
        requires=("torch",),
        traits=_LAYER_GRADIENTS,
        reference="Draelos and Carin, 2020, arXiv:2011.08891.",
    )
    yield Component(
        name="cam",
        summary="Class activation map of a network that ends in pooling and one linear layer.",
        factory="veiqa_explainers.cam:Cam",
        params=CamParams,
        requires=("torch",),
        traits={"space": "layer", "uses": ("activations",)},
        reference="Zhou et al., CVPR 2016, eq. 2.",
    )
    yield Component(
        name="occlusion",
        summary="Occlusion: how much the target falls when a grey square covers the place.",
        factory="veiqa_explainers.occlusion:Occlusion",
        params=OcclusionParams,
        requires=("torch", "captum"),
        traits={"space": "input", "uses": ("forward",)},
        reference="Zeiler and Fergus, ECCV 2014, section 4.2.",
    )
    yield Component(
        name="saliency",
        summary="Saliency: the largest gradient of the target over the colours of a pixel.",
        factory="veiqa_explainers.gradient:Saliency",
        params=TargetParams,
        requires=("torch",),
        traits={"space": "input", "uses": ("input_gradients",)},
        reference="Simonyan et al., ICLR workshop 2014, section 3.1.",
    )
    yield Component(
        name="guided-backprop",
        summary="Guided backpropagation: saliency that passes positive gradients only at every rectifier.",
        factory="veiqa_explainers.gradient:GuidedBackprop",
        params=TargetParams,
        requires=("torch",),
        traits={"space": "input", "uses": ("forward",)},
        reference="Springenberg et al., ICLR workshop 2015.",
    )
    yield Component(
        name="activation-norm",
        summary="Euclidean norm over the channels of the layer's activations; no target.",
        factory="veiqa_explainers.activation:ActivationNorm",
        requires=("torch",),
        traits={"space": "layer", "uses": ("activations",)},
        reference="Zagoruyko and Komodakis, ICLR 2017, section 3.1 (attention map, p = 2, before the square).",
    )
