"""Tables that people made: CSV as spreadsheets and editors write it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..errors import TableError, brief

DELIMITERS = ",;\t"

_BY_EXCEL = re.compile(r'"?sep=([,;\t|:])\1*"?\1*', re.IGNORECASE)  # its first line, which names the delimiter
_NAMES = {"\t": "a tab"}


@attrs.frozen
class TableRow:
    """A row.

    Attributes:
        number: of the line at which it ends, from 1.
        cells: by column name in lower case, without surrounding blanks.
    """

    number: int
    cells: Mapping[str, str]


def read_table(text: str, needed: Sequence[str]) -> list[TableRow]:
    """The rows of a table whose first row names its columns; blank rows and columns are left out.

    Cells stand between commas, semicolons or tabs: that by which the first row holds most of the needed columns, or
    what a line such as ``sep=;`` before it names. Line ends may be those of any system.

    Raises:
        TableError: it is malformed or empty, names a column twice, or lacks a needed one.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    skipped, delimiter = _delimiter(text, needed)
    records = _records(text, delimiter, skipped)
    number, cells = next(records, (1, []))
    header = [_column(cell) for cell in cells]
    missing = ", ".join(repr(column) for column in needed if column not in header)
    if missing:
        named = ", ".join(brief(column) for column in header if column) or "nothing"
        raise TableError(f"no column {missing}; it names {brief(named, 400, quoted=False)}", number)
    doubled = [column for index, column in enumerate(header) if column and column in header[:index]]
    if doubled:
        raise TableError(f"column {brief(doubled[0])} appears twice; keep one", number)
    rows = []
    for number, cells in records:
        if any(cell.strip() for cell in cells[len(header) :]):
            shown = _NAMES.get(delimiter, repr(delimiter))
            decimals = ", and write decimals with a point" if delimiter == "," else ""
            raise TableError(
                f"{len(cells)} cells for {len(header)} columns; put a name that holds {shown} in double quotes"
                f"{decimals}",
                number,
            )
        rows.append(TableRow(number, {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}))
    if not rows:
        raise TableError("names no image; each row below the first is to hold one")
    return rows


def _delimiter(text: str, needed: Sequence[str]) -> tuple[int, str]:
    """How many lines to pass over before the header, and what stands between its cells."""
    lines = ((at, line.rstrip("\n")) for at, line in enumerate(io.StringIO(text)))
    place, first = next(((at, line) for at, line in lines if line.strip(f" {DELIMITERS}")), (0, ""))
    named = _BY_EXCEL.fullmatch(first.strip(" "))
    if named:
        return place + 1, named[1]
    cells = {delimiter: {_column(cell) for cell in first.split(delimiter)} for delimiter in DELIMITERS}
    return 0, max(DELIMITERS, key=lambda delimiter: len(cells[delimiter] & set(needed)))


def _column(cell: str) -> str:
    return cell.strip(' \t"').casefold()


def _records(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with its line number."""
    lines = io.StringIO(text)
    for _ in range(skipped):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield skipped + reader.line_num, cells
    except csv.Error as error:
        raise TableError(f"{error}; check its quotes", skipped + reader.line_num) from error
