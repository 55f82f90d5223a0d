"""``--resume``: a file's rows are those of the first images, and stay as they are; the other images are scored.

Rows are compared with images one by one, so a million of them take no memory.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ..errors import UsageError
from ..files.names import same_name
from ..files.paths import display_name, public_name
from ..files.writing import unfinished
from .sinks import PreviousRow, Sink

if TYPE_CHECKING:
    from ..result import Result


NAMES = "surrogateescape"
"""How bytes of names that are no UTF-8 are written and read: as they are."""


class ResultSink(Sink):
    """Where ``--output`` and ``--format`` send results."""

    def remaining(self, names: Iterator[str], skip: Callable[[PreviousRow], object]) -> Iterator[str]:
        """The images that are to be scored.

        Args:
            skip: takes the row of each one that is not.
        """
        return names


@attrs.frozen
class Resumption:
    """The file that is resumed.

    Attributes:
        recipe: name and digest of the recipe, which all rows must have.
        retry: whether images whose row has an error are scored again.
        lossy: whether the file holds U+FFFD in place of what is no UTF-8. Such a row may be of another image now.
    """

    output: Path
    recipe: str
    retry: bool
    lossy: bool

    def again(self, row: PreviousRow) -> bool:
        """Whether an image is scored though it has a row."""
        return (self.retry and row.error is not None) or (self.lossy and "\ufffd" in row.image)

    def remaining(
        self, names: Iterator[str], rows: Iterable[PreviousRow], skip: Callable[[PreviousRow], object]
    ) -> Iterator[str]:
        """As :meth:`ResultSink.remaining`, from the rows that are there.

        Raises:
            UsageError: the rows are of another recipe, or not those of the first images.
        """
        for number, row in enumerate(rows, 1):
            if row.recipe != self.recipe:
                raise UsageError(
                    f"--resume: {self.output} holds results of the recipe {row.recipe}, not of {self.recipe}; "
                    "name another --output"
                )
            name = next(names, None)
            image = "not there" if name is None else display_name(name) if self.lossy else public_name(name)
            if name is None or not same_name(image, row.image):
                raise UsageError(
                    f"--resume: row {number} of {self.output} is {row.image}, and image {number} is {image}; "
                    "name the same images in the same order, or another --output"
                )
            if self.again(row):
                yield name
            else:
                skip(row)
        yield from names


class Draft(Sink):
    """A file of results beside the one whose place it takes when it is whole."""

    def __init__(self, output: Path) -> None:
        self._output = Path(os.path.realpath(output))
        self._path = unfinished(self._output)

    @abstractmethod
    def copy(self, row: PreviousRow) -> None:
        """Take a row from the file that is replaced, as it stands there."""

    def settle(self) -> None:  # only some can
        """Take the file's place, if the file may grow there, since no more rows will be copied."""

    def close(self) -> None:
        """Take the file's place, unless that was done."""
        with suppress(FileNotFoundError):
            self._path.replace(self._output)

    def discard(self) -> None:
        """Leave the file that was there."""
        with suppress(OSError):
            self._path.unlink()


class Redone(ResultSink):
    """Makes a file anew: with the rows that stay, those that are scored again in their places, and more.

    Args:
        rows: gives the file's rows; called twice, for names and rows go at different paces.
    """

    def __init__(self, resumption: Resumption, rows: Callable[[], Iterator[PreviousRow]], draft: Draft) -> None:
        self._resumption = resumption
        self._rows = rows
        self._old = rows()
        self._draft = draft

    def remaining(self, names: Iterator[str], skip: Callable[[PreviousRow], object]) -> Iterator[str]:
        """The images without a row, or with one that is made again."""
        return self._resumption.remaining(names, self._rows(), skip)

    def add(self, result: Result) -> None:
        """Write the rows before this one, and this one."""
        self._copy(self._resumption.again)
        self._draft.add(result)

    def _copy(self, until: Callable[[PreviousRow], bool]) -> None:
        for row in self._old:
            if until(row):
                return
            self._draft.copy(row)
        self._draft.settle()

    def close(self) -> None:
        """Keep all rows that were not made again, also where the run was interrupted."""
        try:
            self._copy(lambda row: False)
            self._draft.close()
        finally:
            self._draft.discard()
