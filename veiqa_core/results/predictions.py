"""The predictions behind an evaluation as a table, a row for each tested image: CSV or Parquet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError
from ..evaluation.comparison import Study
from ..evaluation.evaluate import Evaluation
from ..files.marks import begins
from ..files.paths import display_name
from ..files.remote import Target
from ..files.writing import write_text, write_whole
from . import parquet

COLUMNS = (
    *("dataset", "competitor", "image", "content", "type", "rating", "quality"),
    *("score", "low", "high", "mapped", "fold", "novelty"),
)
"""``mapped`` is what PLCC and RMSE are of; ``fold`` counts the splits from 1."""

SUFFIXES = (".csv", ".parquet")
_TEXTS = {"dataset", "competitor", "image", "content", "type"}


def check(option: str, path: Target) -> None:
    """Refuse a file of another kind, before anything is measured.

    Raises:
        UsageError: its suffix is none of :data:`SUFFIXES`, or pyarrow is not installed and it needs that.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{option} {path}: must end in {' or '.join(SUFFIXES)}")
    if path.suffix.lower() == ".parquet":
        parquet.check_installed(f"{option} {path}")


def is_predictions(path: Path) -> bool:
    """Whether a file holds predictions that this wrote."""
    return begins(path, ",".join(COLUMNS)) or parquet.names(path) == list(COLUMNS)


def rows(study: Study) -> Iterator[dict[str, Any]]:
    """The values of :data:`COLUMNS` of every tested image; None where there is none."""
    for one in study.datasets:
        for name, own in one.evaluations.items():
            yield from _rows(name, own)


def _rows(competitor: str, own: Evaluation) -> Iterator[dict[str, Any]]:
    rated = own.measured.rated
    items = {item.image: item for item in rated.images}
    where = f"{rated.name} in {display_name(rated.root)}"
    for fold, (part, columns) in enumerate(zip(own.predictions, own.by_split, strict=True), 1):
        scores = columns.scores("plcc")
        mapped = np.full(len(part.names), np.nan) if scores is None else scores
        for place, name in enumerate(part.names):
            item = items[name]
            raw = part.raw
            yield {
                "dataset": where,
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


def write(study: Study, path: Path) -> None:
    """Write all predictions in one step.

    Raises:
        UsageError: the file cannot be written.
    """
    if path.suffix.lower() == ".parquet":
        _write_parquet(study, path)
        return
    stream = io.StringIO()
    table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows(study))
    write_text(stream.getvalue(), path)


def _write_parquet(study: Study, path: Path) -> None:
    arrow, files = parquet.pyarrow_module("pyarrow"), parquet.pyarrow_module("pyarrow.parquet")
    kinds = {name: arrow.string() if name in _TEXTS else arrow.float64() for name in COLUMNS} | {"fold": arrow.int32()}
    made = [{**row, "image": display_name(row["image"])} for row in rows(study)]  # texts are UTF-8 in Parquet
    table = arrow.Table.from_pylist(made, schema=arrow.schema(list(kinds.items())))
    write_whole(path, lambda stream: files.write_table(table, stream))
