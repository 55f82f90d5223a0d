"""Big images as they are seen where all of them fits into a view: reduced to it, antialiased.

Values are averaged as they are encoded, not in linear light: so do viewers and browsers that fit a photo to a screen,
and what they show is what people see of it.
"""

from __future__ import annotations

import attrs
import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from torch import Tensor

from .arrays import unit

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values of reduced images are computed again."""

_STRIP = 2**20  # pixels that are floats at a time, which bounds memory

Size = tuple[int, int]


@attrs.frozen
class Sizes:
    """Width and height of an image in pixels.

    Attributes:
        given: as it was given.
        judged: as it is judged.
    """

    given: Size
    judged: Size

    @property
    def reduced(self) -> bool:
        """Whether it is judged at a smaller size than it was given."""
        return self.given != self.judged


def viewed_size(size: Size, view: int | None) -> Size:
    """The width and height at which an image is judged.

    Args:
        view: the most pixels of its longer side; None for its native size.
    """
    longest = max(size)
    if view is None or longest <= view:
        return size
    width, height = (max(1, round(side * view / longest)) for side in size)
    return width, height


def viewed(values: Tensor, size: Size) -> Tensor:
    """Values ``[1, 3, H, W]`` reduced to a width and height: float32 in [0, 1].

    The kernel is Lanczos' of three lobes, as Pillow has it for floats, widened by the ratio so that nothing is aliased.
    What overshoots at edges is clipped. Strips of rows are reduced in width, then all of it in height, as Pillow does.
    """
    return torch.stack([_plane(channel, size) for channel in values[0]])[None].clamp_(0, 1)


def _plane(channel: Tensor, size: Size) -> Tensor:
    width, height = size
    strips = torch.split(channel, max(1, _STRIP // channel.shape[1]))
    narrow = np.concatenate([_resized(unit(strip).numpy(), (width, len(strip))) for strip in strips])
    return torch.from_numpy(_resized(narrow, (width, height)).copy())


def _resized(values: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    return np.asarray(PIL.Image.fromarray(values).resize(size, PIL.Image.Resampling.LANCZOS))
