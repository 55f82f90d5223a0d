"""A decoded image: what is known of it depends on its pixels alone, whatever it was decoded from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..contracts import canonical
from .shrinking import picture

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""


class Image:
    """A decoded image.

    Args:
        values: ``[1, 3, H, W]`` RGB, 8-bit levels (uint8) or float32 in [0, 1].
        name: its path, or what it is called in results.
        remarks: what a reader of its score should know of how it was decoded.
    """

    def __init__(self, values: Tensor, name: str, remarks: tuple[str, ...] = ()) -> None:
        self._values = canonical(values)
        self.name = name
        self.remarks = remarks

    def __reduce__(self) -> tuple[Callable[..., Image], tuple[Any, ...]]:
        """Sent to another process it takes its values and its digest along, and leaves its pixels."""
        return _received, (self._values.numpy(), self.name, self.remarks, self.digest)

    @property
    def bytes(self) -> int:
        """The memory that its values take."""
        return self._values.nbytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._values.shape[3], self._values.shape[2]

    @cached_property
    def pixels(self) -> Tensor:
        """``[1, 3, H, W]`` float32, RGB in [0, 1]."""
        return _unit(self._values)

    def crop(self, rows: slice, columns: slice) -> Image:
        """A part of it; all of it is the image itself."""
        part = self._values[..., rows, columns]
        return self if part.shape == self._values.shape else Image(part, self.name)

    def reduced(self) -> Image:
        """As it is shown: itself, or smaller where it is too big to be shown as it is."""
        smaller = [picture(_unit(channel)) for channel in torch.split(self._values[0], 1)]
        if smaller[0].shape[1:] == self._values.shape[2:]:
            return self
        return Image(torch.cat(smaller)[None], self.name, self.remarks)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of size and pixel values: the same for a file, an array and a tensor of the same content."""
        channels = torch.split(self._values[0], 1)  # one at a time: memory
        if all(torch.equal(_unit(_levels(channel)), channel) for channel in channels if channel.dtype != torch.uint8):
            channels = tuple(map(_levels, channels))
        kind = str(channels[0].dtype).removeprefix("torch.")
        digest = hashlib.sha256(f"{'x'.join(map(str, self._values.shape))} {kind}\n".encode())
        for channel in channels:
            digest.update(channel.contiguous().numpy().data)
        return digest.hexdigest()

    @property
    def seed(self) -> int:
        """A number below 2**63 made from the content, for components that draw random numbers."""
        return int(self.digest[:16], 16) >> 1


def _received(values: NDArray[Any], name: str, remarks: tuple[str, ...], digest: str) -> Image:
    image = Image(
        torch.from_numpy(np.require(values, requirements="W")).clone(), name, remarks
    )  # memory of torch's own
    image.__dict__["digest"] = digest
    return image


def _unit(values: Tensor) -> Tensor:
    """Values in [0, 1]; floats are there already."""
    return values if values.dtype == torch.float32 else values.to(torch.float32).div_(255)


def _levels(values: Tensor) -> Tensor:
    """The nearest 8-bit levels; levels are them already."""
    return values if values.dtype == torch.uint8 else (values * 255).round_().to(torch.uint8)
