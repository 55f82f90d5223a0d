"""Feature extractors, opened with their own weights, or with random ones where those are not here."""

from __future__ import annotations

import attrs
import torch
from torch import Tensor

from ...contracts import Network, TunableExtractor
from ...errors import ImageError
from ...measuring.runtimes.compiled import CompiledNetwork
from ...measuring.runtimes.onnx_export import NotServed
from ..kit import NotHere, Subject, require
from ..samples import CPU, images, opened

FOUNDATION = ("network", "layers")


def _image(network: Network, count: int = 1, more: tuple[int, int] = (0, 8)) -> Tensor:
    side = max(64, network.min_size)
    return images(count, side + more[0], side + more[1])


def _maps(network: Network, batch: Tensor, gradients: bool = False) -> dict[str, Tensor]:
    """The output of every layer."""
    found: dict[str, Tensor] = {}
    hooks = [
        network.module.get_submodule(layer).register_forward_hook(
            lambda _, __, out, layer=layer: found.__setitem__(layer, out)
        )
        for layer in network.layers
    ]
    try:
        with torch.set_grad_enabled(gradients):
            network(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def check_network(of: Subject) -> None:
    """It opens a network in eval mode, its parameters frozen, on the device asked for."""
    network = opened(of)
    require(isinstance(network, Network), f"opens {type(network).__name__} where a Network is due")
    require(
        not any(module.training for module in network.module.modules()), "leaves parts of the network in train mode"
    )
    frozen = not any(parameter.requires_grad for parameter in network.module.parameters())
    require(frozen, "leaves parameters that require gradients")
    require(network.device == CPU, f"is on {network.device}; cpu was asked for")
    require(network.weights_digest.startswith(("sha256:", "random:")), f"weights_digest is {network.weights_digest!r}")


def check_layers(of: Subject) -> None:
    """Its layers give maps, from shallow to deep, and its default layer is one of them."""
    network = opened(of)
    maps = _maps(network, _image(network))
    require(network.default_layer in network.layers, f"default_layer {network.default_layer!r} is not in layers")
    missing = [layer for layer in network.layers if layer not in maps]
    require(not missing, f"layers {missing} do nothing in a forward pass")
    for layer, made in maps.items():
        require(made.ndim == 4 and made.shape[0] == 1, f"layer {layer} gives {tuple(made.shape)}; [N, C, h, w] is due")
        require(torch.isfinite(made).all(), f"layer {layer} gives a map that is not finite")
    require(tuple(maps) == network.layers, f"layers run in the order {', '.join(maps)}")


def check_sizes(of: Subject) -> None:
    """It takes images of two sizes, unless it resizes; those below its smallest side are refused as images."""
    network = opened(of)
    for more in ((0, 8), (16, 3)):
        logits = network(_image(network, more=more))
        finite = logits.ndim == 2 and bool(torch.isfinite(logits).all())
        require(finite, f"gives logits {tuple(logits.shape)} that are not [N, K] and finite")
    if network.resize is None and network.min_size > 1:
        try:
            network(images(1, network.min_size - 1, network.min_size + 8))
        except ImageError:
            return
        require(False, f"takes an image below its min_size of {network.min_size}")


def check_gradients_reach_layers(of: Subject) -> None:
    """The gradient of the largest logit reaches the default layer."""
    network = opened(of)
    seen: list[Tensor] = []

    def watch(_: object, __: object, output: Tensor) -> Tensor:
        seen.append(output.detach().requires_grad_(True))
        return seen[0]

    hook = network.module.get_submodule(network.default_layer).register_forward_hook(watch)
    try:
        with torch.enable_grad():
            logits = network(_image(network))
            (gradient,) = torch.autograd.grad(logits.max(), seen, allow_unused=True)
    finally:
        hook.remove()
    reached = gradient is not None and bool(torch.isfinite(gradient).all()) and bool(gradient.any())
    require(reached, f"no finite gradient reaches {network.default_layer}")


def check_batch(of: Subject) -> None:
    """An image has the same logits alone and in a batch, but for rounding."""
    network = opened(of)
    batch = _image(network, 2)
    with torch.no_grad():
        together = network(batch)
        for index in range(2):
            alone = network(batch[index : index + 1])[0]
            near = (alone - together[index]).abs().max() <= 1e-3 * together[index].abs().max().clamp(min=1e-3)
            require(near, "gives an image other logits alone than in a batch: is a part in train mode?")


def check_linear_head(of: Subject) -> None:
    """Where a linear head is declared, the logits are linear in the mean of the default layer's map."""
    network = opened(of)
    if network.linear_head is None:
        raise NotHere("declares no linear head")
    one, two = (_image(network, more=more) for more in ((0, 8), (16, 3)))
    means = [_maps(network, image)[network.default_layer].mean((2, 3)) for image in (one, two)]
    with torch.no_grad():
        expected = (means[0] - means[1]) @ network.linear_head.T
        found = network(one) - network(two)
    near = torch.allclose(found, expected, rtol=1e-3, atol=1e-3 * float(found.abs().max()) + 1e-6)
    require(near, "its logits do not follow linear_head and the mean of the default layer's map")


def check_graph(of: Subject) -> None:
    """Where a graph is given, ONNX Runtime makes of it what the module gives."""
    network = opened(of)
    if network.graph is None:
        raise NotHere("gives no graph")
    try:
        CompiledNetwork(attrs.evolve(network, module=network.module, weights=None), network.graph)
    except NotServed as error:
        require(False, str(error))


def check_tuning(of: Subject) -> None:
    """Where it can be fine-tuned: a head of so many logits that is all zeros, and parameters that require gradients."""
    extractor = of.make()
    if not isinstance(extractor, TunableExtractor):
        raise NotHere("has no open_for_tuning")
    network = extractor.open_for_tuning(CPU, 5)
    logits = network(_image(network))
    require(torch.equal(logits, torch.zeros(1, 5)), "opened for tuning with 5 logits, it does not give 5 zeros")
    require(not network.module.training, "opened for tuning, it is in train mode")
    tuned = all(parameter.requires_grad for parameter in network.module.parameters())
    require(tuned, "opened for tuning, it has parameters that require no gradient")
