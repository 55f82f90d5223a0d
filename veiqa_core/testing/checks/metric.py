"""Similarity metrics, against what their traits declare."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..arbitrary import holds, map_pairs, refuse
from ..kit import NotHere, Subject, require, where
from ..samples import images, maps

FOUNDATION = ("values",)

_SEEDS = range(2, 12)
_ROUNDING = 1e-9
_SHARED = 184
"""Side of a map of which torch's threads share the work."""


def _side(of: Subject) -> int:
    return int(of.traits.get("min_size", 4))


def _pairs(of: Subject) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Pairs of maps of many kinds, those without structure among them."""
    for seed in _SEEDS:
        x, y = maps(_side(of), seed=seed)
        yield "maps", x, y
        yield "maps that hardly differ", x, (x + 1e-6 * y).clamp(0, 1)
    zero, constant = torch.zeros_like(x), torch.full_like(x, 0.5)
    peak = zero.clone()
    peak[:, 1, 1] = 1
    yield from (("two zero maps", zero, zero), ("two constant maps", constant, constant), ("equal maps", x, x))
    yield from (("a zero map and another", zero, y), ("a map and a zero one", x, zero))
    yield from (("a constant map and another", constant, y), ("a map and a constant one", x, constant))
    yield from (("single peaks and maps", peak, y), ("zero maps and single peaks", zero, peak))


def check_values(of: Subject) -> None:
    """It gives float64 [N], finite for all maps, constant and zero ones among them."""
    for label, x, y in _pairs(of):
        made = of.make().compare(x, y)
        require(made.shape == (len(x),), f"gives {tuple(made.shape)} for {len(x)} pairs; [N] is due")
        require(made.dtype == torch.float64, f"gives {made.dtype}; float64 is due")
        require(torch.isfinite(made).all(), f"gives {made.tolist()[0]:g} for {label}")


def check_bounds(of: Subject) -> None:
    """Its values lie within the bounds that it declares."""
    low, high = of.traits["bounds"]
    for label, x, y in _pairs(of):
        made = of.make().compare(x, y)
        smallest, largest = float(made.min()), float(made.max())
        require(low is None or smallest >= low - _ROUNDING, f"gives {smallest:g} for {label}, bounds say {low} or more")
        require(
            high is None or largest <= high + _ROUNDING, f"gives {largest:g} for {label}, bounds say {high} or less"
        )


def check_identity(of: Subject) -> None:
    """At equal maps it gives what its trait ``identity`` declares."""
    metric, identity = of.make(), of.traits["identity"]
    if identity == "none":
        raise NotHere("its value at equal maps depends on the maps")
    for seed in _SEEDS:
        x, y = maps(_side(of), seed=seed)
        same, other = metric.compare(x, x.clone()), metric.compare(x, y)
        if identity == "max":
            require((same >= other - _ROUNDING).all(), "equal maps are not the most: identity is declared as 'max'")
        elif identity == "min":
            require((same <= other + _ROUNDING).all(), "equal maps are not the least: identity is declared as 'min'")
        else:
            due = torch.full_like(same, float(identity))
            require(torch.allclose(same, due), f"gives {float(same[0]):g} at equal maps; identity declares {identity}")


def check_direction(of: Subject) -> None:
    """Maps that come closer become more similar as its trait ``similar`` declares, where equal ones are an extremum."""
    if of.traits["identity"] not in ("max", "min"):
        raise NotHere("equal maps are no extremum of it")
    metric, x, y = of.make(), *maps(_side(of))
    far, near = metric.compare(x, y), metric.compare(x, x + 0.02 * (y - x))
    closer = near > far if of.traits["similar"] == "high" else near < far
    require(closer.all(), f"maps that come closer are no more similar; similar is declared as {of.traits['similar']!r}")


def check_symmetry(of: Subject) -> None:
    """Swapping the maps keeps the value if, and only if, it is declared symmetric."""
    metric = of.make()
    same = all(
        torch.allclose(metric.compare(x, y), metric.compare(y, x), rtol=1e-9, atol=1e-12)
        for x, y in (maps(_side(of), seed=seed) for seed in _SEEDS)
    )
    declared = bool(of.traits["symmetric"])
    require(same == declared, f"is {'' if same else 'not '}symmetric, and symmetric is declared as {declared}")


def check_batch(of: Subject) -> None:
    """A pair has the same value alone and in a batch: exactly so where its trait ``batch`` says it."""
    metric, exact = of.make(), bool(of.traits.get("batch", False))
    for side, threads in _sides(of) if exact else [(_side(of), 1)]:
        x, y = maps(side)
        with _threads(threads):
            together = metric.compare(x, y)
        for index in range(len(x)):
            with _threads(threads):
                alone = metric.compare(x[index : index + 1], y[index : index + 1])[0]
            same = alone == together[index] if exact else torch.isclose(alone, together[index], rtol=1e-9, atol=1e-12)
            problem = "gives a pair other bits alone than in a batch, and its trait batch says that it does not"
            require(bool(same), problem if exact else "gives a pair another value alone than in a batch")


def _sides(of: Subject) -> Iterator[tuple[int, int]]:
    """Sides of maps, and how many threads compare them; those of the largest would share one sum among them."""
    yield from ((_side(of) + more, 1) for more in range(8))
    yield _SHARED, 2


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_input_untouched(of: Subject) -> None:
    """It leaves the maps as they were."""
    x, y = maps(_side(of))
    of.make().compare(x, y)
    require(all(map(torch.equal, (x, y), maps(_side(of)))), "changes its input")


def check_sizes(of: Subject) -> None:
    """It takes maps from its smallest side on, and oblong ones."""
    side = of.traits.get("min_size", 1)
    generator = torch.Generator().manual_seed(0)
    for height, width in ((side, side), (side, 4 * side + 1), (3 * side, side + 2)):
        x, y = torch.rand(2, 1, height, width, dtype=torch.float64, generator=generator)
        made = of.make().compare(x, y)
        problem = f"gives {float(made[0]):g} for maps of {height}x{width}; its trait min_size is {side}"
        require(torch.isfinite(made).all(), problem)


@where("image")
def check_images(of: Subject) -> None:
    """On ordinary images it keeps its bounds, and finds equal ones as its traits declare."""
    metric, (a, b) = of.make(), images(2, 64, 80)[:, None]
    if of.traits["image"] == "grey":
        a, b = a.mean(1, keepdim=True), b.mean(1, keepdim=True)
    made, same = metric.compare_images(a, b), metric.compare_images(a, a.clone())
    require(
        made.shape == (1,) and made.dtype == torch.float64, f"gives {made.dtype} {tuple(made.shape)} for two images"
    )
    require(torch.isfinite(made).all() and torch.isfinite(same).all(), "gives a value that is not finite for images")
    if of.traits["identity"] not in ("max", "min"):
        return
    better = same >= made if of.traits["similar"] == "high" else same <= made
    require(better.all(), "finds different images more similar than equal ones")


def check_arbitrary_maps(of: Subject) -> None:
    """Finite values, bounds, identity and symmetry hold on arbitrary small maps, which hypothesis looks for."""
    metric, traits = of.make(), of.traits
    low, high = traits["bounds"]

    def holds_on(pair: tuple[Tensor, Tensor]) -> None:
        x, y = pair
        xy, yx, xx = (float(metric.compare(a.clone(), b.clone())) for a, b in ((x, y), (y, x), (x, x)))
        for value, other in ((xy, y), (xx, x)):
            refuse(math.isfinite(value), f"gives {value:g}", x=x, y=other)
            within = (low is None or value >= low - _ROUNDING) and (high is None or value <= high + _ROUNDING)
            refuse(within, f"gives {value:g}; bounds are {low} and {high}", x=x, y=other)
        if traits["identity"] == "max":
            refuse(xx >= xy - _ROUNDING, f"gives {xy:g}, and {xx:g} at equal maps, declared as the most", x=x, y=y)
        elif traits["identity"] == "min":
            refuse(xx <= xy + _ROUNDING, f"gives {xy:g}, and {xx:g} at equal maps, declared as the least", x=x, y=y)
        if traits["symmetric"]:
            same = math.isclose(xy, yx, rel_tol=1e-9, abs_tol=1e-9)
            refuse(same, f"gives {xy:g}, and {yx:g} with the maps swapped; declared symmetric", x=x, y=y)

    holds(holds_on, lambda: map_pairs(_side(of)), 100)
