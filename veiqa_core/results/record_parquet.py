"""Flat rows of commands other than ``run`` as Parquet."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError, one_line
from ..files.paths import display_name
from ..files.writing import unfinished
from .parquet import names, pyarrow_module

if TYPE_CHECKING:
    from .records import Layout, Record

_GROUP = 4096  # rows, which bounds what is held in memory


class ParquetWriter:
    """A Parquet file of rows, which takes the output's place when it is closed: its index stands at its end.

    Raises:
        UsageError: pyarrow is not installed.
        OSError: it cannot be written.
    """

    def __init__(self, output: Path, layout: Layout) -> None:
        self._output = Path(os.path.realpath(output))
        self._path = unfinished(self._output)
        self._arrow, parquet = pyarrow_module("pyarrow"), pyarrow_module("pyarrow.parquet")
        self._schema = _schema(layout)
        self._rows: list[dict[str, Any]] = []
        self._writer = parquet.ParquetWriter(self._path, self._schema)

    def add(self, row: Record) -> None:
        """Write one row."""
        self._rows.append({name: _as_text(row[name]) for name in self._schema.names})
        if len(self._rows) == _GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
            self._rows.clear()

    def close(self) -> None:
        """Write the rest and the index."""
        try:
            self._flush()
            self._writer.close()
            self._path.replace(self._output)
        finally:
            with suppress(OSError):
                self._path.unlink()


def _as_text(cell: Any) -> Any:
    """Texts are UTF-8 in Parquet, and names need not be."""
    if isinstance(cell, list):
        return [display_name(item) for item in cell]
    return display_name(cell) if isinstance(cell, str) else cell


def _schema(layout: Layout) -> Any:
    arrow = pyarrow_module("pyarrow")
    kinds = {name: arrow.float64() for name in layout.header}
    for columns, kind in (
        (layout.texts, arrow.string()),
        (layout.wholes, arrow.int32()),
        (layout.flags, arrow.bool_()),
        (layout.lists, arrow.list_(arrow.string())),
    ):
        kinds |= {name: kind for name in layout.header if name in columns}
    return arrow.schema(list(kinds.items()))


def is_written(path: Path, layout: Layout) -> bool:
    """Whether a file holds rows of such a kind in Parquet: it begins with their first columns."""
    return names(path)[:2] == list(layout.header[:2])


def read(path: Path, layout: Layout) -> list[Record]:
    """The rows of a file.

    Raises:
        UsageError: it is no whole Parquet file, or has other columns.
    """
    arrow, parquet = pyarrow_module("pyarrow"), pyarrow_module("pyarrow.parquet")
    try:
        table = parquet.read_table(path)
    except (arrow.ArrowException, OSError) as error:
        raise UsageError(f"--resume: {path} is no whole Parquet file ({one_line(error)}); delete it") from error
    if not table.schema.equals(_schema(layout)):
        raise UsageError(f"--resume: {path} has other columns; name another --output")
    rows: list[Record] = table.to_pylist()
    return rows
