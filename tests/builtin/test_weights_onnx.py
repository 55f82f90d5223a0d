"""Weights in ONNX files laid out as MATLAB's exportONNXNetwork does; the files are made here, not by MATLAB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from click.testing import CliRunner
from torch import Tensor, nn

import veiqa_extractors
from veiqa_core.api import DamagedWeightsError, WeightsError
from veiqa_core.cli import main
from veiqa_core.contracts import Network
from veiqa_core.extension.registry import installed
from veiqa_extractors.darknet19 import Darknet19
from veiqa_extractors.onnx_layers import OnnxNetwork
from veiqa_extractors.onnx_weights import check, converted

onnx = pytest.importorskip("onnx", reason="ONNX files need the package onnx")


class Graph:
    """An ONNX graph that is built node by node."""

    def __init__(self, side: int) -> None:
        self.side, self.nodes, self.values, self.last = side, [], {}, "data"

    def add(self, kind: str, name: str, *more: str, first: str | None = None, **attributes: Any) -> str:
        """A node that reads what the last one gave, or ``first``."""
        self.nodes.append(onnx.helper.make_node(kind, [first or self.last, *more], [name], name, **attributes))
        self.last = name
        return name

    def value(self, name: str, values: Any) -> str:
        self.values[name] = np.asarray(values, np.float32)
        return name

    def convolution(self, name: str, weight: Tensor, bias: Tensor | None, **attributes: Any) -> None:
        inputs = [self.value(f"{name}_W", weight)] + ([] if bias is None else [self.value(f"{name}_B", bias)])
        self.add("Conv", name, *inputs, **attributes)

    def norm(self, name: str, part: nn.BatchNorm2d, epsilon: float) -> None:
        """Batch normalisation that gives the same with another epsilon."""
        values = (part.weight, part.bias, part.running_mean, part.running_var + part.eps - epsilon)
        names = [
            self.value(f"{name}_{what}", value.detach())
            for what, value in zip(("scale", "B", "mean", "var"), values, strict=True)
        ]
        self.add("BatchNormalization", name, *names, epsilon=epsilon)

    def save(self, path: Path, shuffled: bool = False) -> Path:
        shape = [1, 3, self.side, self.side]
        values = list(self.values.items())
        if shuffled:
            values.reverse()
        graph = onnx.helper.make_graph(
            self.nodes,
            "network",
            [onnx.helper.make_tensor_value_info("data", 1, shape)],
            [onnx.helper.make_tensor_value_info(self.last, 1, None)],
            [onnx.numpy_helper.from_array(value, name) for name, value in values],
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
        model.ir_version = 8
        onnx.save(model, path)
        return path


def darknet(path: Path, module: Darknet19) -> Path:
    """MATLAB's names and layout of DarkNet19; pixels from 0 to 255 are divided by the graph."""
    graph = Graph(64)
    graph.add("Div", "input_rescale", graph.value("input_Max", 255.0))
    block = 0
    for name, part in module.named_children():
        if isinstance(part, nn.Sequential):
            block += 1
            convolution, norm, _ = part.children()
            pads = [convolution.padding[0]] * 4
            graph.convolution(f"conv{block}", convolution.weight.detach(), None, pads=pads)
            graph.norm(f"batchnorm{block}", norm, 1e-5)
            graph.add("LeakyRelu", f"leaky{block}", alpha=0.1)
        elif isinstance(part, nn.MaxPool2d):
            graph.add("MaxPool", name, kernel_shape=[2, 2], strides=[2, 2])
        elif isinstance(part, nn.Conv2d):
            graph.convolution("conv19", part.weight.detach(), part.bias.detach())
    graph.add("GlobalAveragePool", "avg1")
    graph.add("Softmax", "softmax", axis=1)
    return graph.save(path, shuffled=True)


