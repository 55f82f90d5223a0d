"""Torch's switches that change bits, or forbid gradients, held still while VEIQA computes.

They belong to the process, and hooks to a network, so threads take turns.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from operator import attrgetter
from typing import Any

import attrs
import torch

_CASTING = ("cpu", "cuda", "mps")
_ABOVE = ("cudnn", "mkldnn")
_UNITS = ("cudnn.conv", "cudnn.rnn", "cuda.matmul", "mkldnn.conv", "mkldnn.matmul", "mkldnn.rnn")
"""Below ``torch.backends``: what may compute float32 in fewer bits. One that says ``none`` does as the one above."""


@attrs.frozen
class _Switch:
    """One of torch's switches, and how it stands in VEIQA; None where that cannot be found out."""

    get: Callable[[], Any]
    set: Callable[[Any], object]
    wanted: Any

    def hold(self) -> Any:
        """Set it as it is wanted, and say how it stood; what cannot be read stays."""
        before = self.get()
        if before is not None and before != self.wanted:
            self.set(self.wanted)
        return before

    def restore(self, before: Any) -> None:
        """Set it as it stood."""
        if before is not None and before != self.get():
            self.set(before)


@contextmanager
def exact() -> Iterator[None]:
    """A block in which torch computes float32 in full, in one order, and can give gradients, whatever the caller set.

    Automatic casts, TensorFloat-32, grad and inference mode, default type and device, and the choice of cuDNN's
    algorithms are the caller's again after it, also where the block changed them. One thread at a time is in such a
    block.
    """
    with _turns.lock, ExitStack() as stack:
        if not _turns.depth:
            stack.enter_context(torch.inference_mode(False))
            if torch.empty(0).device.type != "cpu":  # every torch has this, also in a block for a device
                stack.enter_context(torch.device("cpu"))
        _turns.depth += 1
        _uncompiled(stack)
        before = [switch.hold() for switch in _SWITCHES]
        try:
            yield
        finally:
            for switch, value in zip(reversed(_SWITCHES), reversed(before), strict=True):
                switch.restore(value)
            _turns.depth -= 1


def _uncompiled(stack: ExitStack) -> None:
    """Have what ``torch.compile`` compiled run as it is written: hooks, set later, do not reach what is compiled."""
    stance = getattr(sys.modules.get("torch._dynamo.eval_frame"), "_stance", None)  # importing it takes seconds
    if stance is not None and stance.stance != "force_eager":  # torch 2.4 and 2.5 have no stances
        stack.enter_context(torch.compiler.set_stance("force_eager"))


class _Turns:
    """Whose turn it is: one thread's at a time, which may enter block in block."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """For a process forked off, in which the thread whose turn it was may not be."""
        self.lock = threading.RLock()
        self.depth = 0


def _switches() -> Iterator[_Switch]:
    yield _Switch(torch.is_grad_enabled, torch.set_grad_enabled, True)
    yield _Switch(torch.get_default_dtype, torch.set_default_dtype, torch.float32)
    for kind in _CASTING:
        casts = partial(torch.is_autocast_enabled, kind)
        if _reported(casts)() is not None:  # torch 2.4 casts nothing on mps
            yield _Switch(casts, partial(torch.set_autocast_enabled, kind), False)
    cudnn = torch.backends.cudnn
    yield _attribute(cudnn, "enabled", True)
    if hasattr(torch.backends.mkldnn, "enabled"):  # torch 2.4 has no such
        yield _attribute(torch.backends.mkldnn, "enabled", True)
    yield _attribute(cudnn, "deterministic", True)
    yield _attribute(cudnn, "benchmark", False)
    since_2_9 = hasattr(torch.backends, "fp32_precision")
    # Those above first, for then each of the others reports its own; before the units what sets some of them at once.
    if since_2_9:
        yield _attribute(torch.backends, "fp32_precision", "none")
    for place in _ABOVE if since_2_9 else ():
        yield _attribute(attrgetter(place)(torch.backends), "fp32_precision", "none")
    yield _Switch(_reported(partial(getattr, cudnn, "allow_tf32")), partial(setattr, cudnn, "allow_tf32"), False)
    yield _Switch(_reported(torch.get_float32_matmul_precision), torch.set_float32_matmul_precision, "highest")
    for place in _UNITS if since_2_9 else ():
        yield _attribute(attrgetter(place)(torch.backends), "fp32_precision", "none")


def _attribute(of: Any, name: str, wanted: Any) -> _Switch:
    return _Switch(partial(getattr, of, name), partial(setattr, of, name), wanted)


def _reported(get: Callable[[], Any]) -> Callable[[], Any]:
    """How a switch stands; None where this torch has none, or where the units of one for several differ."""

    def reported() -> Any:
        try:
            return get()
        except RuntimeError:
            return None

    return reported


_turns = _Turns()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_turns.renew)
_SWITCHES = tuple(_switches())
