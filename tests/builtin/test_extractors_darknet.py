"""DarkNet19 against a separately written file writer and Darknet's own formulas."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from veiqa_core.api import WeightsError
from veiqa_core.contracts import Network
from veiqa_extractors.darknet19 import Darknet19, Darknet19Extractor
from veiqa_extractors.plugin import Darknet19Params

CPU = torch.device("cpu")

# darknet19.cfg from input to output: filters and kernel of a convolution, or a max-pool
CFG = (
    "32/3 M 64/3 M 128/3 64/1 128/3 M 256/3 128/1 256/3 M 512/3 256/1 512/3 256/1 512/3 M "
    "1024/3 512/1 1024/3 512/1 1024/3"
)

Layer = dict[str, NDArray[np.float32]]


def random_layers(seed: int) -> list[Layer]:
    rng = np.random.default_rng(seed)
    layers, channels = [], 3
    for item in [*CFG.replace("M ", "").split(), "1000/1"]:
        filters, kernel = map(int, item.split("/"))
        fan = channels * kernel * kernel
        layer = {"biases": rng.normal(0, 0.1, filters)}
        if item != "1000/1":
            layer["scales"] = rng.uniform(0.8, 1.2, filters)
            layer["means"] = rng.normal(0, 0.1, filters)
            layer["variances"] = rng.uniform(0.5, 1.5, filters)
        layer["weights"] = rng.standard_normal((filters, channels, kernel, kernel), dtype=np.float32) * (2 / fan) ** 0.5
        layers.append({name: values.astype(np.float32) for name, values in layer.items()})
        channels = filters
    # channels that hardly vary: here eps decides what comes out
    layers[0]["variances"][:5] = [0, 1e-14, 1e-10, 1e-7, 1e-5]
    layers[0]["weights"][:5] *= 1e-3
    layers[1]["weights"][:, :5] *= 1e-6
    return layers


def written(layers: list[Layer], header: bytes) -> bytes:
    return header + b"".join(values.astype("<f4").tobytes() for layer in layers for values in layer.values())


NEW_HEADER = struct.pack("<iiiq", 0, 2, 0, 32013312)
OLD_HEADER = struct.pack("<iiii", 0, 1, 0, 32013312)


@pytest.fixture(scope="module")
def layers() -> list[Layer]:
    return random_layers(4)


@pytest.fixture(scope="module")
def file(layers: list[Layer], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("darknet") / "darknet19.weights"
    path.write_bytes(written(layers, NEW_HEADER))
    return path


@pytest.fixture(scope="module")
def network(file: Path) -> Network:
    return opened(file)


def opened(weights: Any) -> Network:
    return Darknet19Extractor(Darknet19Params(weights=str(weights))).open(CPU)


def darknet_block(images: torch.Tensor, layer: Layer) -> torch.Tensor:
    """A convolutional layer as Darknet computes it, in float64."""
    values = {name: torch.from_numpy(array).double() for name, array in layer.items()}
    out = F.conv2d(images, values["weights"], padding=values["weights"].shape[-1] // 2)
    shape = (1, -1, 1, 1)
    if "scales" in values:
        out = (out - values["means"].view(shape)) / (values["variances"].view(shape).sqrt() + 1e-6)
        out = out * values["scales"].view(shape)
    out = out + values["biases"].view(shape)
    return torch.where(out > 0, out, 0.1 * out) if "scales" in values else out


def darknet_pool(images: torch.Tensor) -> torch.Tensor:
    """Max-pooling 2/2 with what lies beyond the right and bottom edge at minus infinity."""
    height, width = images.shape[-2:]
    padded = F.pad(images, (0, width % 2, 0, height % 2), value=-torch.inf)
    return torch.stack([padded[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]).amax(0)


def darknet(images: torch.Tensor, layers: list[Layer]) -> torch.Tensor:
    images, remaining = images.double(), iter(layers)
    for item in CFG.split():
        images = darknet_pool(images) if item == "M" else darknet_block(images, next(remaining))
    return darknet_block(images, next(remaining)).mean((2, 3))


def test_it_has_nineteen_convolutions_and_20_8_million_parameters() -> None:
    with torch.device("meta"):
        module = Darknet19()
    assert sum(isinstance(part, nn.Conv2d) for part in module.modules()) == 19
    assert sum(parameter.numel() for parameter in module.parameters()) == 20_842_376


@pytest.mark.parametrize("size", [(64, 64), (45, 71)])
def test_logits_are_those_of_darknets_formulas(network: Network, layers: list[Layer], size: tuple[int, int]) -> None:
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
    expected = darknet(images, layers)
    assert expected.std() > 0.05
    torch.testing.assert_close(network(images).double(), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_channels_that_hardly_vary_are_normalised_as_in_darknet(network: Network, layers: list[Layer]) -> None:
    norm = network.module.get_submodule("conv1.norm")
    images = torch.randn(1, 32, 4, 4, generator=torch.Generator().manual_seed(2))
    values = {name: torch.from_numpy(v).double().view(1, -1, 1, 1) for name, v in layers[0].items() if v.ndim == 1}
    normalised = (images.double() - values["means"]) / (values["variances"].sqrt() + 1e-6)
    expected = normalised * values["scales"] + values["biases"]
    torch.testing.assert_close(norm(images).double(), expected, rtol=1e-4, atol=1e-5)


def test_files_of_the_old_header_hold_the_same_weights(layers: list[Layer], network: Network, tmp_path: Path) -> None:
    (tmp_path / "old.weights").write_bytes(written(layers, OLD_HEADER))
    old = opened(tmp_path / "old.weights")
    assert all(torch.equal(a, b) for a, b in zip(state(old).values(), state(network).values(), strict=True))
    assert old.weights_digest != network.weights_digest


def state(network: Network) -> dict[str, torch.Tensor]:
    return {name: tensor.contiguous() for name, tensor in network.module.state_dict().items()}


def test_a_state_dict_saved_from_it_gives_the_same_bits(network: Network, tmp_path: Path) -> None:
    safetensors.torch.save_file(state(network), tmp_path / "w.safetensors")
    images = torch.rand(1, 3, 64, 64)
    assert torch.equal(opened(tmp_path / "w.safetensors")(images), network(images))


def test_a_converted_file_gives_the_same_bits(network: Network, file: Path, tmp_path: Path) -> None:
    output = tmp_path / "darknet19.safetensors"
    output.write_bytes(Darknet19Extractor(Darknet19Params()).converted(file))
    images = torch.rand(1, 3, 64, 70, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert opened(output)(images).equal(network(images))


@pytest.mark.parametrize("cut", [0, 5, 1000, -4, 4])
def test_files_of_another_size_are_refused_with_both_sizes(file: Path, tmp_path: Path, cut: int) -> None:
    content, path = file.read_bytes(), tmp_path / "other.weights"
    path.write_bytes(content + b"\0" * 4 if cut == 4 else content[:cut])
    with pytest.raises(WeightsError, match=f"other.weights .* takes {len(content)} bytes, found {path.stat().st_size}"):
        opened(path)


def test_timm_has_none_to_download() -> None:
    with pytest.raises(WeightsError, match="timm has no weights of darknet19"):
        opened("hub")
