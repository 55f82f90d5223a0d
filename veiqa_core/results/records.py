"""Flat rows of commands other than ``run``, written as they come in the same formats, and read back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import attrs

from ..errors import UsageError
from ..files.marks import begins
from ..files.remote import Target
from ..files.values import is_number, parse_number, parse_whole
from ..isolation.terminal import EscapingStream
from ..text import json_text, printable
from .columns import csv_line
from .resume import NAMES

Record = Mapping[str, Any]
"""Texts, numbers, lists of texts, and true or false by column; None for what is not available."""

FORMATS = ("table", "json", "jsonl", "csv", "parquet")
_LONGEST = 2**26  # bytes of a line


@attrs.frozen
class Layout:
    """What rows of a command look like.

    Attributes:
        header: the columns.
        texts: those that hold no numbers.
        lines: what a person reads of a row, a line each.
        lists: those that hold lists of texts.
        flags: those that hold true or false.
        wholes: those that hold whole numbers.
    """

    header: tuple[str, ...]
    texts: frozenset[str]
    lines: Callable[[Record], Iterator[str]]
    lists: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    wholes: frozenset[str] = frozenset({"width", "height"})

    def fits(self, name: str, cell: object) -> bool:
        """Whether a column may hold a value."""
        if cell is None:
            return True
        if name in self.lists:
            return isinstance(cell, list) and all(isinstance(item, str) for item in cell)
        if name in self.flags:
            return isinstance(cell, bool)
        return isinstance(cell, str) if name in self.texts else is_number(cell)


class Writer:
    """Writes rows as text.

    Args:
        form: one of :data:`FORMATS` but parquet.
        begun: whether rows are there already, and the header of a CSV.
    """

    def __init__(self, stream: TextIO, form: str, layout: Layout, begun: bool = False) -> None:
        self._stream = stream
        self._form = form
        self._layout = layout
        self._before = "[\n"
        if form == "csv" and not begun:
            stream.write(csv_line(layout.header))

    def add(self, row: Record) -> None:
        """Write one row."""
        self._stream.write(self._text({name: row[name] for name in self._layout.header}))
        self._stream.flush()

    def _text(self, row: Record) -> str:
        if self._form == "table":
            return "".join(f"{printable(line)}\n" for line in self._layout.lines(row))
        if self._form == "csv":
            cells = [_csv_cell(cell) for cell in row.values()]
            if isinstance(self._stream, EscapingStream):  # a terminal, where a line must be one line
                cells = [printable(cell) if isinstance(cell, str) else cell for cell in cells]
            return csv_line(cells)
        if self._form == "jsonl":
            return f"{json_text(row)}\n"
        before, self._before = self._before, ",\n"
        return f"{before}{json_text(row)}"

    def close(self) -> None:
        """End what was written."""
        if self._form == "json":
            self._stream.write("\n]\n" if self._before == ",\n" else "[]\n")
        self._stream.flush()


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, bool):
        return str(cell).lower()
    return "; ".join(cell) if isinstance(cell, list) else cell


def is_written(path: Path, layout: Layout) -> bool:
    """Whether a file holds rows of such a kind: it begins with their first column."""
    from . import record_parquet

    first = layout.header[0]
    return record_parquet.is_written(path, layout) or begins(
        path, rf"{first},{layout.header[1]},", rf'(\[\n)?\{{"{first}": ', r"\[\]\n$"
    )


def read(path: Path, form: str, layout: Layout) -> tuple[list[Record], int]:
    """The rows of a file, and where the last whole one ends, in bytes.

    Raises:
        UsageError: it cannot be read, has other columns, or what is no row.
    """
    if form == "parquet":
        from . import record_parquet

        return record_parquet.read(path, layout), path.stat().st_size
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--resume: {path}: cannot be read: {error.strerror}") from error
    rows: list[Record] = []
    end = begun = 0
    header = form == "csv"
    for number, line in enumerate(io.BytesIO(content), 1):
        if not line.endswith(b"\n"):
            break
        begun += len(line)
        text = content[end:begun].decode(errors=NAMES)
        if form == "csv" and text.count('"') % 2:  # a cell holds the line's end
            continue
        if header:
            _check_header(path, text, layout)
        else:
            rows.append(_row(path, number, text, form, layout))
        header, end = False, begun
    if header and not csv_line(layout.header).encode(errors=NAMES).startswith(content[: 2**16]):
        raise UsageError(f"--resume: {path} is no table of this command; name another --output")
    return rows, end


def _check_header(path: Path, text: str, layout: Layout) -> None:
    if text != csv_line(layout.header):
        raise UsageError(f"--resume: {path} has other columns; name another --output")


def _row(path: Path, number: int, text: str, form: str, layout: Layout) -> Record:
    try:
        cells = json.loads(text) if form == "jsonl" else _cells(text, layout)
        if list(cells) != list(layout.header):
            raise ValueError
        if not all(layout.fits(name, cell) for name, cell in cells.items()):
            raise ValueError
    except (ValueError, TypeError, AttributeError, csv.Error, RecursionError):
        raise UsageError(f"--resume: line {number} of {path} is no row; mend it, or name another --output") from None
    made: Record = cells
    return made


def _cells(text: str, layout: Layout) -> dict[str, Any]:
    (record,) = csv.reader(io.StringIO(text, newline=""), strict=True)
    pairs = zip(layout.header, record, strict=True)
    return {name: _value(cell, name, layout) for name, cell in pairs}


def _value(cell: str, name: str, layout: Layout) -> Any:
    if not cell:
        return None
    if name in layout.lists:
        return cell.split("; ")
    if name in layout.flags:
        return {"true": True, "false": False}.get(cell, cell)
    if name in layout.texts:
        return cell
    return parse_whole(cell) if cell.isdecimal() else parse_number(cell)


def check_same(
    path: Target, rows: Sequence[Record], names: Sequence[str], name: Callable[[Record], str], what: str
) -> None:
    """Refuse to go on with rows that are not the first ones.

    Args:
        what: a row is of, for the message.

    Raises:
        UsageError: they are not, with the first that differs.
    """
    for number, row in enumerate(rows, 1):
        wanted = names[number - 1] if number <= len(names) else "not there"
        if name(row) != wanted:
            raise UsageError(
                f"--resume: row {number} of {path} is {name(row)}, and {what} {number} is {wanted}; name the same "
                "images in the same order, or another --output"
            )
