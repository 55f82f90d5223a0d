"""Tables of scores in text: rows that know where they stand, so that an error can say it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from veiqa_core.api import DatasetError, TableError, brief, parse_number, read_table
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
            value = parse_number(text)
        except ValueError as error:
            raise self.error(f"column {column!r} holds {brief(text)}, which {error}") from None
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


def read_rows(folder: Folder, name: str, needed: Sequence[str]) -> list[Row]:
    """The rows of a table in a file (:func:`veiqa_core.api.read_table`).

    Raises:
        DatasetError: the file is missing, not text, malformed, empty or without a needed column.
    """
    text = folder.text(name)
    try:
        return [Row(folder, name, row.number, row.cells) for row in read_table(text, needed)]
    except TableError as error:
        raise folder.error(error.of(name)) from error