@pytest.fixture(scope="module")
def trained() -> Darknet19:
    """DarkNet19 with statistics that are not the initial ones."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        made = Darknet19()
        for part in made.modules():
            if isinstance(part, nn.BatchNorm2d):
                nn.init.uniform_(part.weight, 0.7, 1.3)
                nn.init.normal_(part.bias, std=0.2)
                nn.init.normal_(part.running_mean, std=0.2)
                nn.init.uniform_(part.running_var, 0.5, 2)
    return made.eval()


def test_darknet19_is_converted_by_the_command(trained: Darknet19, tmp_path: Path) -> None:
    source, output = darknet(tmp_path / "darknet19.onnx", trained), tmp_path / "darknet19.safetensors"
    done = CliRunner().invoke(main, ["weights", "convert", "darknet19", str(source), str(output)])
    assert done.exit_code == 0, done.output
    found = Darknet19().eval()
    found.load_state_dict(safetensors.torch.load_file(output))
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(found(images), trained(images), rtol=1e-3, atol=1e-4)


class Small(nn.Module):
    """In small what VGG16 has: a bias, padding, a fully connected layer that sees a map, and one that sees that."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.two = nn.Conv2d(4, 6, 2)
        self.three = nn.Linear(6, 5)

    def forward(self, images: Tensor) -> Tensor:
        hidden = torch.relu(self.two(self.pool(torch.relu(self.one(images)))))
        logits: Tensor = self.three(hidden.flatten(1))
        return logits


MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LEVELS = (123.68, 116.779, 103.939)  # what VGG16 subtracts


def described(module: nn.Module) -> Network:
    return Network(
        name="small",
        module=module,
        layers=("one",),
        default_layer="one",
        weights_digest="sha256:0",
        mean=MEAN,
        std=STD,
    )


def small(path: Path, module: Small, turned: tuple[int, int, int] | None, how: str = "gemm") -> Path:
    """``module``, made for levels less a mean, as MATLAB lays VGG16 out; its map is turned before it is flattened."""
    graph = Graph(4)
    graph.add("Sub", "data_Sub", graph.value("data_Mean", np.reshape(LEVELS, (1, 3, 1, 1))))
    graph.convolution("conv1_1", module.one.weight.detach(), module.one.bias.detach(), pads=[1, 1, 1, 1])
    graph.add("Relu", "relu1_1")
    graph.add("MaxPool", "pool1", kernel_shape=[2, 2], strides=[2, 2])
    weight = module.two.weight.detach()  # [6, 4, 2, 2]
    if turned is None:
        graph.convolution("fc6", weight, module.two.bias.detach())
        graph.add("Relu", "relu6")
        graph.add("Flatten", "flatten7")
    else:
        graph.add("Transpose", "turned", perm=[0, *(axis + 1 for axis in turned)])
        graph.add("Flatten", "flatten6")
        flat = weight.permute(0, *(axis + 1 for axis in turned)).reshape(6, -1)
        graph.add("Gemm", "fc6", graph.value("fc6_W", flat), graph.value("fc6_B", module.two.bias.detach()), transB=1)
        graph.add("Relu", "relu6")
    last, bias = module.three.weight.detach(), module.three.bias.detach()
    if how == "gemm":
        graph.add("Gemm", "fc8", graph.value("fc8_W", last.T), graph.value("fc8_B", bias))
    else:
        graph.add("MatMul", "fc8_product", graph.value("fc8_W", last.T))
        graph.add("Add", "fc8", graph.value("fc8_B", bias))
    graph.add("Softmax", "prob", axis=1)
    return graph.save(path)


def seeded() -> Small:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(3)
        return Small().eval()


