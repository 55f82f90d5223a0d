"""Arbitrary data, made by hypothesis where it is installed, on which a property must hold.

The same examples every time, none of them kept in a database; a failing one is made as plain as possible before it is
shown. Small: hypothesis works through numbers one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from .kit import CheckFailed, NotHere

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

MISSING = "hypothesis is not installed, so it is tried on a few fixed samples alone: pip install 'veiqa[testing]'"


def holds(property_: Callable[[Any], None], data: Callable[[], SearchStrategy[Any]], examples: int) -> None:
    """Check that a property holds on arbitrary data.

    Args:
        property_: raises :class:`CheckFailed` where it does not hold; any other exception is a failure too.
        data: gives the strategy that the data are drawn from.
        examples: how many are tried.

    Raises:
        CheckFailed: for the plainest data found on which it does not hold.
        NotHere: hypothesis is not installed.
    """
    try:
        from hypothesis import HealthCheck, Phase, given, settings
    except ImportError:
        raise NotHere(MISSING) from None
    chosen = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )

    @chosen
    @given(data())
    def tried(drawn: Any) -> None:
        property_(drawn)

    tried()


def map_pairs(side: int) -> SearchStrategy[tuple[Tensor, Tensor]]:
    """Pairs of maps ``[1, side, side + 1]`` float64 in [0, 1] of float32 values: any two, or near relatives."""
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as arrays

    level = st.sampled_from((0.0, 0.5, 1.0)) | st.floats(0, 1, width=32, allow_subnormal=False)
    one = arrays.arrays(np.float64, (1, side, side + 1), elements=level).map(torch.from_numpy)
    relatives: tuple[Callable[[Tensor, float], Tensor], ...] = (
        lambda x, by: x * by,
        lambda x, by: (x + by).clamp(max=1),
        lambda x, by: (1 - x) * by,
        lambda x, by: x.flip(2) * by,
        lambda x, by: x**2 * by,
    )
    near = st.builds(lambda x, by, way: (x, way(x, by)), one, level, st.sampled_from(relatives))
    return st.tuples(one, one) | near


def eight_bit_images(smallest: int, largest: int) -> SearchStrategy[Tensor]:
    """Images ``[1, 3, H, W]`` float32 whose values are whole multiples of 1/255."""
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as arrays

    side = st.integers(smallest, largest)
    pixels = st.tuples(st.just(1), st.just(3), side, side).flatmap(lambda shape: arrays.arrays(np.uint8, shape))
    return pixels.map(lambda levels: torch.from_numpy(levels).float() / 255)


def ratings(branches: int) -> SearchStrategy[tuple[Any, Any]]:
    """Similarities ``[N, branches]`` from -1000 to 1000 and quality ``[N]`` from 0 to 100, for 4 to 24 images."""
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as arrays

    def made(count: int) -> SearchStrategy[tuple[Any, Any]]:
        similarity = st.floats(-1000, 1000, width=32, allow_subnormal=False)
        score = st.floats(0, 100, width=32, allow_subnormal=False)
        similarities = arrays.arrays(np.float64, (count, branches), elements=similarity)
        return st.tuples(similarities, arrays.arrays(np.float64, count, elements=score))

    return st.integers(4, 24).flatmap(made)


def reported(values: Tensor | np.ndarray[Any, Any]) -> str:
    """Numbers in a few words: alike ones once, the others counted and the first of them with its place."""
    array = np.asarray(values, dtype=np.float64).squeeze()
    found, counts = np.unique(array, return_counts=True)
    ground = found[counts.argmax()]
    shape = "x".join(map(str, array.shape)) or "1"
    others = np.argwhere(array != ground)
    if len(others) == 0:
        return f"{shape} all {ground:g}"
    shown = "; ".join(f"{array[tuple(place)]:g} at {', '.join(map(str, place))}" for place in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f"{shape} all {ground:g} but {shown}{more}"


def refuse(holds_: object, what: str, **data: Tensor | np.ndarray[Any, Any]) -> None:
    """Fail unless something holds, and name the data in the same line."""
    if not holds_:
        raise CheckFailed(f"{what}, for {'; '.join(f'{name} = {reported(values)}' for name, values in data.items())}")
