"""Distortion types in words, and what maps show, for those who do not see them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.nn import functional as F

from ..api.distortions import DISTORTIONS, PRISTINE
from ..scoring.recipe_scorer import likely

_PLACES = (
    ("upper left", "top", "upper right"),
    ("left", "centre", "right"),
    ("lower left", "bottom", "lower right"),
)

_CLEARLY = 1.2  # times the mean of a map, from which on a ninth of it is worth naming


def called(kind: str) -> str:
    """A distortion type in words."""
    return {PRISTINE: "none", **DISTORTIONS}.get(kind, kind)


def types(distortion: Mapping[str, float]) -> str:
    """The likely types with their probabilities, short."""
    return ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in likely(distortion))


def strongest(values: Tensor) -> str:
    """In which ninth of a map ``[h, w]`` its mean is highest."""
    place = int(_ninths(values).argmax())
    return _PLACES[place // 3][place % 3]


def _ninths(values: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(values[None, None].float(), 3)[0, 0]


def map_in_words(lost: Tensor, reach: float) -> str:
    """What a quality map shows."""
    if float(lost.max()) <= 0:
        return "No quality is lost anywhere."
    stands_out = float(_ninths(lost).max()) >= _CLEARLY * float(lost.mean())
    where = f"most in the {_area(strongest(lost))}" if stands_out else "in no part clearly more than in the others"
    mean, most = float(lost.mean()), float(lost.max())
    return f"On average {mean:.0f} of {reach:g} points are lost, at most {most:.0f}, {where}."


def vei_in_words(values: Tensor) -> str:
    """What a VEI shows."""
    if float(values.max()) == float(values.min()):
        return f"the same everywhere, {float(values.max()):.3g}"
    return f"from {float(values.min()):.3g} to {float(values.max()):.3g}, strongest in the {_area(strongest(values))}"


def difference_in_words(values: Tensor) -> str:
    """What the difference of two VEIs, input minus PRI, shows."""
    low, high = float(values.min()), float(values.max())
    if low == high == 0:
        return "there is none"
    parts = []
    if high > 0:
        parts.append(f"the input is stronger by up to {high:.3g}, most in the {_area(strongest(values))}")
    if low < 0:
        parts.append(f"the pseudo-reference by up to {-low:.3g}, most in the {_area(strongest(-values))}")
    return "; ".join(parts)


def _area(place: str) -> str:
    return place if place in ("top", "centre", "bottom") else f"{place} part"
