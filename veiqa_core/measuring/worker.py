"""A worker's side of measuring: what it is sent, what it does, and how a process of its own begins and ends.

Workers open networks themselves, from the branches as recipes write them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import uuid
from collections.abc import Mapping, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import attrs
import torch

from ..devices import Device
from ..errors import ImageError, UsageError, VeiqaError
from ..extension.registry import installed
from ..images import Image, display_name, read
from ..isolation.terminal import escape_streams
from ..recipes.recipe import Branch
from ..recipes.resolution import resolve_branch
from .memory import retain_heap
from .meter import Computed, Meter, Quantity

Answer = Computed | VeiqaError
"""All that was missing, or why the image cannot be read."""


@attrs.frozen
class Job:
    """What a worker must know, as plain values that can be sent to it.

    Attributes:
        name: tells this job from others.
        quantities: for each its branch as a recipe writes it, and its baseline's name and parameters.
        veis: whether VEIs are to be sent back.
        environment: what decides the bits of a result where the job was made.
        digests: what each quantity depends on there, besides the image.
    """

    name: str
    root: Path
    device: Device
    threads: int
    quantities: tuple[tuple[Any, tuple[str, Any] | None], ...]
    veis: bool
    environment: Mapping[str, Any]
    digests: tuple[str, ...]

    @classmethod
    def of(cls, meter: Meter, root: Path, veis: bool) -> Job:
        """The job of measuring images of a folder."""
        written = tuple(
            (q.branch.written.write(), None if q.baseline is None else _identity(q.baseline)) for q in meter.quantities
        )
        return cls(
            name=uuid.uuid4().hex,
            root=root.resolve(),
            device=meter.device,
            threads=torch.get_num_threads(),
            quantities=written,
            veis=veis,
            environment=meter.environment(),
            digests=meter.digests(),
        )

    def check(self, meter: Meter) -> None:
        """Find what would give other values here than where the job was made.

        Raises:
            UsageError: there is something.
        """
        here = meter.environment()
        differing = [name for name, value in self.environment.items() if here.get(name) != value]
        if not differing and meter.digests() == self.digests:
            return
        reported = ", ".join(f"{name} {here.get(name)} where {self.environment[name]} is due" for name in differing)
        raise UsageError(f"a worker would give other values: it has {reported or 'other components or weights'}")


def execute(job: Job, name: str, missing: Sequence[int]) -> Answer:
    """A worker's task: the missing quantities of one image, or why it cannot be read."""
    with _ONE_AT_A_TIME:
        torch.set_num_threads(job.threads)  # in this very thread: one that used torch before keeps its number
        try:
            return _meter(job).compute(read_named(job.root, name), missing, veis=job.veis)
        except ImageError as error:
            return error


def read_named(root: Path, name: str) -> Image:
    """Read an image of a folder, named as people know it."""
    return read(root / name, display_name(name))


_ONE_AT_A_TIME = threading.Lock()  # a Dask worker may have several threads, and they share the networks
_METERS: dict[str, Meter] = {}
_JOBS: list[Job] = []


def begin(job: Job, begun: Event) -> None:
    """Make a process ready for tasks of one job.

    Args:
        begun: set once it came so far.
    """
    begun.set()
    retain_heap()
    escape_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the one that began them decides
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _JOBS.append(job)  # its networks are opened by the first task, whose errors are reported


def _leave_with_parent() -> None:
    """End with the process that began this one, which when killed cannot say goodbye."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def execute_own(name: str, missing: Sequence[int]) -> Answer:
    """A task of the job that this process was begun for."""
    return execute(_JOBS[-1], name, missing)


def _meter(job: Job) -> Meter:
    """This process's meter for a job, whose networks stay open from task to task."""
    if job.name not in _METERS:
        _METERS.clear()
        _METERS[job.name] = _opened(job)
    return _METERS[job.name]


def _opened(job: Job) -> Meter:
    registry = installed()
    quantities = [
        Quantity(
            resolve_branch(Branch.read(table, "job"), registry),
            None if baseline is None else registry.part("baseline", *baseline),
        )
        for table, baseline in job.quantities
    ]
    meter = Meter(quantities, job.device)
    job.check(meter)
    return meter


def _identity(baseline: Any) -> tuple[str, Any]:
    return baseline.identity["component"], baseline.identity["params"]