@pytest.mark.parametrize("turned", [None, (0, 1, 2), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize("how", ["gemm", "matmul"])
def test_fully_connected_layers_and_means_are_brought_to_the_module(
    turned: tuple[int, int, int] | None, how: str, tmp_path: Path
) -> None:
    module = seeded()
    path = small(tmp_path / "small.onnx", module, turned, how)
    with torch.no_grad():
        found = seeded()
        found.load_state_dict(converted(path.read_bytes(), path, found, described(found)))
        check(path.read_bytes(), path, found, described(found))
        for name in ("two.weight", "two.bias", "three.weight", "three.bias"):
            assert torch.equal(found.state_dict()[name], module.state_dict()[name])
        levels = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 255
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
        wanted = module(levels - torch.tensor(LEVELS).view(1, 3, 1, 1))
        made = found((levels / 255 - mean) / std)
        assert float((made - wanted).abs().max() / wanted.abs().max()) < 0.01  # the border of the padding


def test_what_has_other_layers_or_gives_other_logits_is_refused(tmp_path: Path) -> None:
    module = seeded()
    path = small(tmp_path / "small.onnx", module, None)
    content = path.read_bytes()
    other = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(6, 5))
    with pytest.raises(WeightsError, match="3 layers, not 2"):
        converted(content, path, other, described(other))
    wider = seeded()
    wider.three = nn.Linear(6, 7)
    with pytest.raises(WeightsError, match=r"fc8_W \(5, 6\) where three.weight \(7, 6\) is due"):
        converted(content, path, wider, described(wider))
    with torch.no_grad():
        found = seeded()
        found.load_state_dict(converted(content, path, found, described(found)))
        found.three.weight.copy_(found.three.weight.flip(0))
        with pytest.raises(WeightsError, match="gives other logits than the file's own graph"):
            check(content, path, found, described(found))


def test_branches_come_in_the_order_in_which_they_are_joined(tmp_path: Path) -> None:
    """Whatever the order of nodes and values in the file; a sum reads its branches after what both come from."""
    graph = Graph(8)
    weights = {name: torch.ones(2, inputs, 1, 1) for name, inputs in (("stem", 3), ("a", 2), ("b", 2), ("up", 4))}
    graph.convolution("stem", weights["stem"], None)
    graph.nodes.append(onnx.helper.make_node("Conv", ["stem", graph.value("b_W", weights["b"])], ["b"]))
    graph.nodes.append(onnx.helper.make_node("Conv", ["stem", graph.value("a_W", weights["a"])], ["a"]))
    graph.nodes.append(onnx.helper.make_node("Concat", ["a", "b"], ["joined"], axis=1))
    graph.nodes.append(onnx.helper.make_node("Conv", ["joined", graph.value("up_W", weights["up"])], ["up"]))
    graph.add("Add", "sum", "stem", first="up")
    path = graph.save(tmp_path / "branches.onnx", shuffled=True)
    names = [layer.name for layer in OnnxNetwork(path.read_bytes(), path).layers()]
    assert names == ["stem_W", "a_W", "b_W", "up_W"]


def test_inception_resnet_v2_has_its_layers_in_the_order_of_the_module(tmp_path: Path) -> None:
    """By the graph that comes with VEIQA, in which weights have the module's names, with its nodes in reverse."""
    name, folder = "inception-resnet-v2", Path(veiqa_extractors.__file__).parent / "graphs"
    model = onnx.load(folder / f"{name}.onnx")
    graph = model.graph
    backwards = list(graph.node)[::-1]
    del graph.node[:], graph.output[1:]
    graph.node.extend(backwards)
    graph.output[0].name = next(node for node in graph.node if node.op_type == "Gemm").output[0]
    module = installed().part("extractor", name, {}).create().skeleton()
    state = {f"module.{key}": value for key, value in module.state_dict().items()}
    for node in graph.node:
        for value in node.input:
            if value in state:
                filler = np.zeros(tuple(state.pop(value).shape), np.float32)
                graph.initializer.append(onnx.numpy_helper.from_array(filler, value))
    content = model.SerializeToString()
    layers = OnnxNetwork(content, tmp_path / "given.onnx").layers()
    units = [key for key, part in module.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    assert [layer.name for layer in layers] == [f"module.{key}.weight" for key in units]
    assert len(layers) == 245  # 244 convolutions and the classifier
    assert sum(layer.norm is not None for layer in layers) == 204


def test_what_is_no_onnx_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("no network")
    with pytest.raises(DamagedWeightsError, match="is damaged or no ONNX file") as raised:
        OnnxNetwork(path.read_bytes(), path)
    assert "\n" not in str(raised.value)
