"""VEIs cut into neighbourhoods: what a metric compares to find how alike a pair is around each place."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ..measuring.branches.comparison import upsample

_CELLS = 12  # along the shorter side of an image
_MOST_CELLS = 60  # along the longer one


def grid(image: tuple[int, int]) -> tuple[int, int]:
    """How many cells an image of some height and width is divided into, down and across."""
    unit = min(image) / _CELLS
    down, across = (min(max(1, round(side / unit)), _MOST_CELLS) for side in image)
    return down, across


def neighbourhoods(maps: Tensor, cells: tuple[int, int], min_size: int) -> Tensor:
    """The surroundings ``[cells, s, s']`` of each cell of a map ``[1, h, w]``, row by row.

    Surroundings are the cell and those next to it; beyond the border the map goes on with its last values. They have
    ``min_size`` pixels a side at least, by bilinear interpolation.
    """
    sides = [max(2, round(side / count)) for side, count in zip(maps.shape[-2:], cells, strict=True)]
    whole = (sides[0] * cells[0], sides[1] * cells[1])
    if whole != tuple(maps.shape[-2:]):
        maps = upsample(maps, whole)
    height, width = sides
    padded = F.pad(maps, (width, width, height, height), mode="replicate")
    cut = padded.unfold(1, 3 * height, height).unfold(2, 3 * width, width)
    found = cut.reshape(math.prod(cells), 3 * height, 3 * width)
    factor = max(1, -(-min_size // min(found.shape[-2:])))
    if factor == 1:
        return found
    return upsample(found, (factor * found.shape[-2], factor * found.shape[-1]))


def spread(values: Tensor, image: tuple[int, int]) -> Tensor:
    """Values of cells ``[down, across]`` at every pixel of an image, by bilinear interpolation."""
    return torch.clamp(upsample(values[None], image)[0], values.min(), values.max())
