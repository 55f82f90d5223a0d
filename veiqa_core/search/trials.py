"""The candidates of a search on the images of a dataset, measured as far as the search asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ..datasets.rated_set import RatedSet
from ..measuring.executors import Executor
from ..measuring.quantity import Similarity
from ..measuring.table import Measurements, Progress, Rows
from .candidates import Candidate


@attrs.frozen(eq=False)
class Trials:
    """What a search has measured so far, and how it measures more.

    Attributes:
        candidates: the columns of ``table``.
        executor: made for the candidates' similarities.
    """

    rated: RatedSet
    candidates: tuple[Candidate, ...]
    table: Measurements
    executor: Executor
    progress: Progress

    @classmethod
    def of(cls, rated: RatedSet, candidates: Sequence[Candidate], executor: Executor, progress: Progress) -> Trials:
        """Trials of which none is measured yet."""
        table = rated.measurements(Similarity(candidate.branch) for candidate in candidates)
        return cls(rated, tuple(candidates), table, executor, progress)

    def fill(self, rows: Rows, columns: Rows) -> None:
        """Measure candidates on images, those not measured before."""
        self.table.fill(self.executor, {int(row): columns for row in rows}, self.progress)

    @property
    def versions(self) -> dict[str, Any]:
        """What decides the bits of what is measured: libraries, device, precision, runtime."""
        return self.executor.meter.environment()
