"""What was measured: oriented similarities of images under candidates, filled as a search asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from ..contracts import FloatArray
from ..datasets.rated_set import RatedSet
from ..errors import VeiqaError
from ..measuring.executors import Executor, Task, TaskResult
from ..measuring.runtimes.base import runtime_name
from ..measuring.similarities import sign
from .candidates import Candidate

Indices = NDArray[np.intp]


class Progress(Protocol):
    """Shows how far a list of tasks is."""

    def __call__(self, items: Iterable[TaskResult], total: int) -> Iterator[TaskResult]:
        """The items, as they come."""
        ...


@attrs.frozen
class Failure:
    """A candidate that failed on some image.

    Attributes:
        images: on how many.
        row: the first of them, from whose error the reason is.
    """

    images: int
    row: int
    reason: str


class Matrix:
    """Similarities of a dataset's images under candidates.

    Attributes:
        candidates: the columns.
        values: ``[N, C]``, larger being more similar; NaN where not measured, or failed.
        quality: ``[N]``, higher being better.
        contents: what each image shows; its own name where the dataset names no contents at all.
        readable: ``[N]``; images that cannot be read are False once that is known.
        failures: by candidate.
        unread: why images cannot be read, by name.
        flagged: for each candidate in how many images a VEI is degenerate.
    """

    def __init__(
        self, rated: RatedSet, candidates: Sequence[Candidate], executor: Executor, progress: Progress
    ) -> None:
        images = rated.images
        self.rated = rated
        self.candidates = tuple(candidates)
        self.names = tuple(item.image for item in images)
        self.quality: FloatArray = np.array([rated.ratings.quality(item) for item in images], dtype=np.float64)
        self.types = tuple(item.distortion for item in images)
        self.contents = tuple(rated.content_of(item) or item.image for item in images)
        self.digests: dict[int, str] = {}
        self.values: FloatArray = np.full((len(images), len(candidates)), np.nan)
        self.readable = np.ones(len(images), dtype=bool)
        self.failures: dict[int, Failure] = {}
        self.unread: dict[str, str] = {}
        self.flagged = np.zeros(len(candidates), dtype=np.intp)
        self._done = np.zeros(self.values.shape, dtype=bool)
        self._signs = np.array([sign(candidate.branch) for candidate in candidates])
        self._executor = executor
        self._progress = progress

    @property
    def precision(self) -> str:
        """What the networks compute in."""
        return self._executor.meter.device.precision

    @property
    def runtime(self) -> str:
        """What makes the forward passes."""
        return runtime_name(self._executor.meter.runtime)

    def fill(self, rows: Iterable[int], candidates: Sequence[int]) -> None:
        """Measure candidates on images, those not measured before."""
        places = {self.names[row]: row for row in rows}
        columns = np.array(sorted(candidates), dtype=np.intp)
        tasks = [
            Task(name, tuple(columns[~self._done[row, columns]].tolist()))
            for name, row in places.items()
            if self.readable[row] and not self._done[row, columns].all()
        ]
        for done in self._progress(self._executor.run(tasks), len(tasks)) if tasks else ():
            self._take(places[done.name], done)

    def usable(self, rows: Indices) -> Indices:
        """The rows whose images can be read."""
        return rows[self.readable[rows]]

    def similarities(self, rows: Indices, columns: Sequence[int] | Indices) -> FloatArray:
        """``[n, k]`` of some images under some candidates."""
        return self.values[np.ix_(rows, np.asarray(columns, dtype=np.intp))]

    def content_ids(self, rows: Iterable[int]) -> tuple[str, ...]:
        """By what images are known again: their contents, their pixels, and hints of both."""
        items = [self.rated.images[row] for row in rows]
        contents = {str(content) for item in items if (content := self.rated.content_of(item)) is not None}
        hints = frozenset().union(*map(self.rated.hints_of, items))
        return tuple(sorted({f"sha256:{self.digests[row]}" for row in rows} | contents | hints))

    def _take(self, row: int, done: TaskResult) -> None:
        if done.digest is not None:
            self.digests[row] = done.digest
        if done.error is not None:
            self.readable[row] = False
            self.unread[done.name] = str(done.error)
            return
        for column, item in done.measured.items():
            self._done[row, column] = True
            self.flagged[column] += bool(item.flags)
            if item.similarity is None:
                self._fail(column, row, item.error)
            else:
                self.values[row, column] = item.similarity * self._signs[column]

    def _fail(self, column: int, row: int, error: VeiqaError | None) -> None:
        known = self.failures.get(column)
        count = 1 if known is None else known.images + 1
        if known is None or row < known.row:  # images are done in any order
            self.failures[column] = Failure(count, row, f"{self.names[row]}: {error}")
        else:
            self.failures[column] = attrs.evolve(known, images=count)
