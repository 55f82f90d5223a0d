"""One competitor image by image: scores, residuals, intervals, contents, and the images that it is most wrong about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import numpy as np

from ...contracts import FloatArray
from ...devices import Device
from ...errors import ImageError
from ...evaluation.columns import Predictions
from ...evaluation.evaluate import Evaluation
from ...evaluation.rows import where
from ...explanations.drawing import PAIR
from ...measuring.table import Indices
from ...page import svg
from ...page.formatting import number
from ..viewer import OPACITY, viewer
from .maps import Maps

_POINTS = 3000
"""Points of a chart; of more images every n-th is drawn."""

_TITLED = 1000
"""So many images can each have their name over their points."""

_WORST = 12
_CONTENTS = 30
_CURVE = 200


@attrs.frozen(eq=False)
class _Tested:
    """The tested images that have a score, those of all splits."""

    part: Predictions
    scores: FloatArray
    raw: FloatArray

    @property
    def residuals(self) -> FloatArray:
        """``[n]``, score minus quality."""
        return self.scores - self.part.quality


def competitor(name: str, own: Evaluation, device: Device | None) -> dict[str, Any]:
    """What the page shows of one evaluation.

    Args:
        device: where the maps of the worst images are made; None for none.
    """
    tested = _tested(own)
    shown = {"name": name, "dataset": where(own)}
    if tested is None:
        return {**shown, "images": 0}
    kinds = list(dict.fromkeys(sorted(tested.part.types, key=str)))
    step = -(-len(tested.scores) // _POINTS)
    some = np.arange(0, len(tested.scores), step)
    contents = _contents(own, tested)
    return {
        **shown,
        "images": len(tested.scores),
        "step": step,
        "what": "own scores" if own.overall.mapping == "none" else f"scores after {own.overall.mapping}",
        "fit": own.overall.fit,
        "scatter": _scatter(own, tested, kinds, some),
        "residuals": _residuals(tested, kinds, some),
        "legend": [(svg.sample(look), kind or "no type") for look, kind in enumerate(kinds)],
        "coverage": _coverage(own),
        "contents": contents,
        "worst": _worst(own, tested, None if device is None else Maps(own, device)),
        "opacity": OPACITY,
        "refits": own.protocol["refits"],
    }


def _tested(own: Evaluation) -> _Tested | None:
    scores = own.columns.scores("plcc")
    if scores is None or not np.isfinite(scores).any():
        return None
    known = np.flatnonzero(np.isfinite(scores))
    pooled = Predictions.pooled(own.predictions)
    return _Tested(pooled.select(known), scores[known], own.columns.raw_scores[known])


def _scatter(own: Evaluation, tested: _Tested, kinds: Sequence[str | None], some: Indices) -> Any:
    """Scores against quality; where a mapping was fitted to all of them at once, with its curve."""
    quality = tested.part.quality
    if own.overall.mapping == "none" or own.protocol["refits"] or len(own.measured.used) > 1:
        ends = svg.widened([*tested.scores.tolist(), *quality.tolist()])
        label = "Scores against ratings by type, with the line on which both are equal."
        axes = ("score", "quality as rated")
        groups = _groups(tested, kinds, some, tested.scores, quality)
        return svg.scatter(label, groups, axes, (ends, ends), [(ends[0], ends[0]), (ends[1], ends[1])])
    line = sorted({(float(a), float(b)) for a, b in zip(tested.raw, tested.scores, strict=True)})
    line = [*line[:: max(1, len(line) // _CURVE)], *line[-1:]]
    return svg.scatter(
        f"Scores against ratings by type, with the fitted curve, {own.overall.mapping}.",
        _groups(tested, kinds, some, tested.raw, quality),
        ("score, on no scale of quality", "quality as rated"),
        (svg.widened(tested.raw.tolist()), svg.widened([*quality.tolist(), *tested.scores.tolist()])),
        line,
    )


def _residuals(tested: _Tested, kinds: Sequence[str | None], some: Indices) -> Any:
    ends = svg.widened(tested.part.quality.tolist())
    return svg.scatter(
        "Residuals, score minus rating, over the rating by type, with the line of none.",
        _groups(tested, kinds, some, tested.part.quality, tested.residuals),
        ("quality as rated", "score minus rating"),
        (ends, svg.widened([*tested.residuals.tolist(), 0.0])),
        [(ends[0], 0.0), (ends[1], 0.0)],
    )


def _groups(
    tested: _Tested, kinds: Sequence[str | None], some: Indices, across: FloatArray, upwards: FloatArray
) -> list[svg.Group]:
    titled = len(some) <= _TITLED
    groups = []
    for look, kind in enumerate(kinds):
        places = [int(place) for place in some if tested.part.types[place] == kind]
        titles = [
            f"{tested.part.names[place]}: {number(tested.scores[place])}, rated {number(tested.part.quality[place])}"
            for place in places
        ]
        points = [(float(across[place]), float(upwards[place])) for place in places]
        groups.append(svg.Group(look, points, titles if titled else None))
    return groups


def _coverage(own: Evaluation) -> list[tuple[str, int, float]]:
    """How many images of each type, and overall, lie within their 90 % intervals; none where these mean nothing."""
    groups = {**own.by_distortion, "overall": own.overall}
    return [(kind, each.count, each.coverage) for kind, each in groups.items() if each.coverage is not None]


def _contents(own: Evaluation, tested: _Tested) -> Any:
    """Mean residual of each content, and the residuals between which nine in ten of its images lie."""
    called = {item.image: item.content for item in own.measured.rated.images}
    by_content: dict[str, list[float]] = {}
    for name, residual in zip(tested.part.names, tested.residuals.tolist(), strict=True):
        content = called.get(name)
        if content is not None:
            by_content.setdefault(content, []).append(residual)
    if len(by_content) < 2:
        return None
    worst = sorted(by_content, key=lambda content: -abs(float(np.mean(by_content[content]))))
    shown = sorted(worst[:_CONTENTS], key=lambda content: float(np.mean(by_content[content])))
    dots = []
    for content in shown:
        mean = float(np.mean(by_content[content]))
        low, high = np.quantile(by_content[content], [0.05, 0.95])
        dots.append(svg.Dot(content, mean, (float(low), float(high)), number(mean, 1)))
    ends = svg.widened([0.0, *(end for dot in dots for end in (dot.ends or ()))])
    label = "Mean residual of each content, and the middle nine tenths of its images."
    return {
        "chart": svg.figures(label, dots, "score minus rating", ends),
        "count": len(by_content),
        "shown": len(dots),
        "between": float(np.std([np.mean(own) for own in by_content.values()])),
        "within": float(np.sqrt(np.mean([np.var(own) for own in by_content.values()]))),
    }


def _worst(own: Evaluation, tested: _Tested, maps: Maps | None) -> Iterator[dict[str, Any]]:
    """The images whose scores are furthest from their ratings; each once, with its picture and map."""
    seen: set[str] = set()
    for place in np.argsort(-np.abs(tested.residuals), kind="stable"):
        name = tested.part.names[place]
        if name in seen:
            continue
        if len(seen) == _WORST:
            return
        seen.add(name)
        low, high = float(tested.part.raw.low[place]), float(tested.part.raw.high[place])
        yield {
            "name": name,
            "type": tested.part.types[place],
            "score": float(tested.scores[place]),
            "quality": float(tested.part.quality[place]),
            "residual": float(tested.residuals[place]),
            "interval": (low, high) if own.overall.mapping == "none" else None,
            "novelty": float(tested.part.novelty[place]),
            "viewer": _viewer(own, name, maps),
        }


def _viewer(own: Evaluation, name: str, maps: Maps | None) -> dict[str, Any] | None:
    try:
        image = own.measured.rated.read(name).reduced().pixels[0]
    except ImageError:
        return None
    lost, reach = (None if maps is None else maps.of(name)) or (None, None)
    return viewer(image, lost, reach, PAIR)
