"""The arguments that say who measures: this process, processes of this machine, or a Dask cluster."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import attrs

from ..errors import UsageError, brief
from .arguments import Arg
from .given import optional, whole
from .hearing import Report

if TYPE_CHECKING:
    from ..measuring.executors.executor import Executor
    from ..measuring.meter import Meter
    from ..measuring.vei_files import VeiFolder

_NOTED: weakref.WeakSet[Meter] = weakref.WeakSet()
"""Those whose remarks were said."""


def set_up(threads: int | None) -> None:
    """Give this process its number of threads, and let it keep the memory it frees."""
    from ..measuring.memory import retain_heap

    retain_heap()
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


class ProcessArguments(TypedDict, total=False):
    """Processes that measure, and threads of each."""

    workers: Annotated[int, Arg(1, "how many processes measure")]
    threads: Annotated[int | None, Arg(None, "of each process; default: as PyTorch chooses")]


class WorkerArguments(ProcessArguments, total=False):
    """The same, or a Dask cluster."""

    dask: Annotated[str | None, Arg(None, "the address of a running Dask cluster, whose workers measure")]


@attrs.frozen(kw_only=True, slots=False)
class Processes:
    """Processes that measure, and threads of each."""

    workers: int
    threads: int | None = None

    @classmethod
    def of(cls, given: ProcessArguments) -> Processes:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        return cls(
            workers=whole("workers", given["workers"], 1), threads=optional(whole, "threads", given["threads"], 1)
        )

    def set_up(self) -> None:
        """Make this process ready to measure, before anything is looked up."""
        set_up(self.threads)


@attrs.frozen(kw_only=True, slots=False)
class Workers(Processes):
    """The same, or a Dask cluster.

    Raises:
        UsageError: they exclude each other.
    """

    dask: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.dask is not None and self.workers > 1:
            raise UsageError("--workers and --dask exclude each other")

    @classmethod
    def chosen(cls, given: WorkerArguments) -> Workers:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        dask = given["dask"]
        if dask is not None and not isinstance(dask, str):
            raise UsageError(f"dask must be the address of a cluster, not {brief(dask)}")
        own = Processes.of(given)
        return cls(workers=own.workers, threads=own.threads, dask=dask)

    @property
    def alone(self) -> bool:
        """Whether this process measures."""
        return self.dask is None and self.workers == 1

    def executor(self, meter: Meter, root: Path, note: Report, veis: VeiFolder | None = None) -> Executor:
        """Who measures the images of a folder, and where VEIs are kept.

        Args:
            note: takes remarks of the meter, once.
        """
        from ..measuring.executors.cluster import DaskCluster
        from ..measuring.executors.executor import InProcess
        from ..measuring.executors.pool import ProcessPool

        if meter not in _NOTED:
            _NOTED.add(meter)
            for remark in meter.remarks:
                note(remark)
        if self.dask is not None:
            return DaskCluster(meter, root, self.dask, veis)
        return InProcess(meter, root, veis) if self.alone else ProcessPool(meter, root, self.workers, veis)
