"""The predictions behind an evaluation as a table, a row for each tested image: CSV or Parquet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ..errors import UsageError
from ..evaluation.comparison import Study
from ..evaluation.rows import PREDICTIONS, predictions
from ..files.marks import begins
from ..files.paths import display_name
from ..files.remote import Target
from ..files.writing import write_text, write_whole
from . import parquet

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
    return begins(path, ",".join(PREDICTIONS)) or parquet.names(path) == list(PREDICTIONS)


def write(study: Study, path: Path) -> None:
    """Write all predictions in one step.

    Raises:
        UsageError: the file cannot be written.
    """
    if path.suffix.lower() == ".parquet":
        _write_parquet(study, path)
        return
    stream = io.StringIO()
    table = csv.DictWriter(stream, PREDICTIONS, lineterminator="\n")
    table.writeheader()
    table.writerows(predictions(study))
    write_text(stream.getvalue(), path)


def _write_parquet(study: Study, path: Path) -> None:
    arrow, files = parquet.pyarrow_module("pyarrow"), parquet.pyarrow_module("pyarrow.parquet")
    kinds = {name: arrow.string() if name in _TEXTS else arrow.float64() for name in PREDICTIONS} | {
        "fold": arrow.int32()
    }
    made = [{**row, "image": display_name(row["image"])} for row in predictions(study)]  # texts are UTF-8 in Parquet
    table = arrow.Table.from_pylist(made, schema=arrow.schema(list(kinds.items())))
    write_whole(path, lambda stream: files.write_table(table, stream))
