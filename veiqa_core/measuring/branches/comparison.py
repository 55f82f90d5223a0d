"""The last stage: how like the VEI of a PRI is to that of the input.

The two are brought to one scale and size first. Metrics that give a pair the same bits in any company compare many
pairs at once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

from ...contracts import SimilarityMetric, canonical
from ...errors import VeiqaError
from ...extension.registry import Part
from ...images.shrinking import comparable, comparable_size
from ...isolation.attempts import attempt
from ...recipes.recipe import Scale, Size
from ...recipes.resolution import ResolvedBranch
from .outcome import Measurement
from .plan import Comparison, distinct

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""

_TOGETHER = 2**16
"""Cells of the maps that are compared at once; more of them would not fit a processor's cache."""


@attrs.frozen
class _Form:
    """How pairs are brought to one scale and size; those of one form can be compared together.

    Attributes:
        shape: of the VEIs.
        cells: how many each map has that a metric sees.
        metric: of pairs that are too big to be prepared for several metrics at once, theirs.
    """

    scale: Scale
    size: Size
    min_size: int
    shape: tuple[int, ...]
    cells: int
    metric: Part | None


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
        self._waiting: dict[_Form, dict[tuple[int, int], _Pair]] = {}

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
        form = self._form(branch, x)
        pair = self._waiting.setdefault(form, {}).setdefault((id(x), id(y)), _Pair(x, y))
        pair.wanted[branch.metric] = key, flags

    def compare(self, *, everything: bool) -> None:
        """Compare all that waits, or only where enough of one form has come together."""
        for form, pairs in list(self._waiting.items()):
            if everything or len(pairs) * form.cells >= _TOGETHER:
                self._compare(form, list(self._waiting.pop(form).values()))

    def _form(self, branch: ResolvedBranch, vei: Tensor) -> _Form:
        least = branch.metric.traits.get("min_size", 1)
        least = least if min(vei.shape[-2:]) < least else 1  # then metrics with different ones see the same maps
        cells = math.prod(_goal(vei.shape[-2:], branch.size, comparable_size(self._image), least))
        shared = cells <= _TOGETHER
        return _Form(branch.scale, branch.size, least, tuple(vei.shape), cells, None if shared else branch.metric)

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
    given = torch.as_tensor(metric.compare(x, y))
    if given.numel() != len(pairs):
        raise ValueError(f"gave {tuple(given.shape)} for {len(pairs)} pairs; [N] is due")
    values: list[float] = given.double().flatten().tolist()
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"gave {value}")
    return values


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
    goal = _goal(x.shape[-2:], size, comparable_size(image), min_size)
    if goal == tuple(x.shape[-2:]):
        return x, y
    return upsample(x, goal), upsample(y, goal)


def upsample(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps ``[N, h, w]`` at another size, by bilinear interpolation."""
    return F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def _to_unit(maps: Tensor, low: Tensor, high: Tensor) -> Tensor:
    span = (high - low)[:, None, None]
    return torch.where(span > 0, (maps - low[:, None, None]) / span.clamp(min=torch.finfo(span.dtype).tiny), 0.0)


def _goal(shape: torch.Size, size: Size, image: tuple[int, int], min_size: int) -> tuple[int, int]:
    height, width = image if size == "input" else shape
    factor = max(1, -(-min_size // min(height, width)))
    return height * factor, width * factor
