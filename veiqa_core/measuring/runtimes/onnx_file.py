"""ONNX models as bytes: a graph without weights, and weights added to it.

A model is a message of Protocol Buffers, and two of them one after the other mean both together. So weights are added
by writing a message that holds nothing else behind the graph; no library is needed for that. Fields are numbered as in
``onnx.proto`` of ONNX 1.0 and later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

WEIGHT = "module."
"""What the names of weights in a graph begin with."""
INPUT, LOGITS = "images", "logits"

_MODEL_GRAPH, _GRAPH_INITIALIZER = 7, 5
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_BYTES = 1, 2, 8, 9
_NUMBER, _BYTES = 0, 2  # kinds of fields
_TYPES = {
    torch.float32: 1,
    torch.uint8: 2,
    torch.int8: 3,
    torch.int32: 6,
    torch.int64: 7,
    torch.bool: 9,
    torch.float16: 10,
    torch.float64: 11,
}
BIGGEST = 2**31 - 2**20
"""Bytes that a model may have, by the limit of Protocol Buffers."""


def map_name(index: int) -> str:
    """What a graph calls the output of the network's layer of this index."""
    return f"map{index}"


def with_weights(graph: bytes, weights: Mapping[str, Tensor]) -> bytes:
    """A graph with the weights of a network, by their names in its state dict.

    Raises:
        ValueError: they are of a type that has no counterpart, or too big in all.
    """
    tensors = [_field(_GRAPH_INITIALIZER, _tensor(WEIGHT + name, value)) for name, value in weights.items()]
    if sum(map(len, tensors)) + len(graph) > BIGGEST:
        raise ValueError("its weights take more than 2 GB")
    return graph + _field(_MODEL_GRAPH, b"".join(tensors))


def _tensor(name: str, value: Tensor) -> bytes:
    if value.dtype not in _TYPES or value.layout is not torch.strided:
        raise ValueError(f"its {name.removeprefix(WEIGHT)} is {value.dtype}, {value.layout}")
    content = value.detach().cpu().contiguous().numpy()
    parts = [_key(_TENSOR_DIMS, _NUMBER) + _number(side) for side in value.shape]
    parts += [_key(_TENSOR_TYPE, _NUMBER) + _number(_TYPES[value.dtype]), _field(_TENSOR_NAME, name.encode())]
    return b"".join([*parts, _field(_TENSOR_BYTES, content.astype(content.dtype.newbyteorder("<")).tobytes())])


def _field(number: int, content: bytes) -> bytes:
    return b"".join((_key(number, _BYTES), _number(len(content)), content))


def _key(number: int, kind: int) -> bytes:
    return _number(number << 3 | kind)


def _number(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have the highest bit set."""
    return bytes(_sevens(value))


def _sevens(value: int) -> Iterable[int]:
    while value > 0x7F:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value
