"""One layout of values in memory, whatever a caller chose.

Sums, products, Fourier transforms and convolutions add in an order that follows strides and alignment, and so does the
last bit of what they give. Whatever comes from outside is therefore brought to one layout before it is computed with.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_ALIGNMENT = 64  # bytes: that of memory which torch allocates, and the widest that processors' instructions ask for


def canonical(values: Tensor) -> Tensor:
    """The values row by row and, if they are floats, aligned as torch aligns new memory; a copy only where needed."""
    values = values.resolve_conj().resolve_neg()
    aligned = not values.is_floating_point() or values.data_ptr() % _ALIGNMENT == 0
    if aligned and values.stride() == _strides(values.shape):
        return values
    return values.clone(memory_format=torch.contiguous_format)


def canonical_array(values: Any) -> NDArray[np.float64]:
    """Numbers as float64 of the machine's byte order, row by row and aligned; a copy only where needed."""
    return np.require(np.asarray(values, dtype=np.float64), requirements=["C_CONTIGUOUS", "ALIGNED"])


def _strides(shape: torch.Size) -> tuple[int, ...]:
    """Of new memory; ``Tensor.is_contiguous`` lets those of sides of length 1 be anything, which kernels look at."""
    strides, step = [], 1
    for side in reversed(shape):
        strides.append(step)
        step *= max(side, 1)
    return tuple(reversed(strides))
