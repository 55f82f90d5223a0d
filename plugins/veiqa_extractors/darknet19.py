"""DarkNet19 and Darknet's own weights files."""

from __future__ import annotations

import struct
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

from veiqa_core.api import DamagedWeightsError
from veiqa_core.contracts import Network

from .base import Module, WeightedExtractor
from .weights import State, WeightsFile

_PLAN: tuple[tuple[tuple[int, int], ...], ...] = (
    ((32, 3),),
    ((64, 3),),
    ((128, 3), (64, 1), (128, 3)),
    ((256, 3), (128, 1), (256, 3)),
    ((512, 3), (256, 1), (512, 3), (256, 1), (512, 3)),
    ((1024, 3), (512, 1), (1024, 3), (512, 1), (1024, 3)),
)
"""(filters, kernel) of each convolution; a max-pool lies between two groups."""

_BLOCKS = sum(map(len, _PLAN))
_HEAD = f"conv{_BLOCKS + 1}"

# Darknet divides by sqrt(variance) + 1e-6. Its square is variance + 2e-6 sqrt(variance) + 1e-12: with the last term as
# eps and the rest as running variance, batch normalisation divides by the same number, in dead channels too.
_DARKNET_EPSILON = 1e-6
_EPS = _DARKNET_EPSILON**2


class Darknet19(nn.Sequential):
    """DarkNet19 (YOLO9000, table 6), 20.8 million parameters: 18 blocks, a 1x1 convolution to classes, their mean.

    Weights start normal, scaled for the leaky ReLU, as Darknet's do. Max-pools keep a last odd row and column.
    """

    def __init__(self, classes: int = 1000) -> None:
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        channels, block = 3, 0
        for group, convolutions in enumerate(_PLAN):
            if group:
                parts[f"pool{group}"] = nn.MaxPool2d(2, stride=2, ceil_mode=True)
            for filters, kernel in convolutions:
                block += 1
                parts[f"conv{block}"] = _block(channels, filters, kernel)
                channels = filters
        parts[_HEAD] = nn.Conv2d(channels, classes, 1)
        parts["average"] = nn.AdaptiveAvgPool2d(1)
        parts["logits"] = nn.Flatten()
        super().__init__(parts)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=0.1, nonlinearity="leaky_relu")


def _block(channels: int, filters: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(channels, filters, kernel, padding=kernel // 2, bias=False),
            norm=nn.BatchNorm2d(filters, eps=_EPS),
            act=nn.LeakyReLU(0.1),
        )
    )


_BLOCK_PARTS = ("norm.bias", "norm.weight", "norm.running_mean", "norm.running_var", "conv.weight")
"""What a weights file holds of each block, in its order."""


def parse_darknet(file: WeightsFile, wanted: State) -> State:
    """The weights in Darknet's binary format, little-endian, as the state dict of :class:`Darknet19`.

    A header (int32 major, minor, revision; images seen, int64 from version 0.2 on and int32 before) is followed by
    float32 numbers, convolution by convolution: biases, scales, means, variances and weights; biases and weights for
    the last, which has no normalisation. ``wanted`` gives names and shapes.

    Raises:
        DamagedWeightsError: the file's size is not the network's.
    """
    names = [f"conv{block}.{part}" for block in range(1, _BLOCKS + 1) for part in _BLOCK_PARTS]
    names += [f"{_HEAD}.{part}" for part in ("bias", "weight")]
    header = _header_size(file.content)
    expected = header + 4 * sum(wanted[name].numel() for name in names)
    if len(file.content) != expected:
        raise DamagedWeightsError(
            f"{file.path} is damaged or of another network: darknet19 takes {expected} bytes, found {len(file.content)}"
        )
    numbers = torch.from_numpy(np.frombuffer(file.content, "<f4", offset=header).astype(np.float32))
    pieces = torch.split(numbers, [wanted[name].numel() for name in names])
    state = {name: piece.reshape(wanted[name].shape).clone() for name, piece in zip(names, pieces, strict=True)}
    for name in names:
        if name.endswith("running_var"):
            variance = state[name].double()
            state[name] = (variance + 2 * _DARKNET_EPSILON * variance.sqrt()).float()
    return state


def _header_size(content: bytes) -> int:
    major, minor = struct.unpack_from("<2i", content) if len(content) >= 8 else (0, 2)
    return 20 if major * 10 + minor >= 2 else 16


class Darknet19Extractor(WeightedExtractor):
    """Opens DarkNet19 from a Darknet ``.weights`` file or a state dict."""

    name = "darknet19"
    graph = "darknet19.onnx"
    downloadable = False
    licence = "Darknet's own, which reserves nothing"
    origin = "Darknet's darknet19.weights or darknet19_448.weights"

    def build(self, *, pretrained: bool = False) -> nn.Module:
        """The network with initial weights; there are none to download."""
        return Darknet19()

    def read(self, file: WeightsFile) -> State:
        """The weights in a file of either form."""
        if file.path.suffix.lower() == ".weights":
            return parse_darknet(file, self.skeleton().state_dict())
        return super().read(file)

    def adapt(self, state: State, module: nn.Module) -> State:
        """Accept any number of classes."""
        bias = state.get(f"{_HEAD}.bias")
        if bias is not None and bias.ndim == 1:
            self.reset_head(module, len(bias))
        return state

    def reset_head(self, module: nn.Module, logits: int) -> None:
        """Replace the last convolution."""
        old = module.get_submodule(_HEAD)
        assert isinstance(old, nn.Conv2d)
        new = nn.Conv2d(old.in_channels, logits, 1, device=old.weight.device)
        for parameter in new.parameters():
            nn.init.zeros_(parameter)
        setattr(module, _HEAD, new)

    def describe(self, module: Module, weights: State, digest: str) -> Network:
        """The network; Darknet feeds it RGB in [0, 1] as it is."""
        layers = tuple(f"conv{block}" for block in range(1, _BLOCKS + 1))
        return Network(
            name=self.name,
            module=module,
            layers=layers,
            default_layer=layers[-1],
            weights_digest=digest,
            resize=self.resize,
            min_size=33,
            graph=self.shipped_graph(),
            linear_head=weights[f"{_HEAD}.weight"].flatten(1),
        )
