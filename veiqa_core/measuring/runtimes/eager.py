"""torch's runtime: forward and backward passes, layer by layer as the network is written.

One forward pass keeps the activations of every layer asked for. The autograd graph starts at the shallowest layer whose
gradient is needed, so nothing is kept below it, and one backward pass serves all explainers of a target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from ...contracts import Network, Target
from ...errors import IncompatibleError
from .base import ImagePass, find_layer, finite_logits, no_maps, no_part, prepared

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""

_PIXELS = ""
"""Stands for the images among the names of layers."""


class TorchPass(ImagePass):
    """The forward pass of one image batch, and its backward pass once a gradient is asked for.

    Args:
        activations: layers whose activations are kept.
        gradients: layers whose gradients may be asked for.
        pixels: whether gradients with respect to the images may be asked for.
    """

    def __init__(
        self,
        network: Network,
        images: Tensor,
        *,
        activations: Iterable[str] = (),
        gradients: Iterable[str] = (),
        pixels: bool = False,
    ) -> None:
        super().__init__(network, images)
        self._differentiated = tuple(sorted(set(gradients)))
        self._kept: dict[str, Tensor] = {}
        self._gradients: dict[Target, Mapping[str, Tensor]] = {}
        layers = {*activations, *self._differentiated}
        with torch.set_grad_enabled(pixels or bool(self._differentiated)):
            source = prepared(network, self.images)
            if pixels:
                source = source.requires_grad_()
                self._kept[_PIXELS] = source
                self._differentiated += (_PIXELS,)
            self.logits = self._forward(source, layers)
        for name in layers - self._kept.keys():
            raise no_part(network, name)
        if self._differentiated and not self.logits.requires_grad:
            raise network.error("its network gives logits without a gradient; is forward under torch.no_grad?")
        finite_logits(network, self.logits)

    def _forward(self, source: Tensor, layers: Iterable[str]) -> Tensor:
        hooks = [find_layer(self.network, name).register_forward_hook(self._keeper(name)) for name in layers]
        try:
            return self.network(source)
        finally:
            for hook in hooks:
                hook.remove()

    def _keeper(self, name: str) -> Callable[[nn.Module, object, object], Tensor]:
        def keep(module: nn.Module, inputs: object, output: object) -> Tensor:
            if not (isinstance(output, Tensor) and output.ndim == 4):
                raise no_maps(self.network, name)
            if name in self._differentiated and not output.requires_grad:
                output = output.detach().requires_grad_()  # the graph starts here
            self._kept[name] = output
            return output.clone()  # what follows may work in place

        return keep

    def gradients(self, layer: str, target: Target) -> Tensor:
        """Gradient ``[N, C, h, w]`` of the target at a layer that was asked for."""
        if target not in self._gradients:
            self._gradients[target] = self._backward(target)
        return self._own(self._gradients[target][layer])

    def input_gradients(self, target: Target) -> Tensor:
        """Gradient ``[N, 3, H, W]`` of the target with respect to the images."""
        return self.gradients(_PIXELS, target)

    def _backward(self, target: Target) -> Mapping[str, Tensor]:
        sources = [self._kept[name] for name in self._differentiated]
        total = target.scalar(self.logits).sum()
        found = torch.autograd.grad(total, sources, retain_graph=True, allow_unused=True)
        return {name: self._reached(name, gradient) for name, gradient in zip(self._differentiated, found, strict=True)}

    def _reached(self, name: str, gradient: Tensor | None) -> Tensor:
        if gradient is not None:
            return gradient
        if name == _PIXELS:
            raise self.network.error("its network gives no gradient at its pixels; is a part under torch.no_grad?")
        raise IncompatibleError(f"no gradient reaches layer {name!r} of {self.network.name}: choose another one")
