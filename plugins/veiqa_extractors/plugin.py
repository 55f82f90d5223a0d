"""The built-in feature extractors: records and parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from veiqa_core.api import Component, hookimpl, param, params

STATE_DICT_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")


def random_seed(weights: str) -> int | None:
    """The seed in ``"random:SEED"``, or None where the weights are not random ones."""
    found = re.fullmatch(r"random:(\d{1,19})", weights, re.ASCII)
    return int(found[1]) if found else None


def _weights_problem(*suffixes: str) -> Callable[[str], str | None]:
    def problem(weights: str) -> str | None:
        seed = random_seed(weights)
        if seed is not None or weights == "random" or weights.startswith("random:"):
            return None if seed is not None and seed < 2**63 else "must read random:SEED, SEED from 0 to 2**63 - 1"
        if weights in ("packaged", "hub") or weights.lower().endswith(suffixes):
            return None
        return f"must be 'packaged', 'hub', 'random:SEED' or a file ending in {', '.join(suffixes)}"

    return problem


def _weights_param(*more_suffixes: str) -> Any:
    return param(
        default="packaged",
        help="'packaged' (installed with VEIQA, where there are any), 'hub' (timm downloads them), a file, "
        "or 'random:SEED' (untrained).",
        check=_weights_problem(*STATE_DICT_SUFFIXES, *more_suffixes),
    )


@params
class NetworkParams:
    """A network of fixed architecture."""

    weights: str = _weights_param()
    resize: int | None = param(
        default=None, help="Side of the square to which images are resized; none keeps their native size.", ge=32
    )


@params
class Darknet19Params(NetworkParams):
    """DarkNet19, which also reads Darknet's own files."""

    weights: str = _weights_param(".weights")


@params
class TimmParams(NetworkParams):
    """A network of timm, by name."""

    model: str = param(default="resnet50", help="Name of a CNN in timm, such as 'resnet50' or 'convnext_tiny.fb_in1k'.")


_LITE = "Tan and Le, ICML 2019 (EfficientNet); Liu, TensorFlow Blog, March 2020 (Lite)"


def _network(name: str, summary: str, factory: str, reference: str, params: type = NetworkParams) -> Component:
    return Component(
        name=name,
        summary=summary,
        factory=f"veiqa_extractors.{factory}",
        params=params,
        requires=("torch", "timm", "safetensors"),
        reference=reference,
    )


@hookimpl
def veiqa_feature_extractors() -> Iterable[Component]:
    """The built-in feature extractors."""
    for size, weights in enumerate(("with VEIQA", "with veiqa[lite]", "with veiqa[lite]")):
        yield _network(
            f"efficientnet-lite{size}",
            f"EfficientNet-Lite{size}; its ImageNet weights are installed {weights}.",
            f"timm_networks:EfficientNetLite{size}",
            _LITE,
        )
    yield _network(
        "efficientnet-lite0-quality",
        "EfficientNet-Lite0 fine-tuned to quality: logit 0 is quality, 1 no distortion, the others are 34 types.",
        "timm_networks:EfficientNetLite0Quality",
        f"{_LITE}; fine-tuned as in Ahmed et al., IJEECS 36(3), 2024, section 2.2",
    )
    yield _network("vgg16", "VGG16.", "timm_networks:Vgg16", "Simonyan and Zisserman, ICLR 2015, configuration D")
    yield _network(
        "inception-resnet-v2",
        "Inception-ResNet-v2.",
        "timm_networks:InceptionResNetV2",
        "Szegedy et al., AAAI 2017 (arXiv 1602.07261, figure 15)",
    )
    yield _network(
        "darknet19",
        "DarkNet19; reads Darknet's own weights files.",
        "darknet19:Darknet19Extractor",
        "Redmon and Farhadi, CVPR 2017 (YOLO9000), table 6",
        Darknet19Params,
    )
    yield _network(
        "timm",
        "Any convolutional network of timm, by name.",
        "timm_model:TimmModel",
        "Wightman, PyTorch Image Models, 2019",
        TimmParams,
    )
