"""A network's forward pass as an ONNX graph without weights, with the maps of its listed layers as outputs.

torch writes the graph, and the package onnx (``pip install 'veiqa[export]'``) reads it for the changes that are made
here. The graph depends on how the network is built, not on its weights, on the images' size, or on names that torch
gives: networks of one build have the same bytes.
"""

from __future__ import annotations

import copy
import importlib
import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ...contracts import Network
from ...errors import is_out_of_memory, one_line
from .base import prepared
from .onnx_file import INPUT, LOGITS, WEIGHT, map_name

OPSET = 17
_LENGTH = 200  # of a reason, which torch's exporter follows by whole pages


class NotServed(Exception):
    """Why a runtime cannot serve a network."""


def export(network: Network, images: Tensor) -> Iterator[bytes]:
    """Graphs of a network's module, the faster first; which of them are right is to be found out.

    Padding that depends on the image's size, as TensorFlow's networks have it, is written as shape arithmetic; in the
    faster graph the convolutions behind it pad by themselves.

    Args:
        images: a batch ``[1, 3, H, W]`` in [0, 1] of a size that the network takes.

    Raises:
        NotServed: it cannot be exported, and why.
    """
    try:
        onnx: Any = importlib.import_module("onnx")
    except ImportError as error:
        raise NotServed("no graph of it is shipped, and to export one takes: pip install 'veiqa[export]'") from error
    try:
        written = _written(network, images)
        yield _bare(onnx, written, padded=True)
        yield _bare(onnx, written, padded=False)
    except Exception as error:  # whatever torch's exporter meets
        if is_out_of_memory(error):
            raise
        raise NotServed(f"it cannot be exported: {one_line(error)[:_LENGTH]}") from error


class _WithMaps(nn.Module):
    """A network that gives its logits and the maps of layers."""

    def __init__(self, module: nn.Module, layers: Iterable[str]) -> None:
        super().__init__()
        self.module = module
        self._maps: dict[str, Tensor] = {}
        self._layers = tuple(layers)
        for name in self._layers:
            module.get_submodule(name).register_forward_hook(self._keeper(name))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        self._maps.clear()
        logits: Tensor = self.module(images)
        return logits, *(self._maps[name] for name in self._layers)

    def _keeper(self, name: str) -> Any:
        def keep(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
            self._maps[name] = output
            return output.clone()  # what follows may work in place

        return keep


def _written(network: Network, images: Tensor) -> bytes:
    """What torch writes: the graph with its weights as inputs."""
    module = _WithMaps(copy.deepcopy(network.module), network.layers).eval()
    _make_distinct(module)
    target: Any = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad(), _without_log():
        warnings.simplefilter("ignore")  # of the exporter's future, and of shapes that Python sees
        torch.onnx.export(
            module,
            (network.preprocess(prepared(network, images)),),
            target,
            dynamo=False,
            export_params=False,
            do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[LOGITS, *(map_name(index) for index in range(len(network.layers)))],
            dynamic_axes={INPUT: {2: "height", 3: "width"}},
        )
    content: bytes = target.getvalue()
    return content


def _make_distinct(module: nn.Module) -> None:
    """Give weights values that differ: torch's exporter makes one of those that are equal, as in untrained networks."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in module.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator) / 100)


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep torch's exporter from printing a graph that it fails at: it switches its log on unasked."""
    switch = "_jit_set_onnx_log_enabled"
    library: Any = torch._C
    before = getattr(library, switch, None)
    if before is None:  # as in versions to come
        yield
        return
    setattr(library, switch, lambda enabled: None)
    try:
        yield
    finally:
        setattr(library, switch, before)


def _bare(onnx: Any, written: bytes, *, padded: bool) -> bytes:
    """The graph alone: nothing that it does not need, and names by the order of its nodes."""
    model = onnx.load_model_from_string(written)
    graph = model.graph
    weights = {item.name for item in graph.input} - {INPUT}
    if padded:
        _pad_in_convolutions(onnx, graph)
    _keep(graph.input, [item for item in graph.input if item.name == INPUT])
    _keep(graph.node, _needed(graph))
    names = {name: name for name in (INPUT, *(item.name for item in graph.output))}
    names |= {name: WEIGHT + name.removeprefix(WEIGHT) for name in weights}
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        _keep(node.input, [names.get(name, name) for name in node.input])
        for name in node.output:
            names.setdefault(name, f"v{len(names)}" if name else "")
        _keep(node.output, [names.get(name, name) for name in node.output])
    for item in graph.output:
        item.type.tensor_type.ClearField("shape")  # a head may have any number of classes
    graph.name = "network"
    for field in ("value_info", "doc_string", "metadata_props"):
        graph.ClearField(field)
    bare = onnx.ModelProto(ir_version=model.ir_version, graph=graph, opset_import=model.opset_import)
    return bytes(bare.SerializeToString(deterministic=True))


def _pad_in_convolutions(onnx: Any, graph: Any) -> None:
    """Have convolutions pad by themselves what is padded before them by an amount that depends on the image's size."""
    makers = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        before = makers.get(node.input[0]) if node.op_type == "Conv" else None
        if before is None or before.op_type != "Pad" or makers[before.input[1]].op_type == "Constant":
            continue
        node.input[0] = before.input[0]
        _keep(node.attribute, [item for item in node.attribute if item.name not in ("pads", "auto_pad")])
        node.attribute.append(onnx.helper.make_attribute("auto_pad", "SAME_UPPER"))


def _needed(graph: Any) -> list[Any]:
    """The nodes that some output depends on, in order."""
    wanted = {item.name for item in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if not wanted.isdisjoint(node.output):
            nodes.append(node)
            wanted.update(node.input)
    return nodes[::-1]


def _keep(field: Any, values: Iterable[Any]) -> None:
    kept = [copy.deepcopy(value) for value in values]
    del field[:]
    field.extend(kept)
