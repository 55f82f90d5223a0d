"""Results as Parquet: the columns of the CSV, numbers as doubles, in groups of rows that are written as they come."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError, one_line
from ..files.paths import display_name
from .columns import OTHERS, TEXTS, WHOLES, Columns
from .resume import Draft, ResultSink
from .sinks import PreviousRow

if TYPE_CHECKING:
    from ..result import Result

_GROUP = 4096  # rows, which bounds what is held in memory and what a file says of itself


def pyarrow_module(module: str, what: str = "--format parquet") -> Any:
    """pyarrow, or a module of it.

    Args:
        what: needs it, for the message.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError(f"{what} needs pyarrow: pip install 'veiqa[parquet]'") from error


def check_installed(what: str = "--format parquet") -> None:
    """Find out whether Parquet can be written here.

    Raises:
        UsageError: pyarrow is not installed.
    """
    pyarrow_module("pyarrow", what)
    pyarrow_module("pyarrow.parquet", what)


def names(path: Path) -> list[str]:
    """The columns of a Parquet file; none where it is no whole one, or pyarrow is not installed."""
    try:
        arrow, parquet = pyarrow_module("pyarrow"), pyarrow_module("pyarrow.parquet")
    except UsageError:
        return []
    try:
        return list(parquet.read_schema(path).names)
    except (arrow.ArrowException, OSError):
        return []


class ParquetDraft(Draft, ResultSink):
    """A Parquet file, which only comes to be when it is whole: its index stands at its end.

    Raises:
        UsageError: pyarrow is not installed.
    """

    def __init__(self, output: Path, columns: Columns) -> None:
        super().__init__(output)
        self._arrow, parquet = pyarrow_module("pyarrow"), pyarrow_module("pyarrow.parquet")
        self._columns = columns
        self._rows: list[Sequence[Any]] = []
        self._schema = schema(columns)
        self._writer = parquet.ParquetWriter(self._path, self._schema)

    def add(self, result: Result) -> None:
        """Take one result."""
        image, *rest = self._columns.cells(result)
        self._take([display_name(image), *rest])  # texts are UTF-8 in Parquet

    def copy(self, row: PreviousRow) -> None:
        """Take a row of another file."""
        assert isinstance(row.written, tuple)
        self._take(row.written)

    def _take(self, row: Sequence[Any]) -> None:
        self._rows.append(row)
        if len(self._rows) == _GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            made = [list(column) for column in zip(*self._rows, strict=True)]
            arrays = [self._arrow.array(values, field.type) for values, field in zip(made, self._schema, strict=True)]
            self._rows.clear()
            self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Write the rest and the index."""
        try:
            self._flush()
            self._writer.close()
            super().close()
        finally:
            self.discard()

    def discard(self) -> None:
        """Leave the file that was there."""
        with suppress(OSError):
            self._writer.close()
        super().discard()


def schema(columns: Columns) -> Any:
    """The Arrow schema of results with these columns."""
    arrow = pyarrow_module("pyarrow")
    kinds = dict.fromkeys(TEXTS, arrow.string()) | dict.fromkeys(WHOLES, arrow.int32())
    measured = dict.fromkeys(columns.keys, arrow.float64())
    return arrow.schema([(name, (kinds | measured).get(name, arrow.float64())) for name in columns.header])


def rows(path: Path, columns: Columns) -> Iterator[PreviousRow]:
    """The rows of a Parquet file.

    Raises:
        UsageError: it is none, or has other columns.
    """
    arrow, parquet = pyarrow_module("pyarrow"), pyarrow_module("pyarrow.parquet")
    try:
        file = parquet.ParquetFile(path)
    except (arrow.ArrowException, OSError) as error:
        raise UsageError(f"--resume: {path} is no whole Parquet file ({one_line(error)}); delete it") from error
    with file:
        if not file.schema_arrow.equals(schema(columns)):
            raise UsageError(f"--resume: {path} {OTHERS}")
        for batch in file.iter_batches(_GROUP):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield columns.previous_row(values, values)
