"""How the two VEIs of a pair are brought to one scale and size before a metric sees them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ...contracts import canonical
from ...images.shrinking import comparable, comparable_size
from ...recipes.recipe import Scale, Size

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""


def degenerate(vei: Tensor) -> str | None:
    """What makes a VEI carry no information, or None."""
    low, high = vei.aminmax()
    if low == high:
        return "all zero" if low == 0 else "constant"
    return None


def prepare(
    x: Tensor, y: Tensor, *, scale: Scale, size: Size, image: tuple[int, int], min_size: int
) -> tuple[Tensor, Tensor]:
    """Both VEIs ``[N, h, w]`` as float64 maps, ready for a metric that does not write into them.

    ``scale="pair"`` maps the interval from the smallest to the largest value of both, widened to hold zero, to [0, 1]:
    no evidence stays at one end where all evidence has one sign. ``image`` is the image's height and width; maps with a
    side below ``min_size`` are upsampled (bilinear) by the smallest whole factor that reaches it. Maps of very big
    images are shrunk first (:func:`veiqa_core.images.shrinking.comparable`).
    """
    x, y = (comparable(canonical(vei)).to(torch.float64) for vei in (x, y))
    if scale == "pair":
        both = torch.stack([x, y]).movedim(0, 1).flatten(1)
        low, high = both.amin(1).clamp(max=0), both.amax(1).clamp(min=0)
        x, y = _to_unit(x, low, high), _to_unit(y, low, high)
    elif scale == "map":
        x, y = (_to_unit(v, v.flatten(1).amin(1), v.flatten(1).amax(1)) for v in (x, y))
    goal = compared_size(x.shape[-2:], size, comparable_size(image), min_size)
    if goal == tuple(x.shape[-2:]):
        return x, y
    return upsample(x, goal), upsample(y, goal)


def upsample(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps ``[N, h, w]`` at another size, by bilinear interpolation."""
    return F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def _to_unit(maps: Tensor, low: Tensor, high: Tensor) -> Tensor:
    span = (high - low)[:, None, None]
    return torch.where(span > 0, (maps - low[:, None, None]) / span.clamp(min=torch.finfo(span.dtype).tiny), 0.0)


def compared_size(shape: torch.Size, size: Size, image: tuple[int, int], min_size: int) -> tuple[int, int]:
    """Height and width at which maps of a shape are compared; ``image`` as :func:`comparable_size` gives it."""
    height, width = image if size == "input" else shape
    factor = max(1, -(-min_size // min(height, width)))
    return height * factor, width * factor
