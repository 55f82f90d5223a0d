"""What was found of competitors as rows of plain values: figures, differences, and predictions image by image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files.paths import display_name
from .agreement import FIGURES
from .provenance import precision_of

if TYPE_CHECKING:
    from .comparison import Comparison, Study
    from .differences import Difference
    from .evaluate import Evaluation
    from .figures import Figures

Row = dict[str, Any]

PREDICTIONS = (
    *("dataset", "competitor", "image", "content", "type", "rating", "quality"),
    *("score", "low", "high", "mapped", "fold", "novelty"),
)
"""The columns of :func:`predictions`: ``mapped`` is what PLCC and RMSE are of; ``fold`` counts the splits from 1."""


def where(own: Evaluation) -> str:
    """The dataset of an evaluation, and its folder."""
    return f"{own.measured.rated.name} in {display_name(own.measured.rated.root)}"


def figures(study: Study) -> Iterator[Row]:
    """A row for each dataset, competitor and type, and for all types."""
    for one in study.datasets:
        yield from figures_of(one)


def figures_of(one: Comparison) -> Iterator[Row]:
    """Those of one dataset."""
    for name, own in one.evaluations.items():
        for row in of_evaluation(own):
            yield {"dataset": where(own), "competitor": name, **row}


def of_evaluation(own: Evaluation) -> Iterator[Row]:
    """A row for each type and one for all; what is not available is None."""
    for kind, each in {**own.by_distortion, "overall": own.overall}.items():
        yield {"type": kind, **_of_figures(each), **_made_with(own)}


def _of_figures(own: Figures) -> Row:
    row: Row = {"n": own.count, "contents": own.contents, **{name: own.values[name] for name in FIGURES}}
    row |= {"mapping": own.mapping, "fit": own.fit}
    for name in FIGURES:
        row[f"{name}_low"], row[f"{name}_high"] = own.intervals[name] or (None, None)
    for name, values in own.mappings.items():
        row |= {f"{name}_{figure}": values[figure] for figure in ("plcc", "rmse")}
    return row | {
        "coverage90": own.coverage,
        "missing": "; ".join(f"{name}: {why}" for name, why in own.missing.items()),
    }


def _made_with(own: Evaluation) -> Row:
    precision = precision_of(own.measured.versions)
    return {"protocol": own.protocol["split"], "recipe": own.recipe, "precision": precision}


def differences(study: Study) -> Iterator[Row]:
    """A row for each dataset and two competitors: the first one's figures minus the second one's, and p values."""
    for one in study.datasets:
        yield from differences_of(one)


def differences_of(one: Comparison) -> Iterator[Row]:
    """Those of one dataset."""
    for pair in one.pairs:
        row: Row = {"dataset": where(one.first), "competitor": pair.first, "versus": pair.second, "n": pair.images}
        for name, own in pair.differences.items():
            row |= _of_difference(name, own)
        yield {**row, "told_apart": pair.apart}


def _of_difference(name: str, own: Difference) -> Row:
    low, high = own.interval or (None, None)
    row: Row = {name: own.value, f"{name}_low": low, f"{name}_high": high, f"{name}_p": own.p}
    test = {} if name == "krocc" else {f"{name}_test_p": None if own.test is None else own.test.p}
    return {**row, f"{name}_p_holm": own.p_holm, **test}


def predictions(study: Study) -> Iterator[Row]:
    """The values of :data:`PREDICTIONS` of every tested image; None where there is none."""
    for one in study.datasets:
        for name, own in one.evaluations.items():
            yield from _predictions(name, own)


def _predictions(competitor: str, own: Evaluation) -> Iterator[Row]:
    rated = own.measured.rated
    items = {item.image: item for item in rated.images}
    for fold, (part, columns) in enumerate(zip(own.predictions, own.by_split, strict=True), 1):
        scores = columns.scores("plcc")
        mapped = np.full(len(part.names), np.nan) if scores is None else scores
        for place, name in enumerate(part.names):
            item = items[name]
            raw = part.raw
            yield {
                "dataset": where(own),
                "competitor": competitor,
                "image": name,
                "content": item.content,
                "type": part.types[place],
                "rating": float(item.score),
                "quality": _known(part.quality[place]),
                "score": _known(raw.score[place]),
                "low": _known(raw.low[place]),
                "high": _known(raw.high[place]),
                "mapped": _known(mapped[place]),
                "fold": fold,
                "novelty": _known(part.novelty[place]),
            }


def _known(value: np.floating[Any]) -> float | None:
    return float(value) if math.isfinite(value) else None
