"""A decoded image: what is known of it depends on its pixels alone, whatever it was decoded from."""

from __future__ import annotations

import hashlib
from functools import cached_property

import torch
from torch import Tensor


class Image:
    """A decoded image.

    Attributes:
        name: its path, or what it is called in results.
        pixels: ``[1, 3, H, W]`` float32, RGB in [0, 1].
        remarks: what a reader of its score should know of how it was decoded.
    """

    def __init__(self, pixels: Tensor, name: str, remarks: tuple[str, ...] = ()) -> None:
        self.pixels = pixels
        self.name = name
        self.remarks = remarks

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[3], self.pixels.shape[2]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of size and pixel values: the same for a file, an array and a tensor of the same content."""
        eight_bit = (self.pixels * 255).round_().to(torch.uint8)
        exact = torch.equal(eight_bit.to(torch.float32).div_(255), self.pixels)
        content = (eight_bit if exact else self.pixels).contiguous().numpy()
        header = f"{'x'.join(map(str, content.shape))} {content.dtype}\n".encode()
        return hashlib.sha256(header + content.tobytes()).hexdigest()

    @property
    def seed(self) -> int:
        """A number below 2**63 made from the content, for components that draw random numbers."""
        return int(self.digest[:16], 16) >> 1
