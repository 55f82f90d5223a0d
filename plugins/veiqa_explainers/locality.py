"""Which layers of a network see a part of the image only, how far they see, and what it costs to get there.

One pass is watched operation by operation, whether a module or a function called it. Operations that are known to work
place by place, or in a window, keep the network local; whatever else meets a map ends that for all that follows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from veiqa_core.contracts import View

GRAIN = 32  # the largest step of a layer that is followed: pieces begin at multiples of it
_TRAFFIC = 16  # products whose time it takes to write one value of a map
_WINDOWS = frozenset({"convolution", "max_pool2d_with_indices", "avg_pool2d"})
_SHEETS = {"cat": 1, "slice": 1, "split": 2, "split_with_sizes": 2}
"""Local along the channels; and which argument is the dimension."""
_NORMS = {"native_batch_norm": 5, "cudnn_batch_norm": 5, "miopen_batch_norm": 5}
"""Local but in training; and which argument says so."""
_LOCAL = {
    *_SHEETS,
    *("clone", "detach", "alias", "_to_copy", "constant_pad_nd", "empty"),
    *("hardswish", "hardswish_", "hardtanh", "hardtanh_"),
}
"""Local without every torch calling them pointwise."""


@attrs.frozen(eq=False)
class Layer:
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

    def cells(self, start: int, length: int, axis: int) -> slice:
        """The cells that a window can change, along a side of the map."""
        first, last = start - self.reach, start + length + self.reach
        return slice(max(0, first // self.step), min(self.map.shape[2 + axis], -(-last // self.step) + 1))


@attrs.frozen(eq=False)
class Survey:
    """What one pass shows: the listed layers that see a part of the image, the target ``[N]``, and all it computes."""

    layers: tuple[Layer, ...]
    target: Tensor
    cost: float


def survey(view: View) -> Survey:
    """Watch the pass of a view's images."""
    network = view.network
    images = view.images
    watch = _Watch((images.shape[2], images.shape[3]))
    found: dict[str, Layer | None] = {}

    def keep(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            layer = watch.layer(name, output)
            found[name] = None if name in found else layer  # called twice: there is no one place to put a piece

        return hook

    hooks = [network.module.get_submodule(name).register_forward_hook(keep(name)) for name in network.layers]
    try:
        with watch:
            target = view.forward(images)
    finally:
        for handle in hooks:
            handle.remove()
    return Survey(tuple(layer for layer in found.values() if layer is not None), target, watch.cost)


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the operations of a pass.

    Attributes:
        local: whether all that was computed so far sees a part of the image only.
        cost: what was computed so far, in products.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.local = True
        self.cost = 0.0
        self._size = size
        self._seen = 0  # how many pixels a cell sees, less one, if every window came after all others

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        first = output[0] if isinstance(output, tuple | list) and output else output
        if isinstance(first, Tensor):
            products = args[1][0].numel() if name == "convolution" else 1
            self.cost += first.numel() * (products + _TRAFFIC)
        self.local = self.local and self._keeps_local(func, name, args, first)
        return output

    def layer(self, name: str, output: Any) -> Layer | None:
        """A layer that gave this, where all up to it is local and its cells lie where its step says."""
        if not (self.local and isinstance(output, Tensor) and output.ndim == 4):
            return None
        step = self._step(output)
        if step is None or any(
            abs(cells - side / step) > 1 for cells, side in zip(output.shape[2:], self._size, strict=True)
        ):
            self.local = False  # borders were cut off, or added: where cells lie is not known from here on
            return None
        return Layer(name, output.detach().clone(), step, self._seen // 2 + step, self.cost)

    def _keeps_local(self, func: Any, name: str, args: tuple[Any, ...], made: Any) -> bool:
        if not isinstance(made, Tensor):
            return False  # the pass asks for a value, and may go on by it
        if made.is_floating_point() and made.dtype.itemsize < torch.float32.itemsize:
            return False  # the rounding of such types shows
        if name in _WINDOWS:
            return self._slides(name, args, made)
        if name in _NORMS:
            return not args[_NORMS[name]]
        if name in _SHEETS and 1 not in args[_SHEETS[name] :][:1]:
            return False
        if name not in _LOCAL and torch.Tag.pointwise not in func.tags:
            return False
        maps = [arg for arg in args if isinstance(arg, Tensor) and arg.ndim == 4]
        return all(arg.shape[2:] in (made.shape[2:], (1, 1)) for arg in maps) or name == "constant_pad_nd"

    def _slides(self, name: str, args: tuple[Any, ...], made: Tensor) -> bool:
        """Note the window of a convolution or pooling, if the step of its output bears out its stride."""
        if made.ndim != 4:
            return False
        if name == "convolution":
            kernel, stride, dilation, transposed = args[1].shape[2:], args[3], args[5], args[6]
        else:
            kernel, stride, transposed = args[1], (args[2] if len(args) > 2 and args[2] else args[1]), False
            dilation = args[4] if name == "max_pool2d_with_indices" and len(args) > 4 else [1]
        before, after = self._step(args[0]), self._step(made)
        if transposed or before is None or after is None or {before * one for one in stride} != {after}:
            return False
        self._seen += (max(kernel) - 1) * max(dilation) * before
        return True

    def _step(self, maps: Tensor) -> int | None:
        """Pixels between the cells of a map: the nearest power of two, the same along both sides."""
        steps = {
            2 ** round(math.log2(side / cells)) for cells, side in zip(maps.shape[2:], self._size, strict=True) if cells
        }
        (step,) = steps if len(steps) == 1 else (0,)
        return int(step) if 1 <= step <= GRAIN else None
