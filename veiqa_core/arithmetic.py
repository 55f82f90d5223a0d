"""Torch's switches that change bits, or forbid gradients, held still while VEIQA computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from typing import Any

import torch

_CASTING = ("cpu", "cuda", "mps")
_ROUNDING = ("cudnn.conv", "cudnn.rnn", "cuda.matmul", "mkldnn.conv", "mkldnn.matmul")
"""Below ``torch.backends``: what may compute float32 in fewer bits."""


@contextmanager
def exact() -> Iterator[None]:
    """A block in which torch computes float32 in full, in one order, and can give gradients, whatever the caller set.

    Automatic casts, TensorFloat-32, grad and inference mode, and the choice of cuDNN's algorithms are the caller's
    again after it, also where the block changed them.
    """
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    round_as_before = _in_full()
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in _CASTING:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        cudnn.deterministic, cudnn.benchmark = True, False
        try:
            yield
        finally:
            cudnn.deterministic, cudnn.benchmark = before
            round_as_before()


def _in_full() -> Callable[[], None]:
    """Have float32 computed in full; what is returned undoes it."""
    if not hasattr(torch.backends, "fp32_precision"):
        return _in_full_before_torch_2_9()
    units: list[Any] = [attrgetter(place)(torch.backends) for place in _ROUNDING]
    before = [unit.fp32_precision for unit in units]

    def put(precisions: list[str]) -> None:
        for unit, precision in zip(units, precisions, strict=True):
            if unit.fp32_precision != precision:
                unit.fp32_precision = precision

    put(["none" if precision == "none" else "ieee" for precision in before])
    return lambda: put(before)


def _in_full_before_torch_2_9() -> Callable[[], None]:
    cudnn = torch.backends.cudnn
    before = torch.get_float32_matmul_precision(), cudnn.allow_tf32

    def put(matmul: str, tf32: bool) -> None:
        torch.set_float32_matmul_precision(matmul)
        cudnn.allow_tf32 = tf32

    put("highest", False)
    return lambda: put(*before)
