"""Tables of scores in text: rows that know where they stand, so that an error can say it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from veiqa_core.api import DatasetError
from veiqa_core.contracts import RatedImage

from .files import Folder


@attrs.frozen
class Row:
    """One row of a table, its cells by column name in lower case."""

    folder: Folder
    file: str
    number: int
    cells: Mapping[str, str]

    def error(self, problem: str) -> DatasetError:
        """The problem as an error that names file and row."""
        return self.folder.error(f"{self.file}, row {self.number}: {problem}")

    def text(self, column: str) -> str:
        """A cell without surrounding blanks, empty where there is none."""
        return self.cells.get(column, "").strip()

    def needed(self, column: str) -> str:
        """A cell that must not be empty."""
        value = self.text(column)
        if not value:
            raise self.error(f"column {column!r} is empty")
        return value

    def score(self, column: str, scale: tuple[float, float] = (-math.inf, math.inf), advice: str = "") -> float:
        """A cell that must hold a number of the scale; ``advice`` says what to do where it lies outside."""
        text = self.needed(column)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            point = "; write decimals with a point" if "," in text else ""
            raise self.error(f"column {column!r} holds {text!r}, which is not a number{point}")
        if not scale[0] <= value <= scale[1]:
            raise self.error(f"column {column!r} holds {text}, outside {scale[0]:g} to {scale[1]:g}; {advice}")
        return value

    def rated(self, **fields: Any) -> RatedImage:
        """The row's image.

        Raises:
            DatasetError: a name leaves the dataset's folder.
        """
        try:
            return RatedImage(**fields)
        except ValueError as error:
            raise self.error(str(error)) from error


def read_table(folder: Folder, name: str, needed: Sequence[str], delimiters: str = ",") -> list[Row]:
    """The rows of a CSV file whose first row names its columns, blank rows left out.

    The delimiter is that of ``delimiters`` by which the first row holds most of the needed columns.

    Raises:
        DatasetError: the file is missing, not text, malformed, empty or without a needed column.
    """
    text = folder.text(name)
    first = next((line for line in text.splitlines() if line.strip(f" \t{delimiters}")), "")
    guesses = {delimiter: [_column(cell) for cell in first.split(delimiter)] for delimiter in delimiters}
    delimiter = max(guesses, key=lambda key: len(set(needed) & set(guesses[key])))
    records = _records(folder, name, text, delimiter)
    number, cells = next(records, (1, []))
    header = [_column(cell) for cell in cells]
    missing = ", ".join(repr(column) for column in needed if column not in header)
    if missing:
        named = ", ".join(map(repr, header)) or "nothing"
        raise folder.error(f"{name}, row {number}: no column {missing}; it names {named}")
    doubled = [column for index, column in enumerate(header) if column and column in header[:index]]
    if doubled:
        raise folder.error(f"{name}, row {number}: column {doubled[0]!r} appears twice; keep one")
    rows = []
    for number, cells in records:
        row = Row(folder, name, number, dict(zip(header, cells, strict=False)))
        if any(cell.strip() for cell in cells[len(header) :]):
            counts = f"{len(cells)} cells for {len(header)} columns"
            raise row.error(f"{counts}; put a name that holds {delimiter!r} in double quotes")
        rows.append(row)
    if not rows:
        raise folder.error(f"{name} names no image; each row below the first is to hold one")
    return rows


def _column(cell: str) -> str:
    return cell.strip(' \t"').casefold()


def _records(folder: Folder, name: str, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with its line number."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise folder.error(f"{name}, row {reader.line_num}: {error}; check its quotes") from error
