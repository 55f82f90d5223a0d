"""The candidates of a search on the images of a dataset, measured as far as the search asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np

from ..datasets.rated_set import RatedSet
from ..evaluation.provenance import provenance_of
from ..measuring.executors.executor import Executor
from ..measuring.runtimes.base import runtime_name
from ..measuring.table import Measurements, Progress, Rows
from ..recipes.recipe import Provenance
from ..recipes.view import View
from .candidates import Candidate


@attrs.frozen(eq=False)
class Trials:
    """What a search has measured so far, and how it measures more.

    Attributes:
        candidates: the columns of ``table``.
        executor: made for the candidates' quantities.
        view: under which all images are measured.
    """

    rated: RatedSet
    candidates: tuple[Candidate, ...]
    table: Measurements
    executor: Executor
    progress: Progress
    view: View = None

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
        table = rated.measurements(candidate.quantity for candidate in candidates)
        return cls(rated, tuple(candidates), table, executor, progress, view)

    def fill(self, rows: Rows, columns: Rows) -> None:
        """Measure candidates on images, those not measured before."""
        same = np.asarray(columns, dtype=np.intp)
        wanted = {int(row): same for row in rows}
        self.table.fill(self.executor, wanted, self.progress, dict.fromkeys(wanted, self.view))

    def provenance(self, rows: Rows, columns: Iterable[int]) -> Provenance:
        """What is recorded of a recipe of some candidates that was chosen on some images."""
        meter, ends = self.executor.meter, self.rated.ratings.quality_range
        runtime = runtime_name(meter.runtime(columns))
        return provenance_of(self.rated.name, self.table, rows, ends, meter.precision, runtime)
