"""How the scores of all images are distributed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..explanations.wording import called
from ..page import svg
from ..result import score_digits
from .contents import Contents

_PARTS = 20


def overview(contents: Contents) -> dict[str, Any]:
    """The figures of all images together."""
    scores = np.asarray(contents.scores)
    known = scores[np.isfinite(scores)]
    recipe = contents.scorer.recipe
    scale = recipe.fitted.range if recipe.fitted is not None and recipe.state else None
    total = sum(contents.types.values())
    return {
        "scored": contents.scored,
        "digits": score_digits(scale),
        "quantiles": np.quantile(known, [0, 0.25, 0.5, 0.75, 1]).tolist() if len(known) else None,
        "count": len(contents.rows),
        "failed": len(contents.failed),
        "histogram": _histogram(known, scale) if len(known) else None,
        "types": [(kind, called(kind), count, count / total) for kind, count in contents.types.most_common()],
    }


def _histogram(known: NDArray[np.float64], scale: tuple[float, float] | None) -> dict[str, Any]:
    ends = scale or svg.widened(known.tolist())
    counts, edges = np.histogram(known, bins=_PARTS, range=ends)
    median = float(np.median(known))
    fullest = int(counts.argmax())
    label = (
        f"Histogram of {len(known):,} scores in {_PARTS} equal parts from {ends[0]:g} to {ends[1]:g}. Median "
        f"{median:.1f}. The fullest part, {edges[fullest]:g} to {edges[fullest + 1]:g}, has {counts[fullest]:,}. All "
        "numbers are in the table below."
    )
    axis = "score" if scale is None else f"score, {scale[0]:g} worst, {scale[1]:g} best"
    return {
        "chart": svg.histogram(label, counts.tolist(), ends, axis, ("median", median)),
        "parts": [(f"{low:g} to {high:g}", n) for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)],
    }
