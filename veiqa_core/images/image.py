"""A decoded image: what is known of it depends on its pixels alone, whatever it was decoded from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..contracts import canonical
from . import viewing
from .arrays import unit
from .picture_kind import picture_kind
from .shrinking import picture
from .viewing import Sizes

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""


@attrs.frozen
class Given:
    """An image as it was given, of which a smaller one is judged.

    Attributes:
        size: width and height in pixels.
        view: the most pixels of a longer side, to which it was reduced.
        kind: what it is, where that is no photo.
    """

    size: tuple[int, int]
    digest: str
    view: int
    kind: str | None


class Image:
    """A decoded image.

    Args:
        values: ``[1, 3, H, W]`` RGB, 8-bit levels (uint8) or float32 in [0, 1].
        name: its path, or what it is called in results.
        remarks: what a reader of its score should know of how it was decoded.
        given: what it was reduced from; None where it is as it was given.
    """

    def __init__(self, values: Tensor, name: str, remarks: tuple[str, ...] = (), given: Given | None = None) -> None:
        self._values = canonical(values)
        self.name = name
        self.remarks = remarks
        self._given = given

    def __reduce__(self) -> tuple[Callable[..., Image], tuple[Any, ...]]:
        """Sent to another process it takes its values and what was computed of them along, and leaves its pixels."""
        return _received, (self._values.numpy(), self.name, self.remarks, self._given, self._own_digest)

    @property
    def bytes(self) -> int:
        """The memory that its values take."""
        return self._values.nbytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._values.shape[3], self._values.shape[2]

    @property
    def sizes(self) -> Sizes:
        """Its size as it was given, and as it is judged."""
        return Sizes(self.size if self._given is None else self._given.size, self.size)

    def viewed(self, view: int | None) -> Image:
        """As it is judged: itself, or reduced where its longer side has more pixels than that (see :mod:`.viewing`).

        It keeps the digest of what was given. The random numbers that are drawn for it come from what is seen, as all
        else that is measured does.
        """
        size = viewing.viewed_size(self.size, view)
        if view is None or size == self.size:
            return self
        given = Given(self.size, self.digest, view, self.kind)
        return Image(viewing.viewed(self._values, size), self.name, self.remarks, given)

    @cached_property
    def kind(self) -> str | None:
        """What the picture as it was given is, as a remark, where that is no photo (see :mod:`.picture_kind`)."""
        return picture_kind(self._values) if self._given is None else self._given.kind

    @cached_property
    def pixels(self) -> Tensor:
        """``[1, 3, H, W]`` float32, RGB in [0, 1]."""
        return unit(self._values)

    def crop(self, rows: slice, columns: slice) -> Image:
        """A part of it; all of it is the image itself."""
        part = self._values[..., rows, columns]
        return self if part.shape == self._values.shape else Image(part, self.name)

    def reduced(self) -> Image:
        """As it is shown: itself, or smaller where it is too big to be shown as it is."""
        smaller = [picture(unit(channel)) for channel in torch.split(self._values[0], 1)]
        if smaller[0].shape[1:] == self._values.shape[2:]:
            return self
        return Image(torch.cat(smaller)[None], self.name, self.remarks)

    @property
    def digest(self) -> str:
        """SHA-256 of size and pixel values: the same for a file, an array and a tensor of the same content.

        Of an image that was reduced it is the digest of what was given.
        """
        return self._own_digest if self._given is None else self._given.digest

    @cached_property
    def key(self) -> str:
        """Under which name values measured of it are kept: the digest; where it was reduced one of how, too."""
        if self._given is None:
            return self.digest
        seen = f"{self._given.digest} reduced to {self._given.view} by {viewing.NUMERICAL_VERSION}"
        return hashlib.sha256(seen.encode()).hexdigest()

    @cached_property
    def _own_digest(self) -> str:
        channels = torch.split(self._values[0], 1)  # one at a time: memory
        if all(torch.equal(unit(_levels(channel)), channel) for channel in channels if channel.dtype != torch.uint8):
            channels = tuple(map(_levels, channels))
        kind = str(channels[0].dtype).removeprefix("torch.")
        digest = hashlib.sha256(f"{'x'.join(map(str, self._values.shape))} {kind}\n".encode())
        for channel in channels:
            digest.update(channel.contiguous().numpy().data)
        return digest.hexdigest()

    @property
    def seed(self) -> int:
        """A number below 2**63 made from the pixels that are seen, for components that draw random numbers."""
        return int(self._own_digest[:16], 16) >> 1


def _received(values: NDArray[Any], name: str, remarks: tuple[str, ...], given: Given | None, digest: str) -> Image:
    own = torch.from_numpy(np.require(values, requirements="W")).clone()  # memory of torch's own
    image = Image(own, name, remarks, given)
    image.__dict__["_own_digest"] = digest
    return image


def _levels(values: Tensor) -> Tensor:
    """The nearest 8-bit levels; levels are them already."""
    return values if values.dtype == torch.uint8 else (values * 255).round_().to(torch.uint8)
