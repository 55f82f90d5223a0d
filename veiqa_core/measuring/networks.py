"""Networks opened: checked before the first image, and opened again where a component has damaged one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import chain
from typing import Any

import attrs
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..contracts import FeatureExtractor, Network
from ..devices import Device
from ..errors import ComponentError, UsageError, unwrap
from ..extension.registry import Part
from ..isolation.attempts import attempt, or_usage_error
from ..isolation.isolated import isolated
from ..recipes.view import View
from .seals import seal_module, seal_of
from .wrappers import unwrapped


@isolated()
def open_network(part: Part, device: Device) -> Network:
    """The network of an extractor, which computes as precisely as the device is asked to.

    Raises:
        UsageError: it cannot be opened; :class:`WeightsError` where its weights are not there.
    """
    extractor: FeatureExtractor = or_usage_error(attempt(part, part.create))
    network = or_usage_error(attempt(part, lambda: _opened(part, extractor, device)))
    network.when_made = seal_module
    seal_of(network)
    return network


@isolated()
def open_again(part: Part, damaged: Network, device: Device) -> Network:
    """An extractor's network anew, after one was damaged.

    Raises:
        VeiqaError: it is not to be had as it was.
    """
    seal = seal_of(damaged)
    seal.mend_classes()
    network = open_network(part, device)
    if not seal.deferred:
        _ = network.module  # so that both are compared whole
    if network.weights_digest != damaged.weights_digest or not seal.alike(seal_of(network)):
        raise ComponentError(
            f"{part.registered.origin}: its network was damaged, and opened again it is not as it was at first"
        )
    return network


def check_view(view: View, networks: Iterable[Network]) -> None:
    """Find out before the first image that a view leaves too few pixels for a network.

    Raises:
        UsageError: it does.
    """
    for network in networks:
        if view is not None and network.resize is None and view < network.min_size:
            raise UsageError(f"view {view}: {network.name} needs images of at least {network.min_size} pixels a side")


def _opened(part: Part, extractor: FeatureExtractor, device: Device) -> Network:
    given: Any = extractor.open(device.torch)
    if not isinstance(given, Network):
        raise ComponentError(f"opens {type(given).__name__} where a Network is due")
    if given.deferred:
        network = attrs.evolve(given, module=partial(_made, part, given, device.torch), precision=device.precision)
    else:
        network = attrs.evolve(unwrapped(given), precision=device.precision)
        _check(network, device.torch)
    network.origin = part.registered.origin
    return network


def _made(part: Part, network: Network, device: torch.device) -> nn.Module:
    """A deferred module, checked as any other is when its network is opened."""

    def work() -> nn.Module:
        bare = unwrapped(attrs.evolve(network, module=network.module, weights=None))
        _check(bare, device)
        if (bare.layers, bare.default_layer) != (network.layers, network.default_layer):
            raise ComponentError("makes its module inside of another one; make the plain module")
        return bare.module

    return unwrap(attempt(part, work))


def _check(network: Network, device: torch.device) -> None:
    """Find what is no network that can be used.

    Raises:
        ComponentError: it is none, and why.
    """
    for name, tensor in chain(network.module.named_parameters(), network.module.named_buffers()):
        if is_lazy(tensor) or tensor.is_meta:
            raise ComponentError(f"opens a network whose {name} has no values")
        if tensor.device.type != device.type:
            raise ComponentError(f"opens a network whose {name} is on {tensor.device}; {device} was asked for")
    modules = dict(network.module.named_modules())
    learning = next((name for name, module in modules.items() if module.training), None)
    if learning is not None:
        part = f"whose part {learning!r} is" if learning else "that is"
        raise ComponentError(f"opens a network {part} in train mode; call eval() on it")
    for name in dict.fromkeys((network.default_layer, *network.layers)):
        if not name or not isinstance(modules.get(name), nn.Module):
            raise ComponentError(f"opens a network without the layer {name!r} that it lists")
