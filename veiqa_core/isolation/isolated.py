"""Components at work: what one of them does to global state reaches neither the others nor the caller.

Python's, NumPy's and torch's random generators (torch's on the CPU) stand at a fixed state whenever a component begins,
so that one that draws from them gives the same in any order and any process. Afterwards they, torch's switches, and
what else belongs to the process (:mod:`.process`) are as before.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.random import mtrand

from .arithmetic import exact
from .prints import redirect_prints
from .process import Saved

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""

_SEED = 0
_PYTHON = random.Random(_SEED).getstate()
_TORCH = torch.Generator().manual_seed(_SEED).get_state()
_DEEP = 3
_FREE = [np.random.MT19937(0) for _ in range(_DEEP)]
"""NumPy's generators for blocks within blocks: to swap one in takes a twentieth of what writing a state takes."""


@contextmanager
def isolated() -> Iterator[None]:
    """A block in which a component works, one at a time; also one in which several do, one after another.

    The generators belong to the process: another thread that draws from them meanwhile draws from the fixed state.
    """
    with exact():
        python, tensors = random.getstate(), torch.get_rng_state()
        process = Saved(outermost=len(_FREE) == _DEEP)
        restore_numpy = _numpy_swapped()
        random.setstate(_PYTHON)
        torch.set_rng_state(_TORCH)
        try:
            with redirect_prints():
                yield
        finally:
            random.setstate(python)
            restore_numpy()
            torch.set_rng_state(tensors)
            process.restore()


def _numpy_swapped() -> Callable[[], None]:
    """Put NumPy's global generator at the fixed state; what is returned puts the one that was there back."""
    outermost = len(_FREE) == _DEEP
    state = np.random.get_state(legacy=False) if outermost else None  # half of a pair of normal numbers may wait in it
    before = mtrand.get_bit_generator()
    own = _FREE.pop() if _FREE else np.random.MT19937(0)
    mtrand.set_bit_generator(own)
    np.random.seed(_SEED)

    def restore() -> None:
        if len(_FREE) < _DEEP:  # else one made for a block still deeper
            _FREE.append(own)
        mtrand.set_bit_generator(before)
        if state is not None and state["has_gauss"]:
            np.random.set_state(state)

    return restore
