"""The target of images that differ from another in a window only, without computing again what the window leaves alone.

Up to some layer a convolutional network sees a window's surroundings only. So a piece of the changed image around the
window passes through the network; at that layer what it gives takes its place in the map of the unchanged image, with
which the pass goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from veiqa_core.contracts import View

_GRAIN = 32  # pieces begin at multiples of it, where the cells of maps of any usual stride fall together
_EXTRA = 5  # passes that this way takes besides those of the windows
_TRAFFIC = 16  # products whose time it takes to write one value of a map
_CLOSE = 1e-5
_GLOBAL = (nn.GroupNorm, nn.InstanceNorm2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
"""Modules through which a window reaches the whole map."""


@attrs.frozen(eq=False)
class _Layer:
    """What is known of a layer after one pass.

    Attributes:
        map: what it gives for the unchanged image.
        step: pixels between its cells.
        reach: how far from a place, in pixels, the image can change it; an upper bound.
        cost: what was computed until it was done.
    """

    name: str
    map: Tensor
    step: int
    reach: int
    cost: float

    @property
    def margin(self) -> int:
        """How far around a window the pixels lie that decide all that the window changes, to whole cells."""
        return 2 * (self.reach + self.step)


@attrs.frozen
class Window:
    """A window in an image: first row and column, height and width."""

    top: int
    left: int
    height: int
    width: int


class Incremental:
    """Targets of an image that changes in windows of some size.

    Args:
        count: in how many windows.
        fill: the grey value that they get.

    Attributes:
        sound: whether this way gives what whole passes give, as found out on two windows; False where it would not
            pay.
    """

    def __init__(self, view: View, window: tuple[int, int], count: int, fill: float) -> None:
        self._view = view
        self._fill = fill
        self._images = view.images
        self._size = (self._images.shape[2], self._images.shape[3])
        self._layer = self._find(window, count) if view.network.resize is None else None
        self.sound = self._layer is not None and self._holds(window)

    def target(self, window: Window) -> Tensor:
        """The target ``[N]`` with the window filled."""
        assert self._layer is not None
        rows = self._span(window.top, window.height, 0)
        columns = self._span(window.left, window.width, 1)
        with self._put_in_place(rows.start, columns.start, window):
            return self._view.forward(self.filled(window)[..., rows, columns])

    def filled(self, window: Window) -> Tensor:
        """The image with the window filled."""
        images = self._images.clone()
        rows, columns = _slice(window.top, window.height), _slice(window.left, window.width)
        images[..., rows, columns] = self._fill
        return images

    def _find(self, window: tuple[int, int], count: int) -> _Layer | None:
        """The layer at which pieces take their place: where least is computed, or None."""
        layers, total = _survey(self._view)
        best, least = None, total * (1 - _EXTRA / count)
        for layer in layers:
            share = math.prod(
                min(1.0, (side + 2 * layer.margin + _GRAIN) / whole)
                for side, whole in zip(window, self._size, strict=True)
            )
            cost = layer.cost * share + total - layer.cost
            if cost < least:
                best, least = layer, cost
        return best

    def _holds(self, window: tuple[int, int]) -> bool:
        (height, width), (down, across) = window, self._size
        corner, middle = Window(0, 0, height, width), Window((down - height) // 2, (across - width) // 2, height, width)
        wholes = [self._view.forward(self.filled(place)) for place in (corner, middle)]
        pieces = [self.target(place) for place in (corner, middle)]
        return torch.allclose(torch.stack(pieces), torch.stack(wholes), rtol=_CLOSE, atol=_CLOSE / 10)

    def _span(self, start: int, length: int, axis: int) -> slice:
        """The piece's extent: all that decides what the window changes.

        Its length leaves the remainder that the whole leaves, so that networks whose padding depends on it pad alike.
        """
        assert self._layer is not None
        whole, margin = self._size[axis], self._layer.margin
        begin = max(0, start - margin) // _GRAIN * _GRAIN
        least = max(start + length + margin, begin + self._view.network.min_size)
        rest = whole % _GRAIN
        end = min(whole, -(-(least - rest) // _GRAIN) * _GRAIN + rest)
        if end - begin < self._view.network.min_size:
            begin = max(0, (end - self._view.network.min_size) // _GRAIN * _GRAIN)
        return slice(begin, end)

    @contextmanager
    def _put_in_place(self, top: int, left: int, window: Window) -> Iterator[None]:
        layer = self._layer
        assert layer is not None

        def place(_: nn.Module, __: Any, piece: Tensor) -> Tensor:
            rows = _cells(window.top, window.height, layer, layer.map.shape[2])
            columns = _cells(window.left, window.width, layer, layer.map.shape[3])
            down, across = top // layer.step, left // layer.step
            whole = layer.map.clone()
            whole[..., rows, columns] = piece[
                ..., rows.start - down : rows.stop - down, columns.start - across : columns.stop - across
            ]
            return whole

        hook = self._view.network.module.get_submodule(layer.name).register_forward_hook(place)
        try:
            yield
        finally:
            hook.remove()


def _cells(start: int, length: int, layer: _Layer, count: int) -> slice:
    """The cells that a window can change, along a side of the layer's map."""
    first, last = start - layer.reach, start + length + layer.reach
    return slice(max(0, first // layer.step), min(count, -(-last // layer.step) + 1))


def _slice(start: int, length: int) -> slice:
    return slice(start, start + length)


def _survey(view: View) -> tuple[list[_Layer], float]:
    """The network's listed layers as one pass shows them, those that see a part of the image, and what it computes."""
    network = view.network
    names = {network.module.get_submodule(name): name for name in network.layers}
    found: list[_Layer] = []
    local = True
    seen, step, cost = 0, 1, 0.0  # how many pixels a cell sees, less one; pixels between cells

    def watch(module: nn.Module, _: Any, output: Any) -> None:
        nonlocal seen, step, cost, local
        if not isinstance(output, Tensor):
            return
        local &= not (isinstance(module, _GLOBAL) or output.shape[2:] == (1, 1))
        kernel = getattr(module, "kernel_size", None)
        if kernel is not None and output.ndim == 4:
            size, stride, dilation = (_larger(getattr(module, key, 1)) for key in ("kernel_size", "stride", "dilation"))
            seen += (size - 1) * dilation * step
            step *= stride
        if not list(module.children()):
            weight = getattr(module, "weight", None)
            products = weight[0].numel() if isinstance(weight, Tensor) and weight.ndim == 4 else 1
            cost += output.numel() * (products + _TRAFFIC)
        if local and module in names and output.ndim == 4:
            found.append(_Layer(names[module], output.detach().clone(), step, seen // 2 + step, cost))

    hooks = [module.register_forward_hook(watch) for module in network.module.modules()]
    try:
        view.forward(view.images)
    finally:
        for hook in hooks:
            hook.remove()
    return found, cost


def _larger(value: Any) -> int:
    return max(value) if isinstance(value, tuple) else int(value)
