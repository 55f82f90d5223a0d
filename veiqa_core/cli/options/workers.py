"""The options that say who measures: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import attrs

from ...functions.workers import Processes, Workers
from ..numbers import Whole
from .grouped import option


@attrs.frozen(slots=False)
class ProcessOptions(Processes):
    """``--workers`` and ``--threads``."""

    workers: int = option(
        "--workers",
        type=Whole(min=1),
        default=1,
        show_default=True,
        metavar="N",
        help="Processes that measure; --threads 1 beside it is fastest.",
    )
    threads: int | None = option(
        "--threads",
        type=Whole(min=1),
        metavar="N",
        help="Threads of each process; part of what decides a result's last bits. Default: as PyTorch chooses.",
    )


@attrs.frozen(slots=False)
class WorkerOptions(ProcessOptions, Workers):
    """The same, and ``--dask``."""

    dask: str | None = option("--dask", metavar="ADDRESS", help="Measure on the workers of a running Dask cluster.")
