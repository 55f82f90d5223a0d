"""The last stage: how like the VEI of a PRI is to that of the input, many pairs at once where a metric allows it."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence

import attrs
import torch
from torch import Tensor

from ...contracts import SimilarityMetric
from ...errors import VeiqaError
from ...extension.registry import Part
from ...images.shrinking import comparable_size
from ...isolation.attempts import attempt
from ...recipes.recipe import Scale, Size
from ...recipes.resolution import ResolvedBranch
from .comparison import compared_size, degenerate, prepare
from .outcome import Measurement
from .plan import Comparison, Explanation, distinct

_TOGETHER = 2**16
"""Cells of the maps that are compared at once at most; more of them would not fit a processor's cache."""

_Key = tuple[Explanation, Explanation]
"""What the PRI's VEI and the input's are."""


@attrs.frozen
class _Form:
    """How pairs are brought to one scale and size; those of one form can be compared together.

    Attributes:
        min_size: a metric's; it decides nothing but ``goal``.
        shape: of the VEIs.
        goal: height and width of the maps that a metric sees.
    """

    scale: Scale
    size: Size
    min_size: int = attrs.field(eq=False)
    shape: tuple[int, ...]
    goal: tuple[int, int]


@attrs.frozen(eq=False)
class _Pair:
    """The VEIs ``[1, h, w]`` of a PRI and of the input, and for each metric the comparison's key and flags."""

    x: Tensor
    y: Tensor
    wanted: dict[Part, tuple[str, tuple[str, ...]]] = attrs.field(factory=dict)


class Comparer:
    """Compares the VEIs of one image, those of one form together; a metric that fails spoils the pair at hand only.

    Args:
        metrics: the opened metrics.
        image: height and width of the image.

    Attributes:
        measurements: what has been compared, by key.
    """

    def __init__(self, metrics: Mapping[Part, SimilarityMetric], image: tuple[int, int]) -> None:
        self.measurements: dict[str, Measurement] = {}
        self._metrics = metrics
        self._image = image
        self._waiting: dict[_Form, dict[_Key, _Pair]] = {}

    def add(
        self, comparison: Comparison, x: Tensor | VeiqaError, y: Tensor | VeiqaError, remarks: tuple[str, ...]
    ) -> None:
        """Take in a PRI's VEI x and the input's y; :meth:`compare` compares them.

        Args:
            remarks: flags of the measurement.
        """
        key, branch = comparison.key, comparison.branch
        if isinstance(y, VeiqaError):
            self.measurements[key] = Measurement(key, None, error=y)
            return
        if isinstance(x, VeiqaError):
            self.measurements[key] = Measurement(key, None, error=x)
            return
        sides = (("the input's VEI", y), ("the PRI's VEI", x))
        flags = (*remarks, *(f"{key}: {side} is {problem}" for side, vei in sides if (problem := degenerate(vei))))
        pairs = self._waiting.setdefault(self._form(branch, x), {})
        pairs.setdefault((comparison.x, comparison.y), _Pair(x, y)).wanted[branch.metric] = key, flags

    def compare(self, *, everything: bool) -> None:
        """Compare all that waits, or only where enough of one form has come together."""
        for form, pairs in list(self._waiting.items()):
            at_once = max(1, _TOGETHER // math.prod(form.goal))
            if not everything and len(pairs) < at_once:
                continue
            del self._waiting[form]
            waiting = list(pairs.values())
            for start in range(0, len(waiting), at_once):
                self._compare(form, waiting[start : start + at_once])

    def _form(self, branch: ResolvedBranch, vei: Tensor) -> _Form:
        least = branch.metric.traits.get("min_size", 1)
        goal = compared_size(vei.shape[-2:], branch.size, comparable_size(self._image), least)
        return _Form(branch.scale, branch.size, least, tuple(vei.shape), goal)

    def _compare(self, form: _Form, pairs: Sequence[_Pair]) -> None:
        metrics = distinct(metric for pair in pairs for metric in pair.wanted)
        prepared = attempt(metrics[0], functools.partial(self._prepare, form, pairs))
        for metric in metrics:
            rows = [number for number, pair in enumerate(pairs) if metric in pair.wanted]
            found: Sequence[float | VeiqaError] = (
                [prepared] * len(rows)
                if isinstance(prepared, VeiqaError)
                else self._similarities(metric, [prepared[number] for number in rows])
            )
            for number, value in zip(rows, found, strict=True):
                key, flags = pairs[number].wanted[metric]
                self.measurements[key] = (
                    Measurement(key, None, flags, value)
                    if isinstance(value, VeiqaError)
                    else Measurement(key, value, flags)
                )

    def _prepare(self, form: _Form, pairs: Sequence[_Pair]) -> list[tuple[Tensor, Tensor]]:
        """Pair by pair, for interpolation may round those of a batch in another way."""
        given = functools.partial(prepare, scale=form.scale, size=form.size, image=self._image, min_size=form.min_size)
        return [given(pair.x, pair.y) for pair in pairs]

    def _similarities(self, metric: Part, pairs: Sequence[tuple[Tensor, Tensor]]) -> Sequence[float | VeiqaError]:
        """The similarity of each pair; where they fail together, each by itself."""
        if len(pairs) > 1 and metric.traits.get("batch", False):
            together = attempt(metric, functools.partial(similarities, self._metrics[metric], pairs))
            if not isinstance(together, VeiqaError):
                return together
        alone = (attempt(metric, functools.partial(similarities, self._metrics[metric], [pair])) for pair in pairs)
        return [found if isinstance(found, VeiqaError) else found[0] for found in alone]


def similarities(metric: SimilarityMetric, pairs: Sequence[tuple[Tensor, Tensor]]) -> list[float]:
    """What a metric gives for each pair of maps ``[1, h, w]``, all of one size.

    Raises:
        ValueError: it gives something else than a finite number for each.
    """
    x, y = (torch.cat(maps) for maps in zip(*pairs, strict=True))  # copies, for metrics may write into theirs
    given = metric.compare(x, y)
    values = [float(given)] if len(pairs) == 1 else [float(value) for value in given]
    if len(values) != len(pairs):
        raise ValueError(f"gave {len(values)} values for {len(pairs)} pairs")
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"gave {value}")
    return values
