"""The candidates of a search on the images of a dataset, measured as far as the search asks for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property

import attrs
import numpy as np

from ..contracts import FloatArray
from ..datasets.rated_set import RatedSet
from ..evaluation.provenance import provenance_of
from ..measuring.executors.executor import Executor
from ..measuring.runtimes.base import runtime_name
from ..measuring.table import Indices, Measurements, Progress, Rows
from ..recipes.recipe import Provenance
from ..recipes.view import View
from .candidates import Candidate, columns_of, quantities_of

MOST = 2**26
"""Bytes of predictions that are kept; beyond, they are made again."""


class Kept:
    """Predictions that one choice asks for again and again."""

    def __init__(self) -> None:
        self._found: dict[tuple[Hashable, bytes], FloatArray] = {}
        self._size = 0

    def get(self, what: Hashable, rows: Indices, make: Callable[[], FloatArray]) -> FloatArray:
        """What is predicted for some images ``[n]``; made where it is not kept."""
        key = what, rows.tobytes()
        found = self._found.get(key)
        if found is None:
            found = make()
            found.setflags(write=False)
            size = found.nbytes + len(key[1])
            if self._size + size <= MOST:  # else it takes the place of none: all are asked for in turn
                self._found[key] = found
                self._size += size
        return found


@attrs.frozen(slots=False, eq=False)
class Trials:
    """What a search has measured so far, and how it measures more.

    Attributes:
        candidates: those that are tried.
        table: what was measured, a column for each of their quantities.
        executor: made for the candidates' quantities.
        view: under which all images are measured.
        kept: what was predicted by candidates of several values.
    """

    rated: RatedSet
    candidates: tuple[Candidate, ...]
    table: Measurements
    executor: Executor
    progress: Progress
    view: View = None
    kept: Kept = attrs.field(factory=Kept)

    @classmethod
    def of(
        cls,
        rated: RatedSet,
        candidates: Sequence[Candidate],
        executor: Executor,
        progress: Progress,
        view: View = None,
    ) -> Trials:
        """Trials of which none is measured yet."""
        table = rated.measurements(quantities_of(candidates))
        return cls(rated, tuple(candidates), table, executor, progress, view)

    @cached_property
    def _columns(self) -> tuple[range, ...]:
        return columns_of(self.candidates)

    def columns(self, candidates: Iterable[int]) -> Indices:
        """The columns of candidates, one after another."""
        return np.array([column for one in candidates for column in self._columns[one]], dtype=np.intp)

    def names(self, candidates: Iterable[int]) -> tuple[str, ...]:
        """The keys of these columns."""
        return tuple(self.table.quantities[column].key for column in self.columns(candidates))

    def values(self, rows: Rows, candidates: Iterable[int]) -> FloatArray:
        """All values ``[n, k]`` of candidates on some images, oriented; NaN where one was not measured, or failed."""
        return self.table.similarities(rows, self.columns(candidates))

    def fill(self, rows: Rows, candidates: Iterable[int]) -> None:
        """Measure candidates on images, those not measured before."""
        same = self.columns(candidates)
        wanted = {int(row): same for row in rows}
        self.table.fill(self.executor, wanted, self.progress, dict.fromkeys(wanted, self.view))

    def provenance(self, rows: Rows, candidates: Iterable[int]) -> Provenance:
        """What is recorded of a recipe of some candidates that was chosen on some images."""
        meter, ends = self.executor.meter, self.rated.ratings.quality_range
        runtime = runtime_name(meter.runtime(self.columns(candidates)))
        return provenance_of(self.rated.name, self.table, rows, ends, meter.precision, runtime)
