"""What the metrics share: checks of their input, grey conversion, and MATLAB's way of averaging and filtering."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from veiqa_core.contracts import canonical

_RGB_TO_GREY = (0.298936021293775390, 0.587043074451121360, 0.114020904255103250)
"""Weights of MATLAB's ``rgb2gray``: the first row of the inverse of its YIQ-to-RGB matrix."""


def check_maps(x: Tensor, y: Tensor, min_size: int = 1) -> tuple[Tensor, Tensor]:
    """Two batches of maps ``[N, h, w]``, as float64 in one layout.

    Raises:
        ValueError: they differ in shape, are no maps, are not floating-point or have a side below ``min_size``.
    """
    return _check(x, y, min_size, f"maps [N, h, w] of one shape with sides of at least {min_size}", ndim=3)


def check_images(a: Tensor, b: Tensor, min_size: int = 1) -> tuple[Tensor, Tensor]:
    """Two batches of images ``[N, 3, H, W]`` or ``[N, 1, H, W]`` with values in [0, 1], as float64 in one
    layout.

    Raises:
        ValueError: as for :func:`check_maps`.
    """
    expected = f"images [N, 3 or 1, H, W] of one shape with sides of at least {min_size}"
    if a.ndim == 4 and a.shape[1] not in (1, 3):
        raise ValueError(f"expected {expected}, not {a.shape[1]} channels")
    return _check(a, b, min_size, expected, ndim=4)


def _check(first: Tensor, second: Tensor, min_size: int, expected: str, ndim: int) -> tuple[Tensor, Tensor]:
    if first.shape != second.shape or first.ndim != ndim or min(first.shape[-2:]) < min_size:
        raise ValueError(f"expected {expected}, not {list(first.shape)} and {list(second.shape)}")
    if not (first.is_floating_point() and second.is_floating_point()):
        raise ValueError(f"expected floating-point values, not {first.dtype} and {second.dtype}")
    return canonical(first.double()), canonical(second.double())


def each(measure: Callable[..., Tensor], *batches: Tensor) -> Tensor:
    """What ``measure`` gives ``[N]``, called with one item of each batch at a time.

    For Fourier transforms and powers, whose last bits depend on how many values are computed together, and where.
    """
    return torch.cat(
        [measure(*map(canonical, items)) for items in zip(*(torch.split(batch, 1) for batch in batches), strict=True)]
    )


def total(values: Tensor) -> Tensor:
    """Sums ``[N]`` of ``[N, ...]``."""
    return reduced(values, lambda item: item.sum(dim=1))


def mean(values: Tensor) -> Tensor:
    """Means ``[N]`` of ``[N, ...]``."""
    return reduced(values, lambda item: item.mean(dim=1))


def reduced(values: Tensor, reduce: Callable[[Tensor], Tensor]) -> Tensor:
    """What becomes of each item of ``[N, ...]`` by itself, given as ``[1, P]``.

    Of several at once torch shares the work among threads, and so rounds, otherwise than of one.
    """
    return torch.cat([reduce(item) for item in torch.split(values.flatten(1), 1)])


def grey(images: Tensor) -> Tensor:
    """Grey ``[N, H, W]`` in [0, 1]: RGB as MATLAB's ``rgb2gray`` of 8-bit images, rounded to whole levels; one channel
    as it is."""
    if images.shape[1] == 1:
        return images[:, 0]
    return (255 * mix(images, _RGB_TO_GREY) + 0.5).floor() / 255


def mix(images: Tensor, *weights: tuple[float, float, float]) -> Tensor:
    """Weighted sums of the channels of ``[N, 3, H, W]``: ``[N, H, W]`` for one triple, ``[N, K, H, W]`` for several.

    Term by term: a matrix product rounds by the layout of its input and by the processor.
    """
    red, green, blue = images.unbind(dim=1)
    mixed = [r * red + g * green + b * blue for r, g, b in weights]
    return mixed[0] if len(mixed) == 1 else torch.stack(mixed, dim=1)


def viewing_factor(height: int, width: int) -> int:
    """How far an image is shrunk before it is compared: shorter side over 256, rounded, at least 1 (Wang's rule)."""
    return max(1, int(min(height, width) / 256 + 0.5))


def shrink(maps: Tensor, factor: int, mirror: bool = False) -> Tensor:
    """Means of ``factor`` x ``factor`` pixels ``[..., ceil(h / factor), ceil(w / factor)]`` of ``[..., h, w]``.

    As MATLAB's ``conv2(..., 'same')`` with every ``factor``-th result kept: an even window reaches one pixel further to
    the right and below than to the left and above. Beyond the border lie zeros or, with ``mirror``, the mirrored map.
    """
    if factor == 1:
        return maps
    after = factor // 2
    before = factor - 1 - after
    if mirror:
        maps = _mirror(_mirror(maps, before, after, dim=-1), before, after, dim=-2)
    else:
        maps = F.pad(maps, (before, after, before, after))
    return F.avg_pool2d(maps, factor)


def _mirror(maps: Tensor, before: int, after: int, dim: int) -> Tensor:
    size = maps.shape[dim]
    first, last = maps.narrow(dim, 0, before), maps.narrow(dim, size - after, after)
    return torch.cat([first.flip(dim), maps, last.flip(dim)], dim=dim)


def slide(maps: Tensor, weights: Sequence[float], dim: int) -> Tensor:
    """Weighted sums of a window that slides along ``dim``, wherever it lies wholly inside.

    Term by term, so that a pixel's rounding depends neither on its place nor on the batch, as a convolution's does.
    """
    size = maps.shape[dim] - len(weights) + 1
    terms = (weight * maps.narrow(dim, start, size) for start, weight in enumerate(weights))
    return sum(terms, start=maps.new_zeros(()))


def gradient_magnitude(maps: Tensor, side: float, centre: float) -> Tensor:
    """Length of the gradient ``[N, h, w]`` by the 3x3 operator with columns (side, centre, side), 0 and the negative.

    Beyond the border lie zeros, as in MATLAB's ``conv2(..., 'same')``.
    """
    padded = F.pad(maps, (1, 1, 1, 1))
    difference, mean = (1, 0, -1), (side, centre, side)
    across = slide(slide(padded, difference, dim=-1), mean, dim=-2)
    down = slide(slide(padded, difference, dim=-2), mean, dim=-1)
    return (across.square() + down.square()).sqrt()


def likeness(a: Tensor, b: Tensor, constant: float) -> Tensor:
    """(2ab + c) / (a² + b² + c), the point-wise similarity of SSIM's family: 1 where a equals b."""
    return (2 * a * b + constant) / (a.square() + b.square() + constant)


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean ``[N]`` of ``[N, h, w]`` under non-negative weights; the plain mean for an item whose weights are all 0."""
    empty = (weights == 0).all(dim=-1).all(dim=-1)
    weights = torch.where(empty[:, None, None], 1.0, weights)
    return total(values * weights) / total(weights)


def real_power(base: Tensor, exponent: float) -> Tensor:
    """Real part of ``base ** exponent``, defined for a negative base too."""
    power = base.abs() ** exponent
    return torch.where(base < 0, math.cos(math.pi * exponent) * power, power)
