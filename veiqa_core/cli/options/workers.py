"""The options that say who measures: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...errors import UsageError
from ...measuring.memory import retain_heap
from ..numbers import Whole
from ..printing import note
from .grouped import option

if TYPE_CHECKING:
    from ...measuring.executors.executor import Executor
    from ...measuring.meter import Meter
    from ...measuring.vei_files import VeiFolder

_NOTED: weakref.WeakSet[Meter] = weakref.WeakSet()
"""Those whose remarks were said."""


def set_up(threads: int | None) -> None:
    """Give this process its number of threads, and let it keep the memory it frees."""
    retain_heap()
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


@attrs.frozen
class ProcessOptions:
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

    def set_up(self) -> None:
        """Make this process ready to measure, before anything is looked up."""
        set_up(self.threads)


@attrs.frozen
class WorkerOptions(ProcessOptions):
    """The same, and ``--dask``.

    Raises:
        UsageError: they exclude each other.
    """

    dask: str | None = option("--dask", metavar="ADDRESS", help="Measure on the workers of a running Dask cluster.")

    def __attrs_post_init__(self) -> None:
        if self.dask is not None and self.workers > 1:
            raise UsageError("--workers and --dask exclude each other")

    @property
    def alone(self) -> bool:
        """Whether this process measures."""
        return self.dask is None and self.workers == 1

    def executor(self, meter: Meter, root: Path, veis: VeiFolder | None = None) -> Executor:
        """Who measures the images of a folder, and where VEIs are kept."""
        from ...measuring.executors.cluster import DaskCluster
        from ...measuring.executors.executor import InProcess
        from ...measuring.executors.pool import ProcessPool

        if meter not in _NOTED:
            _NOTED.add(meter)
            for remark in meter.remarks:
                note(remark)
        if self.dask is not None:
            return DaskCluster(meter, root, self.dask, veis)
        return InProcess(meter, root, veis) if self.alone else ProcessPool(meter, root, self.workers, veis)
