"""Where networks compute, and in what numbers."""

from __future__ import annotations

from typing import Literal, cast, get_args

import attrs
import torch

from .errors import UsageError, near_miss

Precision = Literal["float32", "bfloat16"]
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
    def find(cls, name: str, precision: str = "float32") -> Device:
        """The device that ``auto``, ``cpu``, ``cuda`` or ``mps`` means here.

        Raises:
            UsageError: this machine has no such device, or there is no such precision.
        """
        if precision not in _PRECISIONS:
            raise UsageError(near_miss("precision", precision, _PRECISIONS))
        present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        if name == "auto":
            name = next(kind for kind in ("cuda", "mps", "cpu") if present[kind])
        elif not present.get(name, False):
            here = ", ".join(kind for kind in present if present[kind])
            raise UsageError(f"device {name!r} is not there; this machine has: {here}")
        return cls(name, cast(Precision, precision))

    @property
    def torch(self) -> torch.device:
        """What PyTorch calls it."""
        return torch.device(self.name)
