"""Components at work: what one of them does to global state reaches neither the others nor the caller.

Python's, NumPy's and torch's random generators (torch's on the CPU) stand at a fixed state whenever a component begins,
so that one that draws from them gives the same in any order and any process. Afterwards they, torch's switches, its
number of threads and default type, and the working folder are as before.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.random import mtrand

from .arithmetic import exact
from .prints import set_aside

_SEED = 0
_PYTHON = random.Random(_SEED).getstate()
_TORCH = torch.Generator().manual_seed(_SEED).get_state()
_NUMPY = np.random.MT19937()  # swapped in: to read and write a state takes twenty times as long


@contextmanager
def isolated() -> Iterator[None]:
    """A block in which a component works.

    The generators belong to the process: another thread that draws from them meanwhile draws from the fixed state.
    """
    python, numbers, tensors = random.getstate(), mtrand.get_bit_generator(), torch.get_rng_state()
    threads, default, folder = torch.get_num_threads(), torch.get_default_dtype(), _here()
    random.setstate(_PYTHON)
    mtrand.set_bit_generator(_NUMPY)
    np.random.seed(_SEED)
    torch.set_rng_state(_TORCH)
    try:
        with exact(), set_aside():
            yield
    finally:
        random.setstate(python)
        mtrand.set_bit_generator(numbers)
        torch.set_rng_state(tensors)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_default_dtype(default)
        if folder is not None and folder != _here():
            os.chdir(folder)


def _here() -> str | None:
    """The working folder; None where it has been removed."""
    try:
        return os.getcwd()  # noqa: PTH109  # once a component and image
    except OSError:
        return None
