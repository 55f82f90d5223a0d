"""Where networks compute, and in what numbers."""

from __future__ import annotations

from typing import cast, get_args

import attrs
import torch

from .contracts.scoring import Precision
from .errors import UsageError, near_miss

_PRECISIONS = get_args(Precision)


@attrs.frozen
class Device:
    """A device of this machine, as plain values that can be sent to another process.

    Attributes:
        name: PyTorch's.
        precision: what convolutions and linear layers compute in; all else is float32.
    """

    name: str = "cpu"
    precision: Precision = "float32"

    @classmethod
    def find(cls, device: str | torch.device, precision: str | torch.dtype = "float32") -> Device:
        """The device that ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` means here.

        Raises:
            UsageError: this machine has no such device, or there is no such precision.
        """
        name, numbers = str(device), str(precision).removeprefix("torch.")
        if numbers not in _PRECISIONS:
            raise UsageError(near_miss("precision", numbers, _PRECISIONS))
        cards = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
        present = [*(["cuda", *cards] if cards else []), *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]
        if name == "auto":
            name = present[0]
        elif name not in present:
            raise UsageError(f"device {name!r} is not there; this machine has: {', '.join(present)}")
        return cls(name, cast(Precision, numbers))

    @property
    def torch(self) -> torch.device:
        """What PyTorch calls it."""
        return torch.device(self.name)
