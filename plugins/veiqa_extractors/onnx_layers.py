"""The layers of a network in an ONNX file, in the order of its data flow, and what it does to its input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from veiqa_core.api import DamagedWeightsError, WeightsError

_PASSES = {"Flatten", "Reshape", "Transpose", "Identity", "Dropout", "Squeeze", "Unsqueeze"}
_LOGITS_BEFORE = {"Softmax", "LogSoftmax", "Flatten", "Reshape", "Identity", "Squeeze", "Unsqueeze"}


@attrs.frozen(kw_only=True, eq=False)
class Layer:
    """A convolution or a fully connected layer, and the batch normalisation that follows it.

    Attributes:
        name: of its weights in the file.
        weight: ``[O, I, h, w]``, or ``[O, I]`` of a fully connected layer.
        bias: ``[O]``; None for none.
        norm: scale, shift, mean and variance ``[4, O]``; None where no batch normalisation follows.
        epsilon: of the batch normalisation.
        flattened: which axes of a map ``[C, h, w]`` vary from the slowest to the fastest in what is fed to a fully
            connected layer.
    """

    name: str
    weight: Tensor
    bias: Tensor | None
    norm: Tensor | None = None
    epsilon: float = 0.0
    flattened: tuple[int, int, int] = (0, 1, 2)


class OnnxNetwork:
    """A network in an ONNX file.

    Args:
        content: of the file.
        path: for messages.

    Raises:
        WeightsError: the package ``onnx`` is missing, or the file holds no network of one input and one output.
        DamagedWeightsError: the file is none of ONNX.
    """

    def __init__(self, content: bytes, path: Path) -> None:
        try:
            import onnx
        except ImportError as error:
            raise WeightsError(f"{path}: ONNX is read by the package onnx: pip install 'veiqa[export]'") from error
        self._onnx, self._path = onnx, path
        try:
            self._model = onnx.load_model_from_string(content)
            graph = self._model.graph
            self._values = {item.name: np.array(onnx.numpy_helper.to_array(item)) for item in graph.initializer}
        except Exception as error:  # whatever protobuf and onnx make of what is none, or lies in another file
            raise DamagedWeightsError(f"{path} is damaged or no ONNX file that is whole; export it again") from error
        self._values |= {node.output[0]: _constant(onnx, node) for node in graph.node if node.op_type == "Constant"}
        self._makers = {name: node for node in graph.node for name in node.output if node.op_type != "Constant"}
        inputs = [item for item in graph.input if item.name not in self._values]
        if len(inputs) != 1 or len(graph.output) != 1:
            raise WeightsError(f"{path} holds no network of one input and one output")
        self._input = inputs[0]

    @property
    def side(self) -> int | None:
        """Of the images that it takes; None for any."""
        sizes = [size.dim_value for size in self._input.type.tensor_type.shape.dim]
        return int(sizes[-1]) or None if len(sizes) == 4 else None

    def layers(self) -> list[Layer]:
        """Its layers in the order in which data flow through them, branches in the order in which they are joined.

        Raises:
            WeightsError: a layer is none that is known here.
        """
        return [self._layer(node) for node in self._ordered() if self._is_layer(node)]

    def input_map(self) -> tuple[Tensor, Tensor]:
        """Scale and shift ``[3]`` of what is done to each channel before the first layer.

        Of a mean image its mean is taken.

        Raises:
            WeightsError: something else than scaling and shifting is done.
        """
        first = next(node for node in self._ordered() if self._is_layer(node))
        if first.input[0] == self._input.name:
            return torch.ones(3), torch.zeros(3)
        side = self.side or 32
        made = [self.run(np.full((1, 3, side, side), level, np.float32), first.input[0]) for level in (0, 1, 255)]
        zero, one, most = (torch.from_numpy(values).double().mean((0, 2, 3)) for values in made)
        scale = (most - zero) / 255
        if made[0].shape[1] != 3 or not torch.allclose(one - zero, scale, rtol=1e-3, atol=1e-4):
            raise WeightsError(f"{self._path}: its input is not only scaled and shifted; export it without that")
        return scale.float(), zero.float()

    def logits(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """What it gives of images ``[N, 3, H, W]``, before a softmax, as ``[N, K]``.

        Raises:
            WeightsError: it cannot be run here.
        """
        name = self._model.graph.output[0].name
        while (node := self._makers[name]).op_type in _LOGITS_BEFORE:
            name = node.input[0]
        made = self.run(images, name)
        return made.reshape(len(made), -1)

    def run(self, images: NDArray[np.float32], output: str) -> NDArray[np.float32]:
        """A value of its graph, by ONNX Runtime.

        Raises:
            WeightsError: it cannot be run.
        """
        import onnxruntime

        model = self._onnx.ModelProto()
        model.CopyFrom(self._model)
        del model.graph.output[:]
        model.graph.output.append(self._onnx.helper.make_empty_tensor_value_info(output))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 4
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
            made: NDArray[np.float32] = session.run([output], {self._input.name: images})[0]
        except Exception as error:  # whatever the runtime raises of a graph that it does not know
            reason = str(error).strip().split("\n")[0]
            raise WeightsError(
                f"{self._path}: its graph cannot be run here, so its weights cannot be checked: {reason}"
            ) from error
        return made

    def _ordered(self) -> Iterator[Any]:
        """The nodes, those that feed another before it."""
        seen: set[int] = set()
        waiting: list[tuple[Any, bool]] = [(self._makers[self._model.graph.output[0].name], False)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                yield node
            elif id(node) not in seen:
                seen.add(id(node))
                waiting.append((node, True))
                feeding = [self._makers[name] for name in node.input if name in self._makers]
                waiting += [(one, False) for one in reversed(feeding)]

    def _is_layer(self, node: Any) -> bool:
        return node.op_type in ("Conv", "Gemm", "MatMul")

    def _layer(self, node: Any) -> Layer:
        attributes = self._attributes(node)
        if node.op_type == "MatMul" or (node.op_type == "Gemm" and not attributes.get("transB", 0)):
            weight = self._value(node, 1).T
        else:
            weight = self._value(node, 1)
        if any(attributes.get(name, usual) != usual for name, usual in (("alpha", 1), ("beta", 1), ("transA", 0))):
            raise WeightsError(f"{self._path}: {node.input[1]} is of a layer that is scaled; export it without that")
        bias = self._value(node, 2) if len(node.input) > 2 and node.input[2] else None
        after = self._only_reader(node)
        if after is not None and after.op_type == "Add" and bias is None and node.op_type == "MatMul":
            bias = self._value(after, 1 if after.input[0] == node.output[0] else 0)
            after = self._only_reader(after)
        norm, epsilon = None, 0.0
        if after is not None and after.op_type == "BatchNormalization":
            norm = np.stack([self._value(after, index).reshape(-1) for index in range(1, 5)])
            epsilon = float(self._attributes(after).get("epsilon", 1e-5))
        return Layer(
            name=node.input[1],
            weight=_tensor(weight),
            bias=None if bias is None else _tensor(bias.reshape(-1)),
            norm=None if norm is None else _tensor(norm),
            epsilon=epsilon,
            flattened=self._flattened(node),
        )

    def _flattened(self, node: Any) -> tuple[int, int, int]:
        """How the map that a fully connected layer is fed was turned before it was flattened."""
        while (maker := self._makers.get(node.input[0])) is not None and maker.op_type in _PASSES:
            node = maker
            turned = tuple(self._attributes(node).get("perm", ()))
            if node.op_type == "Transpose" and len(turned) == 4 and turned[0] == 0:
                first, second, third = (axis - 1 for axis in turned[1:])
                return first, second, third
        return 0, 1, 2

    def _only_reader(self, node: Any) -> Any | None:
        readers = [other for other in self._model.graph.node if node.output[0] in other.input]
        return readers[0] if len(readers) == 1 else None

    def _value(self, node: Any, index: int) -> NDArray[Any]:
        name = node.input[index]
        if name not in self._values:
            raise WeightsError(f"{self._path}: {name} of a {node.op_type} is no constant; export it for inference")
        return self._values[name]

    def _attributes(self, node: Any) -> Mapping[str, Any]:
        return {item.name: self._onnx.helper.get_attribute_value(item) for item in node.attribute}


def _constant(onnx: Any, node: Any) -> NDArray[Any]:
    values = {item.name: item for item in node.attribute}
    return np.array(onnx.numpy_helper.to_array(values["value"].t)) if "value" in values else np.zeros(0)


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
