"""Finds out by running a network what it offers: its layers, the last map, its head, the smallest image it takes."""

from __future__ import annotations

from typing import Any

import attrs
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from veiqa_core.api import IncompatibleError

_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d)
_SMALLEST = 32


@attrs.frozen(eq=False)
class Trace:
    """One image's way through a network.

    Attributes:
        features: what ``forward_features`` gives.
        logits: what the network gives.
        maps: the output ``[1, C, h, w]`` of each module that has one, in the order in which they were done.
        pooled: what the pooling modules among them were given.
    """

    features: Any
    logits: Tensor
    maps: dict[str, Tensor]
    pooled: dict[str, Tensor]

    def makers(self, wanted: Tensor) -> list[str]:
        """The modules whose output is this map, the innermost first."""
        return [name for name, made in self.maps.items() if torch.equal(made, wanted)]


def trace(module: Any, image: Tensor) -> Trace:
    """Run a network of timm on one image and note every map."""
    maps: dict[str, Tensor] = {}
    pooled: dict[str, Tensor] = {}

    def watch(name: str, part: nn.Module) -> Any:
        def note(_: nn.Module, given: tuple[Any, ...], output: Any) -> None:
            if isinstance(output, Tensor) and output.ndim == 4:
                maps.pop(name, None)
                maps[name] = output.clone()
                if isinstance(part, _POOLS) and given[0].shape != output.shape:
                    pooled[name] = given[0].clone()

        return part.register_forward_hook(note)

    hooks = [watch(name, part) for name, part in module.named_modules() if name]
    try:
        features = module.forward_features(image)
    finally:
        for hook in hooks:
            hook.remove()
    return Trace(features, module(image), maps, pooled)


def default_layer(seen: Trace, stages: tuple[str, ...]) -> str | None:
    """The module that made the last map before pooling: a stage where several did, else the outermost, or None."""
    makers = seen.makers(seen.features)
    while pool := next((name for name in makers if name in seen.pooled), None):
        makers = seen.makers(seen.pooled[pool])
    return min(makers, key=lambda name: (name not in stages, name.count(".")), default=None)


def linear_head(module: Any, seen: Trace, layer: str) -> Tensor | None:
    """Weights ``[K, C]`` of the classifier where the logits prove linear in the mean of the layer's map, else None."""
    classifier = module.get_classifier()
    if not isinstance(classifier, nn.Linear | nn.Conv2d):
        return None
    weight, means = classifier.weight.flatten(1), seen.maps[layer].mean((2, 3))
    if weight.shape[1] != means.shape[1] or weight.shape[0] != seen.logits.shape[1]:
        return None
    logits = F.linear(means, weight, classifier.bias)
    scale = float(seen.logits.abs().max())
    return weight if torch.allclose(logits, seen.logits, rtol=1e-4, atol=1e-4 * scale) else None


def smallest_side(module: nn.Module, layer: str, works: int) -> int:
    """The smallest side, of 32 and more, from which the layer's map is at least 2x2; ``works`` is a side that does."""
    low, high = _SMALLEST - 1, works
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if map_side(module, layer, middle, middle) >= 2 else (middle, high)
    return high


def map_side(module: nn.Module, layer: str, height: int, width: int) -> int:
    """The smaller side of the layer's map for an image of this size; 0 where the network cannot take the size."""
    sides: list[int] = []
    hook = module.get_submodule(layer).register_forward_hook(lambda _, __, out: sides.append(min(out.shape[2:])))
    try:
        module(noise(module, height, width))
    except (RuntimeError, AssertionError, ValueError, IndexError, TypeError):
        return 0
    finally:
        hook.remove()
    return sides[-1]


def noise(module: nn.Module, height: int, width: int) -> Tensor:
    """The same normalised noise image ``[1, 3, height, width]`` every time, where the network is."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, 3, height, width, generator=generator).to(next(module.parameters()).device)


@attrs.frozen(eq=False)
class Anatomy:
    """What a network offers, in the terms of :class:`veiqa_core.contracts.Network`."""

    layers: tuple[str, ...]
    default_layer: str
    min_size: int
    linear_head: Tensor | None


def _resizing(side: int) -> str:
    return f"set its resize (in a recipe resize = {side}, beside --extractor -p extractor.resize={side})"


def examine(module: Any, name: str, resize: int | None) -> Anatomy:
    """Find out what a network of timm offers for images of any size, or for squares of side ``resize``.

    Raises:
        IncompatibleError: the network gives no feature maps, or takes only some sizes and ``resize`` is not one.
    """
    native = int(module.pretrained_cfg["input_size"][-1])
    side = resize or native
    try:
        seen = trace(module, noise(module, side, side))
    except Exception as error:  # whatever a network raises at a size that it was not made for
        hint = f"; {_resizing(native)}" if side != native else ""
        raise IncompatibleError(f"{name} cannot take images of {side}x{side}{hint}") from error
    features = seen.features
    if not (isinstance(features, Tensor) and features.ndim == 4 and features.shape[1] == module.num_features):
        raise IncompatibleError(f"{name} gives no feature maps [N, C, h, w] to explain; choose a CNN of timm")
    stages = tuple(str(stage["module"]) for stage in module.feature_info)
    layer = default_layer(seen, stages)
    if layer is None:
        raise IncompatibleError(f"{name}: none of its modules gives its last map alone; choose another network of timm")
    if min(seen.maps[layer].shape[2:]) < 2:
        raise IncompatibleError(f"{name} shrinks {side}x{side} pixels to a single one; raise the extractor's resize")
    if resize is None and map_side(module, layer, side + 13, side - 10) < 2:
        raise IncompatibleError(f"{name} does not take images of every size; {_resizing(native)}")
    return Anatomy(
        layers=tuple(made for made in seen.maps if made == layer or (made in stages and made not in seen.pooled)),
        default_layer=layer,
        min_size=resize or smallest_side(module, layer, side),
        linear_head=linear_head(module, seen, layer),
    )
