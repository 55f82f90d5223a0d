"""A worker's side of measuring: what it is sent, what it does, and how a process of its own begins and ends.

Workers open networks and build methods themselves, from quantities as plain values.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from multiprocessing.synchronize import Event
from typing import Any

import attrs
import torch

from ..devices import Device
from ..errors import UsageError
from ..extension.registry import Part, Registry, installed
from ..images import Image
from ..recipes.recipe import Branch
from ..recipes.resolution import resolve_branch
from . import processes
from .meter import Computed, Meter
from .quantity import Control, MethodOutput, Quantity, Similarity


@attrs.frozen
class Job:
    """What a worker must know, as plain values that can be sent to it.

    Attributes:
        name: distinguishes this job from others.
        quantities: for each its kind; the branch as a recipe writes it, or the method's name and parameters; and the
            control's name and parameters, or the output.
        veis: whether VEIs are to be sent back.
        environment: what decides the bits of a result where the job was made.
        digests: what each quantity depends on there, besides the image.
    """

    name: str
    device: Device
    threads: int
    quantities: tuple[tuple[str, Any, Any], ...]
    veis: bool
    environment: Mapping[str, Any]
    digests: tuple[str, ...]

    @classmethod
    def of(cls, meter: Meter, veis: bool) -> Job:
        """The job of measuring what a meter measures."""
        return cls(
            name=uuid.uuid4().hex,
            device=meter.device,
            threads=torch.get_num_threads(),
            quantities=tuple(map(_written, meter.quantities)),
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


def execute(job: Job, image: Image, missing: Sequence[int]) -> Computed:
    """A worker's task: the missing quantities of one image."""
    with _ONE_AT_A_TIME:
        torch.set_num_threads(job.threads)  # in this very thread: one that used torch before keeps its number
        return _meter(job).compute(image, missing, veis=job.veis)


_ONE_AT_A_TIME = threading.Lock()  # a Dask worker may have several threads, and they share the networks
_METERS: dict[str, Meter] = {}
_JOBS: list[Job] = []


def begin(job: Job, begun: Event) -> None:
    """Make a process ready for tasks of one job.

    Args:
        begun: set once it came so far.
    """
    begun.set()
    processes.prepare()
    _JOBS.append(job)  # its networks are opened by the first task, whose errors are reported


def execute_own(image: Image, missing: Sequence[int]) -> Computed:
    """A task of the job that this process was begun for."""
    return execute(_JOBS[-1], image, missing)


def _meter(job: Job) -> Meter:
    """This process's meter for a job, whose networks stay open from task to task."""
    if job.name not in _METERS:
        _METERS.clear()
        _METERS[job.name] = _opened(job)
    return _METERS[job.name]


def _opened(job: Job) -> Meter:
    registry = installed()
    meter = Meter([_read(*written, registry) for written in job.quantities], job.device)
    job.check(meter)
    return meter


def _written(quantity: Quantity) -> tuple[str, Any, Any]:
    """A quantity as plain values."""
    if isinstance(quantity, MethodOutput):
        return "method", _identity(quantity.method), quantity.output
    table = quantity.branch.written.write()
    return ("control", table, _identity(quantity.control)) if isinstance(quantity, Control) else ("branch", table, None)


def _read(kind: str, what: Any, more: Any, registry: Registry) -> Quantity:
    """What :func:`_written` made plain."""
    if kind == "method":
        return MethodOutput(registry.part("method", *what), more)
    branch = resolve_branch(Branch.read(what, "job"), registry)
    return Control(branch, registry.part("control", *more)) if kind == "control" else Similarity(branch)


def _identity(part: Part) -> tuple[str, Any]:
    return part.identity["component"], part.identity["params"]
