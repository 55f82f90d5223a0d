"""ONNX Runtime: forward passes of a network whose graph is known, several times as fast as torch's on a processor.

The graph has the maps of all the layers that the network lists as outputs, whichever are wanted, so that what is asked
for beside a map changes none of its bits. Images are prepared by the network itself, as for torch.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from ...contracts import Network
from ...errors import one_line
from .base import ImagePass, finite_logits, no_maps, own_call, prepared
from .eager import TorchPass
from .onnx_export import NotServed
from .onnx_file import INPUT, LOGITS, map_name, with_weights

NAME = "onnxruntime"
NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""

TOLERANCE = 1e-4
"""How far a map may be from torch's, as a part of the greatest magnitude in it."""
_SIDES = ((5, 50), (43, 18))
"""By how much the sides of the images on which both are compared exceed the least: of any remainder by 32."""
_FORKED: list[Any] = []
"""Sessions that a fork left without their threads."""
_NO_MEMORY = ("Failed to allocate memory", "bad_alloc", "bad allocation")


class CompiledNetwork:
    """A network as ONNX Runtime carries it out.

    Its weights are copies: what is done to the network later does not reach it.

    Args:
        graph: the network's module, its weights left out.

    Attributes:
        graph: the same.
        identity: what decides its bits beside the weights.

    Raises:
        NotServed: ONNX Runtime is not installed, or takes no such graph, or gives something else than torch. A deferred
            network is not compared: its extractor vouches for the graph.
    """

    def __init__(self, network: Network, graph: bytes) -> None:
        if own_call(network):
            raise NotServed("its network is of a class that is called in its own way")
        self._outputs = {layer: map_name(index) for index, layer in enumerate(network.layers)}
        self.graph = graph
        weights = network.weights
        self._weights = network.module.state_dict if weights is None else lambda: weights
        self._made_for: tuple[int, int] | None = None
        self._session: Any = None
        self.identity = f"{NAME} {library().__version__} {hashlib.sha256(graph).hexdigest()[:16]}"
        try:
            self._ready()
        except Exception as error:  # whatever ONNX Runtime raises at a graph
            if _lacks_memory(error):
                raise
            raise NotServed(f"{NAME} does not take it: {one_line(error)}") from error
        if not network.deferred:
            self._verify(network)

    @property
    def layers(self) -> frozenset[str]:
        """The layers whose maps it gives."""
        return frozenset(self._outputs)

    def run(self, inputs: Tensor, layers: Iterable[str]) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Logits ``[N, K]`` and maps ``[N, C, h, w]`` of prepared images ``[N, 3, h, w]``.

        Raises:
            MemoryError: there is too little memory.
        """
        wanted = sorted(layers)
        try:
            found = self._ready().run([LOGITS, *(self._outputs[name] for name in wanted)], {INPUT: inputs.numpy()})
        except Exception as error:  # of a class that its bindings make
            if _lacks_memory(error):
                raise MemoryError(one_line(error)) from error
            raise
        logits, *maps = map(torch.from_numpy, found)
        return logits, {name: _by_place(values) for name, values in zip(wanted, maps, strict=True)}

    def _ready(self) -> Any:
        """The session, with as many threads as torch has now; after a fork a new one, for threads are not forked."""
        now = (os.getpid(), torch.get_num_threads())
        if self._made_for != now:
            if self._made_for is not None and self._made_for[0] != now[0]:
                _FORKED.append(self._session)  # to free it would wait for threads that are in the other process
            self._session = None  # before a second one needs memory
            self._session = _session(with_weights(self.graph, self._weights()), now[1])
            self._made_for = now
        return self._session

    def _verify(self, network: Network) -> None:
        """Compare with torch on images of two sizes."""
        for images in trial_images(network):
            exact = TorchPass(network, images, activations=network.layers)
            try:
                found = CompiledPass(network, self, images, network.layers)
            except MemoryError:
                raise
            except Exception as error:  # whatever ONNX Runtime raises at a graph
                raise NotServed(f"{NAME} does not take it: {one_line(error)}") from error
            for name in network.layers:
                _compare(f"layer {name!r}", found.activations(name), exact.activations(name))
            _compare("its logits", found.logits, exact.logits.detach())


class CompiledPass(ImagePass):
    """A forward pass by ONNX Runtime.

    Args:
        activations: layers whose activations are kept.
    """

    def __init__(self, network: Network, compiled: CompiledNetwork, images: Tensor, activations: Iterable[str]) -> None:
        super().__init__(network, images)
        with torch.no_grad():
            inputs = network.preprocess(prepared(network, self.images))
        logits, self._kept = compiled.run(inputs.contiguous(), activations)
        for name, values in self._kept.items():
            if values.ndim != 4:
                raise no_maps(network, name)
        self.logits = finite_logits(network, logits)


def _lacks_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(text in str(error) for text in _NO_MEMORY)


def _by_place(values: Tensor) -> Tensor:
    """Maps whose channels lie together, place by place, as torch's runtime has them: to sum over channels is faster."""
    return values.contiguous(memory_format=torch.channels_last) if values.ndim == 4 else values


def trial_images(network: Network) -> list[Tensor]:
    """Images ``[1, 3, H, W]`` of noise on which runtimes are compared, of two sizes where the network takes any."""
    least = network.resize or max(network.min_size, 32)
    generator = torch.Generator().manual_seed(0)
    return [torch.rand((1, 3, least + high, least + wide), generator=generator) for high, wide in _SIDES]


def _compare(what: str, found: Tensor, due: Tensor) -> None:
    if found.shape != due.shape:
        raise NotServed(f"{NAME} gives {what} as {tuple(found.shape)}, torch as {tuple(due.shape)}")
    scale = float(due.abs().max())
    apart = float((found - due).abs().max())
    if not apart <= TOLERANCE * scale:  # nor where it is NaN
        raise NotServed(f"{NAME} gives {what} {apart / scale if scale else apart:.1g} apart from torch")


def library() -> Any:
    """ONNX Runtime's module.

    Raises:
        NotServed: it is not there.
    """
    try:
        module: Any = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise NotServed(f"{NAME} is not installed, or cannot be loaded: {one_line(error)}") from error
    module.disable_telemetry_events()  # which its build for Windows has
    return module


def _session(model: bytes, threads: int) -> Any:
    options = library().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.enable_cpu_mem_arena = False  # which keeps what one big image took
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return library().InferenceSession(model, options, providers=["CPUExecutionProvider"])
