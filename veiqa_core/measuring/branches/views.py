"""One image through one network: what explainers see, each quantity computed once and shared.

One forward pass keeps the activations of every layer asked for. The autograd graph starts at the shallowest layer whose
gradient is needed, so nothing is kept below it, and one backward pass serves all explainers of a target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from ...contracts import Network, Target, canonical
from ...errors import ComponentError, IncompatibleError, near_miss

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""

_PIXELS = ""
"""Stands for the images among the names of layers."""


class ImagePass:
    """The forward pass of one image batch, and its backward pass once a gradient is asked for.

    Args:
        network: the network, on its device.
        images: image batch ``[N, 3, H, W]`` in [0, 1], on any device.
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
        self.network = network
        self.images = canonical(images.to(network.device))
        self._differentiated = tuple(sorted(set(gradients)))
        self._kept: dict[str, Tensor] = {}
        self._gradients: dict[Target, Mapping[str, Tensor]] = {}
        layers = {*activations, *self._differentiated}
        with torch.set_grad_enabled(pixels or bool(self._differentiated)):
            source = self.images.detach()
            if _own_preprocessing(network):  # which may write into its input
                source = source.clone()
            if pixels:
                source = source.requires_grad_()
                self._kept[_PIXELS] = source
                self._differentiated += (_PIXELS,)
            self.logits = self._forward(source, layers)
        for name in layers - self._kept.keys():
            raise IncompatibleError(
                f"layer {name!r} of {network.name} takes no part in its forward pass: choose a listed one"
            )
        if self._differentiated and not self.logits.requires_grad:
            raise network.error("its network gives logits without a gradient; is forward under torch.no_grad?")
        if not torch.isfinite(self.logits).all():
            raise network.error("its network gives logits that are not finite")

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
                raise IncompatibleError(
                    f"layer {name!r} of {self.network.name} does not give maps: choose a listed one"
                )
            if name in self._differentiated and not output.requires_grad:
                output = output.detach().requires_grad_()  # the graph starts here
            self._kept[name] = output
            return output.clone()  # what follows may work in place

        return keep

    def check_finite(self) -> None:
        """Find whether the network gives what is no number.

        Raises:
            NetworkError: it does.
        """
        for name, values in self._kept.items():
            if not torch.isfinite(values).all():
                raise self.network.error(f"its network gives values at layer {name!r} that are not finite")

    def choose_target(self, wanted: str | int) -> Target:
        """The target that the parameter ``target`` of an explainer means for these images.

        Raises:
            IncompatibleError: the network has no such class.
        """
        if wanted == "norm":
            return Target(None)
        if wanted == "top":
            return Target(self.logits.detach().argmax(dim=1))
        classes = self.logits.shape[1]
        if not isinstance(wanted, int) or not 0 <= wanted < classes:
            raise IncompatibleError(f"target {wanted!r}: {self.network.name} has the classes 0 to {classes - 1}")
        return Target(torch.full((len(self.images),), wanted, device=self.logits.device))

    def activations(self, layer: str) -> Tensor:
        """Activations ``[N, C, h, w]`` of a layer that was asked for."""
        return self._own(self._kept[layer])

    def gradients(self, layer: str, target: Target) -> Tensor:
        """Gradient ``[N, C, h, w]`` of the target at a layer that was asked for."""
        if target not in self._gradients:
            self._gradients[target] = self._backward(target)
        return self._own(self._gradients[target][layer])

    def input_gradients(self, target: Target) -> Tensor:
        """Gradient ``[N, 3, H, W]`` of the target with respect to the images."""
        return self.gradients(_PIXELS, target)

    def _own(self, values: Tensor) -> Tensor:
        """A copy of the images' type: explainers share the values, and one may write into them."""
        return values.detach().to(self.images.dtype, copy=True)

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


class PassView:
    """An :class:`ImagePass` as an explainer sees it: with a layer, a target, and what the explainer declared to use.

    What was not declared is refused even where another explainer's needs happen to provide it, so that no explainer
    works in company only.

    Attributes:
        lent: whether the network itself was asked for, which can be changed then.
    """

    def __init__(self, image_pass: ImagePass, layer: str, target: Target, uses: Iterable[str]) -> None:
        self._pass = image_pass
        self._uses = frozenset(uses)
        self.lent = False
        self.layer = layer
        self.target = target

    @property
    def images(self) -> Tensor:
        """The image batch ``[N, 3, H, W]`` in [0, 1]."""
        return self._pass.images.detach().clone()

    @property
    def network(self) -> Network:
        """The network."""
        self.lent = True
        return self._pass.network

    @property
    def module(self) -> nn.Module:
        """The network from images in [0, 1] to the target ``[N]``."""
        return TargetModule(self.network, self.target)

    def activations(self) -> Tensor:
        """Activations ``[N, C, h, w]`` of the layer."""
        self._check("activations")
        return self._pass.activations(self.layer)

    def gradients(self) -> Tensor:
        """Gradient ``[N, C, h, w]`` of the target at the layer."""
        self._check("gradients")
        return self._pass.gradients(self.layer, self.target)

    def input_gradients(self) -> Tensor:
        """Gradient ``[N, 3, H, W]`` of the target with respect to the images."""
        self._check("input_gradients")
        return self._pass.input_gradients(self.target)

    def forward(self, images: Tensor) -> Tensor:
        """The target ``[M]`` of other images; differentiable where grad mode is on."""
        self._check("forward")
        return self.target.scalar(self._pass.network(images))

    def _check(self, what: str) -> None:
        if what not in self._uses:
            raise ComponentError(f"asks for {what}, which its trait 'uses' does not name")


class TargetModule(nn.Module):
    """A network, its preprocessing and a target as one module."""

    def __init__(self, network: Network, target: Target) -> None:
        super().__init__()
        self.network = network.module
        self._call = network
        self._target = target

    def forward(self, images: Tensor) -> Tensor:
        """The target ``[M]`` of an image batch in [0, 1]."""
        return self._target.scalar(self._call(images))


def _own_preprocessing(network: Network) -> bool:
    """Whether a network is of a class of somebody else's making that prepares images in its own way."""
    kind = type(network)
    return kind.preprocess is not Network.preprocess or kind.__call__ is not Network.__call__


def find_layer(network: Network, name: str) -> nn.Module:
    """The submodule that a layer's name means."""
    return network.module.get_submodule(name)


def layer_name(network: Network, layer: str | int | None) -> str:
    """The name of a layer given by name, by index in the network's list (negative: from the deep end), or not at all.

    Besides the listed layers, any submodule that gives maps is accepted by name.

    Raises:
        IncompatibleError: the network has no such layer.
    """
    if layer is None:
        return network.default_layer
    if isinstance(layer, int):
        if -len(network.layers) <= layer < len(network.layers):
            return network.layers[layer]
        raise IncompatibleError(
            f"layer {layer}: {network.name} lists {len(network.layers)} layers, 0 to {len(network.layers) - 1} or "
            f"{-len(network.layers)} to -1"
        )
    if layer in network.layers or (layer and layer in dict(network.module.named_modules())):
        return layer
    raise IncompatibleError(f"{network.name}: {near_miss('layer', layer, network.layers)}")
