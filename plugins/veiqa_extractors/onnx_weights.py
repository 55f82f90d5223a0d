"""Weights of a network in an ONNX file, such as MATLAB's ``exportONNXNetwork`` writes, in a module's own layout.

Layers are matched in the order of the data flow, and must have the module's shapes. What the file does to its input,
and how it normalises batches, is brought to what the module does; the graph is then run beside the module, and must
give the same logits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from veiqa_core.api import WeightsError
from veiqa_core.contracts import Network

from .onnx_layers import Layer, OnnxNetwork
from .weights import State

_LEVELS = 255.0  # what an image that the graph is given reaches
_CLOSE = 0.02  # of the largest logit: means and borders may differ by as much
_SIDE = 224
Unit = tuple[str, nn.Module, str | None, nn.Module | None]


def converted(content: bytes, path: Path, module: nn.Module, network: Network) -> State:
    """The state dict of a module of the weights in an ONNX file.

    Args:
        module: on the meta device.
        network: as the extractor describes it: how it normalises RGB in [0, 1].

    Raises:
        WeightsError: the file is of another network, or cannot be run.
    """
    file = OnnxNetwork(content, path)
    layers, units = file.layers(), list(_units(module))
    if len(layers) != len(units):
        raise WeightsError(
            f"{path} holds weights of another network than {network.name}: {len(layers)} layers, not {len(units)}"
        )
    state: State = {}
    for place, (layer, unit) in enumerate(zip(layers, units, strict=True)):
        state |= _filled(layer, unit, path, network.name)
        if not place:
            _fold_input(state, unit, file.input_map(), network)
    return state


def check(content: bytes, path: Path, module: nn.Module, network: Network) -> None:
    """Hold a module against the graph whose weights it has.

    Args:
        module: with its weights, in eval mode.

    Raises:
        WeightsError: they give different logits of noise, or the graph cannot be run.
    """
    file = OnnxNetwork(content, path)
    side = file.side or _SIDE
    random = np.random.default_rng(0)
    levels = random.integers(0, 256, (1, 3, side, side)).astype(np.float32)
    wanted = file.logits(levels)
    images = torch.from_numpy(levels / np.float32(_LEVELS))
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (network.mean, network.std))
    made = module((images - mean) / std).flatten(1).numpy()
    if made.shape != wanted.shape:
        raise WeightsError(
            f"{path} gives {wanted.shape[1]} logits, and {network.name} {made.shape[1]} with its weights"
        )
    apart = float(np.abs(made - wanted).max() / max(np.abs(wanted).max(), 1e-12))
    if not apart < _CLOSE:
        raise WeightsError(
            f"{path}: {network.name} with these weights gives other logits than the file's own graph, by {apart:.1%} "
            "of the largest: it is of another network, or of layers in an order that is not known here"
        )


def _units(module: nn.Module) -> list[Unit]:
    """The convolutions and linear layers in order, each with the batch normalisation that follows it."""
    units: list[Unit] = []
    for name, part in module.named_modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            units.append((name, part, None, None))
        elif isinstance(part, nn.BatchNorm2d):
            last, layer, *_ = units[-1]
            units[-1] = (last, layer, name, part)
    return units


def _filled(layer: Layer, unit: Unit, path: Path, network: str) -> State:
    name, part, norm_name, norm = unit
    wanted = part.get_parameter("weight").shape
    weight = _shaped(layer, wanted)
    if weight is None:
        raise WeightsError(
            f"{path} holds weights of another network than {network}: {layer.name} {tuple(layer.weight.shape)} where "
            f"{name}.weight {tuple(wanted)} is due"
        )
    bias = torch.zeros(wanted[0]) if layer.bias is None else layer.bias
    if norm is None:
        if layer.norm is not None:
            weight, bias = _folded(weight, bias, layer)
        return {f"{name}.weight": weight, f"{name}.bias": bias}
    state = {f"{name}.weight": weight}
    epsilon = float(getattr(norm, "eps"))  # noqa: B009  # which a Module does not say it has
    if layer.norm is None:
        scale, shift, mean, variance = (
            torch.ones_like(bias),
            bias,
            torch.zeros_like(bias),
            torch.ones_like(bias) - epsilon,
        )
    else:
        scale, shift, mean, variance = layer.norm.double()
        own = (variance + layer.epsilon - epsilon).clamp(min=0)
        scale = scale * ((own + epsilon) / (variance + layer.epsilon)).sqrt()
        mean, variance = mean - bias.double(), own
    values = {"weight": scale, "bias": shift, "running_mean": mean, "running_var": variance}
    return state | {f"{norm_name}.{key}": value.float() for key, value in values.items()}


def _shaped(layer: Layer, wanted: torch.Size) -> Tensor | None:
    """A layer's weights in a shape: fully connected ones serve as convolutions that see all, and these as those."""
    weight = layer.weight
    if weight.shape == wanted:
        return weight
    if weight.numel() != wanted.numel() or weight.shape[0] != wanted[0]:
        return None
    if weight.ndim == 2 and len(wanted) == 4:
        turned = weight.reshape(wanted[0], *(wanted[1:][axis] for axis in layer.flattened))
        back = [1 + layer.flattened.index(axis) for axis in range(3)]
        return turned.permute(0, *back).contiguous()
    return weight.reshape(wanted) if weight.shape[2:] == (1, 1) else None


def _folded(weight: Tensor, bias: Tensor, layer: Layer) -> tuple[Tensor, Tensor]:
    """Batch normalisation taken into the weights and bias before it."""
    assert layer.norm is not None
    scale, shift, mean, variance = layer.norm.double()
    factor = scale / (variance + layer.epsilon).sqrt()
    along = factor.view(-1, *[1] * (weight.ndim - 1))
    return (weight.double() * along).float(), ((bias.double() - mean) * factor + shift).float()


def _fold_input(state: State, unit: Unit, given: tuple[Tensor, Tensor], network: Network) -> None:
    """Bring the first layer from what the file does to levels from 0 to 255 to what the network does to [0, 1].

    Where a convolution pads, the shift between the two meets the border too; the check says whether that matters.
    """
    scale, shift = (values.double() for values in given)
    mean, std = (torch.tensor(values, dtype=torch.float64) for values in (network.mean, network.std))
    name, _, norm_name, _ = unit
    weight = state[f"{name}.weight"].double()
    along = (_LEVELS * scale * std).view(1, 3, 1, 1)
    added = (weight * (_LEVELS * scale * mean + shift).view(1, 3, 1, 1)).sum((1, 2, 3))
    state[f"{name}.weight"] = (weight * along).float()
    if norm_name is None:
        state[f"{name}.bias"] = (state[f"{name}.bias"].double() + added).float()
    else:
        state[f"{norm_name}.running_mean"] = (state[f"{norm_name}.running_mean"].double() - added).float()
