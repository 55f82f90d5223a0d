"""What is known of an image once its branches have been carried out."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from torch import Tensor

from ...errors import VeiqaError
from ...extension.registry import Part
from .plan import Explanation


@attrs.frozen
class Measurement:
    """The outcome of one quantity on one image: a value or an error, and remarks on it.

    Attributes:
        similarity: the value, of whatever quantity it is.
        lasting: whether it may be kept; not where only want of memory made it what it is, nor where a component damaged
            a network on the way.
    """

    key: str
    similarity: float | None
    flags: tuple[str, ...] = ()
    error: VeiqaError | None = None
    lasting: bool = True


@attrs.frozen(eq=False)
class Outcome:
    """Everything computed on one image, and what was kept of it. Failed stages hold their error.

    Attributes:
        pris: the PRIs ``[1, 3, H, W]``; of an image that passes in tiles as they are shown.
        veis: the VEIs ``[1, h, w]``, as they are or as they are shown.
    """

    measurements: tuple[Measurement, ...]
    pris: Mapping[Part, Tensor | VeiqaError]
    veis: Mapping[Explanation, Tensor | VeiqaError]


def passing(outcome: Outcome) -> Outcome:
    """What is not kept."""
    return attrs.evolve(outcome, measurements=tuple(attrs.evolve(m, lasting=False) for m in outcome.measurements))
