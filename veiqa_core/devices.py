"""Where networks compute, in what numbers, and by what runtime."""

from __future__ import annotations

from typing import Literal, cast, get_args

import attrs
import torch

from .contracts.scoring import Precision
from .errors import UsageError, near_miss

Runtime = Literal["auto", "torch", "onnxruntime"]
"""What may carry out forward passes; ``auto`` takes the compiled one wherever it serves."""

RUNTIMES = get_args(Runtime)
_PRECISIONS = get_args(Precision)


@attrs.frozen
class Device:
    """A device of this machine, as plain values that can be sent to another process.

    Attributes:
        name: PyTorch's.
        precision: what convolutions and linear layers compute in; all else is float32.
        runtime: what was asked to carry out forward passes.
    """

    name: str = "cpu"
    precision: Precision = "float32"
    runtime: Runtime = "auto"

    @classmethod
    def find(
        cls, device: str | torch.device, precision: str | torch.dtype = "float32", runtime: str = "auto"
    ) -> Device:
        """The device that ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` means here.

        Raises:
            UsageError: this machine has no such device, there is no such precision or runtime, or they do not go
                together.
        """
        name, numbers = str(device), str(precision).removeprefix("torch.")
        if numbers not in _PRECISIONS:
            raise UsageError(near_miss("precision", numbers, _PRECISIONS))
        if runtime not in RUNTIMES:
            raise UsageError(near_miss("runtime", runtime, RUNTIMES))
        cards = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
        present = [*(["cuda", *cards] if cards else []), *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]
        if name == "auto":
            name = present[0]
        elif name not in present:
            raise UsageError(f"device {name!r} is not there; this machine has: {', '.join(present)}")
        found = cls(name, cast(Precision, numbers), cast(Runtime, runtime))
        if runtime not in ("auto", "torch") and not found.may_compile:
            raise UsageError(f"runtime {runtime!r} computes on the cpu in float32, not on {name} in {numbers}")
        return found

    @property
    def may_compile(self) -> bool:
        """Whether a compiled runtime may serve: those that there are compute on the processor, in float32."""
        return self.runtime != "torch" and self.name == "cpu" and self.precision == "float32"

    @property
    def torch(self) -> torch.device:
        """What PyTorch calls it."""
        return torch.device(self.name)


def cpu_has_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16, as far as this torch tells."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any("bf16" in name and there for name, there in capabilities.items())
