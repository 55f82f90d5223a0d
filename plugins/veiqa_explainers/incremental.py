"""The target of images that differ from another in a window only, without computing again what the window leaves alone.

Up to some layer a convolutional network sees a window's surroundings only. So a piece of the changed image around the
window passes through the network; at that layer what it gives takes its place in the map of the unchanged image, with
which the pass goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from veiqa_core.api import is_out_of_memory
from veiqa_core.contracts import View

from .locality import GRAIN, Layer, survey

_EXTRA = 6  # passes that this way takes besides those of the windows
_CLOSE = 1e-5  # of the largest change that a window makes


class UnsoundError(Exception):
    """Pieces do not give what whole passes give."""


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
        self._layer: Layer | None = None
        self.sound = False
        if view.network.resize is None:
            surveyed = survey(view)
            self._layer = self._choose(surveyed.layers, surveyed.cost, window, count)
            self._unchanged = surveyed.target
            self.sound = self._layer is not None and self._holds(window)

    def target(self, window: Window) -> Tensor:
        """The target ``[N]`` with the window filled.

        Raises:
            UnsoundError: the network takes no piece here, or treats it as it does not treat the whole.
        """
        rows, columns = self._spans(window)
        return self._pass(self._filled(window, rows, columns), lambda piece: self._placed(window, piece))

    def _choose(self, layers: tuple[Layer, ...], total: float, window: tuple[int, int], count: int) -> Layer | None:
        """The layer at which pieces take their place: where least is computed, or None."""
        best, least = None, total * (1 - _EXTRA / count)
        for layer in layers:
            share = math.prod(
                min(1.0, (side + 2 * layer.margin + GRAIN) / whole)
                for side, whole in zip(window, self._size, strict=True)
            )
            cost = layer.cost * share + total - layer.cost
            if cost < least:
                best, least = layer, cost
        return best

    def _holds(self, window: tuple[int, int]) -> bool:
        """Whether two windows change the layer's map and the target as in whole passes, and nothing passes it by."""
        (height, width), (down, across) = window, self._size
        corner, middle = Window(0, 0, height, width), Window((down - height) // 2, (across - width) // 2, height, width)
        try:
            return all(self._agrees(place) for place in (corner, middle)) and not self._is_passed_by(middle)
        except UnsoundError:
            return False

    def _agrees(self, window: Window) -> bool:
        assert self._layer is not None
        maps: list[Tensor] = []

        def keep(made: Tensor) -> Tensor:
            maps.append(made.clone())  # what follows may work in place
            return made

        everything = (slice(0, self._size[0]), slice(0, self._size[1]))
        whole = self._pass(self._filled(window, *everything), keep)
        pieced = self._pass(self._filled(window, *self._spans(window)), lambda piece: keep(self._placed(window, piece)))
        return _close(maps[1], maps[0], self._layer.map) and _close(pieced, whole, self._unchanged)

    def _is_passed_by(self, window: Window) -> bool:
        """Whether the target also hangs on something else than the layer: it changes though the map does not."""
        assert self._layer is not None
        unchanged = self._layer.map
        rows, columns = self._spans(window)
        other = 1 - self._images[..., rows, columns]
        target = self._pass(other, lambda _: unchanged.clone())
        return not torch.allclose(target, self._unchanged, rtol=1e-6, atol=0)

    def _filled(self, window: Window, rows: slice, columns: slice) -> Tensor:
        """A part of the image with the window filled."""
        part = self._images[..., rows, columns].clone()
        top, left = window.top - rows.start, window.left - columns.start
        part[..., top : top + window.height, left : left + window.width] = self._fill
        return part

    def _pass(self, images: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """The target of some images, what the layer gives for them being changed."""
        assert self._layer is not None
        calls = 0

        def hook(_: nn.Module, __: Any, made: Tensor) -> Tensor:
            nonlocal calls
            calls += 1
            return change(made)

        handle = self._view.network.module.get_submodule(self._layer.name).register_forward_hook(hook)
        try:
            target = self._view.forward(images)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise UnsoundError from error  # a network that takes whole images need not take pieces
        finally:
            handle.remove()
        if calls != 1:
            raise UnsoundError
        return target

    def _placed(self, window: Window, piece: Tensor) -> Tensor:
        """The layer's map with what the window changes of it, from what the layer gives for the piece."""
        layer = self._layer
        assert layer is not None
        rows, columns = layer.cells(window.top, window.height, 0), layer.cells(window.left, window.width, 1)
        down, across = (span.start // layer.step for span in self._spans(window))
        whole = layer.map.clone()
        cells = piece[..., rows.start - down : rows.stop - down, columns.start - across : columns.stop - across]
        if cells.shape != whole[..., rows, columns].shape:
            raise UnsoundError
        whole[..., rows, columns] = cells
        return whole

    def _spans(self, window: Window) -> tuple[slice, slice]:
        """The piece's rows and columns."""
        return self._span(window.top, window.height, 0), self._span(window.left, window.width, 1)

    def _span(self, start: int, length: int, axis: int) -> slice:
        """The piece's extent: all that decides what the window changes.

        Its length leaves the remainder that the whole leaves, so that networks whose padding depends on it pad alike.
        """
        assert self._layer is not None
        whole, margin = self._size[axis], self._layer.margin
        begin = max(0, start - margin) // GRAIN * GRAIN
        least = max(start + length + margin, begin + self._view.network.min_size)
        rest = whole % GRAIN
        end = min(whole, -(-(least - rest) // GRAIN) * GRAIN + rest)
        if end - begin < self._view.network.min_size:
            begin = max(0, (end - self._view.network.min_size) // GRAIN * GRAIN)
        return slice(begin, end)


def _close(found: Tensor, expected: Tensor, unchanged: Tensor) -> bool:
    """Whether values are as expected, measured by how far these are from the unchanged ones."""
    if found.shape != expected.shape:
        return False
    return bool((found - expected).abs().max() <= _CLOSE * (expected - unchanged).abs().max())
