"""What explainers see of a pass: its layer and target, and what they declared to use."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from torch import Tensor, nn

from ...contracts import Network, Target
from ...errors import ComponentError, IncompatibleError, near_miss
from ...recipes.resolution import ResolvedBranch
from ..runtimes.base import ImagePass


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


def with_layer_name(branch: ResolvedBranch, network: Network) -> ResolvedBranch:
    """A branch with its layer as a name, so that equal work has equal keys; one whose map lives at the input as it is.

    Raises:
        IncompatibleError: as for :func:`layer_name`.
    """
    return branch if branch.space == "input" else attrs.evolve(branch, layer=layer_name(network, branch.layer))


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
