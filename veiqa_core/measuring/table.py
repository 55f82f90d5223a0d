"""The one record of what was measured: images by quantities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from ..contracts import FloatArray
from ..errors import ImageError, VeiqaError
from ..images import Sizes
from ..recipes.view import View
from .executors.executor import Executor, Task, TaskResult
from .quantity import Quantity

Indices = NDArray[np.intp]
Rows = Sequence[int] | Indices


class Progress(Protocol):
    """Shows how far a list of tasks is."""

    def __call__(self, items: Iterable[TaskResult], total: int, executor: Executor) -> Iterator[TaskResult]:
        """The items, as they come from the executor."""
        ...


def silent(items: Iterable[TaskResult], total: int, executor: Executor) -> Iterator[TaskResult]:
    """Progress that nobody is shown."""
    return iter(items)


@attrs.frozen
class Failure:
    """A quantity that failed on some image.

    Attributes:
        images: on how many.
        row: the first of them.
        reason: of that one, with its name.
    """

    images: int
    row: int
    reason: str


def _each(value: Any) -> Any:
    """The default of a column: one value for every image."""
    return attrs.Factory(lambda table: (value,) * len(table), takes_self=True)


def _cells(value: Any) -> Any:
    """The default of a matrix: one value for every image and quantity."""
    return attrs.Factory(lambda table: np.full((len(table), len(table.quantities)), value), takes_self=True)


@attrs.frozen(slots=False, eq=False)
class Measurements:
    """Quantities of images, a row an image and a column a quantity, filled by executors as they are asked for.

    Attributes:
        names: of the files, as executors find them.
        quality: ``[N]``, higher being better.
        quantities: the columns, as the meter of the executors has them.
        distortions: canonical types; None where it is not named.
        contents: identifiers of the contents; None where none is named.
        labels: the splits of the dataset's authors; None where they made none.
        hints: by what else the content of each may be known again (see :meth:`.RatedSet.hints_of`).
        digests: of the pixels; empty until an image is read.
        sizes: of the images as they were given and judged; None until an image is read.
        values: ``[N, Q]``, oriented: larger is more similar to the PRI, or worse by the method; NaN where not measured,
            or failed.
        measured: ``[N, Q]``, whether it was measured, be it in vain.
        flagged: ``[N, Q]``, whether a VEI behind it is degenerate, or something else was remarked.
        unread: why images cannot be read, by row.
        failures: the columns that failed on some image.
        problems: why some quantity of an image could not be measured, the first reason of each row.
    """

    names: tuple[str, ...]
    quality: FloatArray
    quantities: tuple[Quantity, ...]
    distortions: tuple[str | None, ...] = attrs.field(default=_each(None))
    contents: tuple[str | None, ...] = attrs.field(default=_each(None))
    labels: tuple[str | None, ...] = attrs.field(default=_each(None))
    hints: tuple[frozenset[str], ...] = attrs.field(default=_each(frozenset()))
    digests: list[str] = attrs.field(default=attrs.Factory(lambda table: [""] * len(table), takes_self=True))
    sizes: list[Sizes | None] = attrs.field(default=attrs.Factory(lambda table: [None] * len(table), takes_self=True))
    values: FloatArray = attrs.field(default=_cells(np.nan))
    measured: NDArray[np.bool_] = attrs.field(default=_cells(False))
    flagged: NDArray[np.bool_] = attrs.field(default=_cells(False))
    unread: dict[int, str] = attrs.field(factory=dict)
    failures: dict[int, Failure] = attrs.field(factory=dict)
    problems: dict[int, str] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def clusters(self) -> tuple[str, ...]:
        """What each image is kept together with: its content, or itself where none is named."""
        return tuple(content or name for content, name in zip(self.contents, self.names, strict=True))

    def columns(self, quantities: Iterable[Quantity]) -> Indices:
        """The columns of quantities."""
        return np.array([self._columns[quantity] for quantity in quantities], dtype=np.intp)

    @cached_property
    def _columns(self) -> Mapping[Quantity, int]:
        return {quantity: column for column, quantity in enumerate(self.quantities)}

    def fill(
        self,
        executor: Executor,
        wanted: Mapping[int, Rows],
        progress: Progress = silent,
        views: Mapping[int, View] = MappingProxyType({}),
    ) -> None:
        """Measure what was not measured before.

        Args:
            executor: made for :attr:`quantities` and the images' folder.
            wanted: columns, by row.
            views: under which the images are measured, by row; those that are not there at their native size.
        """
        columns = {row: np.asarray(given, dtype=np.intp) for row, given in wanted.items() if row not in self.unread}
        rows = {self.names[row]: row for row, given in columns.items() if not self.measured[row, given].all()}
        tasks = (Task(name, self._missing(row, columns[row]), views.get(row)) for name, row in rows.items())
        for result in progress(executor.run(tasks), len(rows), executor) if rows else ():
            self._take(rows[result.name], result)

    def usable(self, rows: Indices) -> Indices:
        """Those of some rows whose images can be read, as far as that is known."""
        return np.array([row for row in rows if int(row) not in self.unread], dtype=np.intp)

    def similarities(self, rows: Rows, columns: Rows) -> FloatArray:
        """``[n, k]`` of some images under some quantities."""
        return self.values[np.ix_(np.asarray(rows, dtype=np.intp), np.asarray(columns, dtype=np.intp))]

    def problem(self, row: int, columns: Rows) -> str | None:
        """Why some quantities of an image are not there; None where all are."""
        if row in self.unread:
            return self.unread[row]
        return self.problems.get(row) if np.isnan(self.values[row, columns]).any() else None

    def content_ids(self, row: int) -> set[str]:
        """By what an image is known again in other sets and splits: its content's identifier and its own pixels."""
        content = self.contents[row]
        return {f"sha256:{self.digests[row]}"} | (set() if content is None else {content})

    def seen_ids(self, rows: Iterable[int]) -> frozenset[str]:
        """By what images are known again as seen before: identifiers of contents and pixels, and hints of both."""
        return frozenset().union(*(self.content_ids(int(row)) | self.hints[int(row)] for row in rows))

    def select(self, rows: Rows) -> Measurements:
        """Some of the rows, as a table of their own; what failed is left behind."""
        return self._of({name: _picked(getattr(self, name), [int(row) for row in rows]) for name in _BY_ROW})

    def joined(self, other: Measurements) -> Measurements:
        """The rows of this table, then the other's, under the same quantities; what failed is left behind."""
        return self._of({name: _appended(getattr(self, name), getattr(other, name)) for name in _BY_ROW})

    def _of(self, columns: Mapping[str, Any]) -> Measurements:
        return attrs.evolve(self, **columns, unread={}, failures={}, problems={})

    def _missing(self, row: int, columns: Indices) -> tuple[int, ...]:
        return tuple(columns[~self.measured[row, columns]].tolist())

    def _take(self, row: int, result: TaskResult) -> None:
        if result.digest is not None:
            self.digests[row], self.sizes[row] = result.digest, result.sizes
        if result.error is not None:
            self.unread[row] = _reason(result.name, result.error)
            return
        for column, item in result.measured.items():
            self.measured[row, column] = True
            self.flagged[row, column] = bool(item.flags)
            if item.similarity is not None:
                self.values[row, column] = item.similarity * self.quantities[column].sign
            elif item.error is not None:
                reason = _reason(result.name, item.error)
                self.problems.setdefault(row, reason)
                self._fail(row, column, reason)

    def _fail(self, row: int, column: int, reason: str) -> None:
        known = self.failures.get(column)
        if known is None or row < known.row:  # images are done in any order
            self.failures[column] = Failure(1 if known is None else known.images + 1, row, reason)
        else:
            self.failures[column] = attrs.evolve(known, images=known.images + 1)


def _reason(name: str, error: VeiqaError) -> str:
    """An error with the name of its image, which those of images hold already."""
    return str(error) if isinstance(error, ImageError) else f"{name}: {error}"


_BY_ROW = (
    *("names", "quality", "distortions", "contents", "labels", "hints", "digests", "sizes"),
    *("values", "measured", "flagged"),
)


def _picked(column: Any, rows: list[int]) -> Any:
    return column[rows] if isinstance(column, np.ndarray) else type(column)(column[row] for row in rows)


def _appended(column: Any, other: Any) -> Any:
    return np.concatenate([column, other]) if isinstance(column, np.ndarray) else column + other
