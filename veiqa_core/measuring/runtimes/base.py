"""One image through one network: what every runtime gives of it."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from ...contracts import Network, Target, canonical
from ...errors import IncompatibleError

TORCH: Final = "torch"
"""The runtime of torch itself, by name."""


def runtime_name(identity: str) -> str:
    """A runtime's name alone, of what is reported of it with its version."""
    return identity.partition(" ")[0]


class ImagePass(ABC):
    """The forward pass of one image batch. A runtime makes it: it fills in ``logits`` and the maps it was asked for.

    Args:
        network: the network, on its device.
        images: image batch ``[N, 3, H, W]`` in [0, 1], on any device.

    Attributes:
        images: on the network's device.
        logits: ``[N, K]``.
    """

    logits: Tensor

    def __init__(self, network: Network, images: Tensor) -> None:
        self.network = network
        self.images = canonical(images.to(network.device))
        self._kept: Mapping[str, Tensor] = {}

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
        raise NotImplementedError("this runtime gives no gradients; the plan has torch make such passes")

    def input_gradients(self, target: Target) -> Tensor:
        """Gradient ``[N, 3, H, W]`` of the target with respect to the images."""
        raise NotImplementedError("this runtime gives no gradients; the plan has torch make such passes")

    def _own(self, values: Tensor) -> Tensor:
        """A copy of the images' type: explainers share the values, and one may write into them."""
        return values.detach().to(self.images.dtype, copy=True)


def finite_logits(network: Network, logits: Tensor) -> Tensor:
    """The logits, found to be numbers.

    Raises:
        NetworkError: some are not finite.
    """
    if not torch.isfinite(logits).all():
        raise network.error("its network gives logits that are not finite")
    return logits


def no_part(network: Network, layer: str) -> IncompatibleError:
    """A layer that an image does not pass."""
    return IncompatibleError(
        f"layer {layer!r} of {network.name} takes no part in its forward pass: choose a listed one"
    )


def no_maps(network: Network, layer: str) -> IncompatibleError:
    """A layer whose output is no map."""
    return IncompatibleError(f"layer {layer!r} of {network.name} does not give maps: choose a listed one")


def find_layer(network: Network, name: str) -> nn.Module:
    """The submodule that a layer's name means."""
    return network.module.get_submodule(name)


def prepared(network: Network, images: Tensor) -> Tensor:
    """The images as they may be handed to a network, whose own preprocessing may write into its input."""
    source = images.detach()
    return source.clone() if _own_preprocessing(network) else source


def own_call(network: Network) -> bool:
    """Whether a network is of a class that does more with images than to prepare them for its module."""
    return type(network).__call__ is not Network.__call__


def _own_preprocessing(network: Network) -> bool:
    """Whether a network is of a class of somebody else's making that prepares images in its own way."""
    return own_call(network) or type(network).preprocess is not Network.preprocess
