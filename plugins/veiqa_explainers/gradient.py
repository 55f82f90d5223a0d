"""Gradients down to the pixels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from veiqa_core.api import IncompatibleError
from veiqa_core.contracts import Network, View

from .plugin import TargetParams

_RECTIFIERS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU)


class Saliency:
    """The largest absolute gradient of the target over the colours of each pixel.

    Source: Simonyan et al., ICLR workshop 2014, section 3.1.
    """

    def __init__(self, params: TargetParams) -> None:
        self.params = params

    def explain(self, view: View) -> Tensor:
        """The map ``[N, H, W]`` at the input's size, zero or above."""
        return view.input_gradients().abs().amax(dim=1)


class GuidedBackprop:
    """Saliency whose gradient is cut to its positive part where it leaves each rectifier towards the input.

    The rule is applied to ReLU, ReLU6 and LeakyReLU modules alike. A network with other activation modules, or without
    any rectifier module, is refused: there the map would silently be the plain gradient.

    Source: Springenberg et al., ICLR workshop 2015, section 3.4.
    """

    def __init__(self, params: TargetParams) -> None:
        self.params = params

    def check(self, network: Network, layer: str) -> None:
        """Raise :class:`IncompatibleError` unless the network's activations are rectifier modules."""
        activations = [module for module in network.module.modules() if _is_activation(module)]
        others = sorted({type(module).__name__ for module in activations if not isinstance(module, _RECTIFIERS)})
        if others or not activations:
            found = f"has {', '.join(others)}" if others else "has no activation modules"
            raise IncompatibleError(
                f"explainer 'guided-backprop' needs ReLU, ReLU6 or LeakyReLU throughout; {network.name} {found}"
            )

    def explain(self, view: View) -> Tensor:
        """The map ``[N, H, W]`` at the input's size, zero or above."""
        self.check(view.network, view.layer)
        rectifiers = [module for module in view.network.module.modules() if isinstance(module, _RECTIFIERS)]
        guided: list[nn.Module] = []

        def guide(module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
            guided.append(module)
            values: Tensor = _PositiveGradient.apply(inputs[0])
            return values

        hooks = [module.register_forward_pre_hook(guide) for module in rectifiers]
        try:
            with torch.enable_grad():
                images = view.images.clone().requires_grad_()
                (gradient,) = torch.autograd.grad(view.forward(images).sum(), images)
        finally:
            for hook in hooks:
                hook.remove()
        if not guided:  # else this would silently be the plain gradient
            raise IncompatibleError(
                f"explainer 'guided-backprop': the rectifiers of {view.network.name} take no part in its forward pass"
            )
        return gradient.abs().amax(dim=1)


class _PositiveGradient(torch.autograd.Function):
    """Identity forward; backward, the positive part of the gradient."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return values.clone()  # the rectifier that follows may work in place

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0].relu()


def _is_activation(module: nn.Module) -> bool:
    home = type(module).__module__
    return home == "torch.nn.modules.activation" or home.startswith("timm.layers.activations")
