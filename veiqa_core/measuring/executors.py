"""Who measures a folder's images: this process, several processes, or the workers of a Dask cluster.

Whoever measures, this process alone decodes every image, reduces it to its view, looks up what is known, and writes the
store and the folder of VEIs; a worker gets what is seen of the image and what is missing, and gives back measurements,
with VEIs where they are to be kept (:mod:`veiqa_core.measuring.worker`).
"""

from __future__ import annotations

import functools
import importlib
import multiprocessing
import signal
import threading
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs

from ..errors import ImageError, UsageError, VeiqaError, one_line
from ..images import Image, Sizes, display_name, read
from ..recipes.view import View
from . import processes
from .branches.outcome import Measurement
from .fingerprint import passing
from .meter import Computed, Meter
from .vei_files import VeiFolder
from .worker import Job, begin, execute, execute_own

_AHEAD = 4  # tasks waiting for each worker, so that none idles
_BYTES_AHEAD = 2**28  # of decoded images that wait, beyond which a task a worker must do
_ROUND = 64  # tasks for each worker that are carried out in any order before those of the next round
_LIVES = 3  # how often a task may take its process down before it is given up


@attrs.frozen
class Task:
    """Quantities of an image that are wanted, by index, with the view under which they are measured."""

    name: str
    wanted: tuple[int, ...]
    view: View = None


@attrs.frozen(eq=False)
class TaskResult:
    """A task carried out: what was measured, or why the image cannot be read.

    Attributes:
        digest, remarks, sizes, kind: of the image, as :class:`veiqa_core.images.Image` has them.
    """

    name: str
    digest: str | None
    measured: dict[int, Measurement]
    error: VeiqaError | None = None
    remarks: tuple[str, ...] = ()
    sizes: Sizes | None = None
    kind: str | None = None


@attrs.frozen
class _About:
    """What is known of an image that was decoded: the properties of :class:`veiqa_core.images.Image`."""

    digest: str
    key: str
    remarks: tuple[str, ...]
    sizes: Sizes
    kind: str | None

    def result(self, name: str, measured: dict[int, Measurement], error: VeiqaError | None = None) -> TaskResult:
        """What a task on the image gave."""
        return TaskResult(name, self.digest, measured, error, self.remarks, self.sizes, self.kind)


class Executor(AbstractContextManager["Executor"], ABC):
    """Carries out tasks on the images of a folder; a context manager.

    Args:
        meter: what can be measured; its store, if any, is written here only.
        root: the folder; tasks may also name files elsewhere by absolute paths.
        veis: where VEIs are kept, those that lack there being made again; None for nowhere.
    """

    workers: int = 1

    def __init__(self, meter: Meter, root: Path, veis: VeiFolder | None = None) -> None:
        self.meter = meter
        self.root = root
        self._about: dict[tuple[str, View], _About] = {}
        self._veis = veis
        self._vei_digests = () if veis is None else meter.vei_digests()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the workers go."""

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Carry out tasks, as they are done."""
        return self._execute(self._prepared(tasks))

    def run_in_order(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Carry out any number of tasks, and give what is done in their order, as soon as all before it is done."""
        remaining = iter(tasks)
        while batch := list(islice(remaining, self._round)):
            done: dict[str, TaskResult] = {}
            waiting = deque(task.name for task in batch)
            for item in self.run({task.name: task for task in batch}.values()):
                done[item.name] = item
                while waiting and waiting[0] in done:
                    yield done[waiting.popleft()]
            self._about.clear()  # memory must not grow with the number of images

    @property
    def _round(self) -> int:
        """How many tasks are awaited before any is carried out."""
        return _ROUND * self.workers

    @abstractmethod
    def _execute(self, prepared: Iterator[_Prepared]) -> Iterator[TaskResult]:
        """What is missing of the prepared tasks, measured and kept."""

    def _prepared(self, tasks: Iterable[Task]) -> Iterator[_Prepared]:
        for task in tasks:
            try:
                yield self._prepare(task)
            except ImageError as error:
                yield _Prepared(task, None, (), {}, error)

    def _prepare(self, task: Task) -> _Prepared:
        """What is known and missing of a task; its image is decoded unless it was before and nothing is missing."""
        image = None if (task.name, task.view) in self._about else self._read(task)
        about = self._about[task.name, task.view]
        known = self._known(about.key, task.wanted)
        missing = tuple(index for index in task.wanted if index not in known)
        if missing and image is None:
            image = self._read(task)
            if image.digest != about.digest:  # what was measured of it before is of another image
                raise ImageError(f"{image.name}: changed while it was measured; measure it again")
        return _Prepared(task, image, missing, known)

    def _read(self, task: Task) -> Image:
        image = read(self.root / task.name, display_name(task.name), task.view)
        about = _About(image.digest, image.key, image.remarks, image.sizes, image.kind)
        self._about.setdefault((task.name, task.view), about)
        return image

    def _known(self, image: str, wanted: Sequence[int]) -> dict[int, Measurement]:
        """What need not be measured of an image: its value is known, and its VEIs lie in the folder or are not due."""
        if self._veis is not None:
            lacking = self._veis.lacking(image, self._digests_of_veis(wanted))
            wanted = [index for index in wanted if lacking.isdisjoint(self._vei_digests[index])]
        return self.meter.known(image, wanted)

    def _digests_of_veis(self, quantities: Iterable[int]) -> dict[str, str]:
        return {key: digest for index in quantities for key, digest in self._vei_digests[index].items()}

    def _settled(self, prepared: _Prepared) -> TaskResult:
        """A task of which nothing is measured."""
        about = self._about.get((prepared.name, prepared.task.view))
        if about is None:
            return TaskResult(prepared.name, None, prepared.known, prepared.error)
        return about.result(prepared.name, prepared.known, prepared.error)

    def _kept(self, prepared: _Prepared, found: Computed) -> TaskResult:
        """A task of which all that was missing is measured, which is kept."""
        about, measured = self._about[prepared.name, prepared.task.view], prepared.known | found.measured
        self.meter.keep(about.key, found.measured)
        if self._veis is not None:
            self._veis.put(about.key, prepared.name, found.veis, self._digests_of_veis(found.measured))
        return about.result(prepared.name, measured)


@attrs.frozen(eq=False)
class _Prepared:
    """A task with what is known of it; the image is there where something is missing."""

    task: Task
    image: Image | None
    missing: tuple[int, ...]
    known: dict[int, Measurement]
    error: VeiqaError | None = None

    @property
    def name(self) -> str:
        """The image's."""
        return self.task.name


class InProcess(Executor):
    """This process measures, one image after another."""

    @property
    def _round(self) -> int:
        """One: tasks are carried out in order anyway, and more may be long in coming."""
        return 1

    def _execute(self, prepared: Iterator[_Prepared]) -> Iterator[TaskResult]:
        for item in prepared:
            if item.image is None or not item.missing:
                yield self._settled(item)
            else:
                yield self._kept(item, self.meter.compute(item.image, item.missing, veis=self._veis is not None))


class _Sent(Executor):
    """Others measure: tasks are sent, a few ahead of their results."""

    def __init__(self, meter: Meter, root: Path, veis: VeiFolder | None = None) -> None:
        super().__init__(meter, root, veis)
        self._passing = passing()  # workers go on with it, and what they measure is kept under it

    @abstractmethod
    def _send(self, image: Image, missing: tuple[int, ...]) -> Future[Computed]:
        """Have a worker measure an image."""

    def _again(self, sent: dict[Future[Computed], _Prepared], failed: Future[Computed]) -> bool:
        """After a worker was lost: whether tasks were sent anew."""
        return False

    def _execute(self, prepared: Iterator[_Prepared]) -> Iterator[TaskResult]:
        sent: dict[Future[Computed], _Prepared] = {}
        for item in prepared:
            if passing() != self._passing:
                raise UsageError("threads or precision changed while workers measure; make them anew")
            if item.image is None or not item.missing:
                yield self._settled(item)
                continue
            sent[self._send(item.image, item.missing)] = item
            while self._enough(sent.values()):
                yield from self._collected(sent)
        while sent:
            yield from self._collected(sent)

    def _enough(self, sent: Collection[_Prepared]) -> bool:
        """Whether results must come before more is sent: all workers are busy for long, or memory would be."""
        waiting = sum(item.image.bytes for item in sent if item.image is not None)
        return len(sent) >= _AHEAD * self.workers or (len(sent) > self.workers and waiting > _BYTES_AHEAD)

    def _collected(self, sent: dict[Future[Computed], _Prepared]) -> Iterator[TaskResult]:
        """Those that are done; at least one."""
        done = [future for future in sent if future.done()] or list(wait(sent, return_when=FIRST_COMPLETED).done)
        for future in done:
            if future not in sent:  # sent anew
                continue
            try:
                answer = future.result()
            except Exception as error:
                if self._again(sent, future):
                    return
                if isinstance(error, UsageError):  # this worker cannot work at all
                    raise
                # To go on without the image would give another result than other workers would.
                raise VeiqaError(
                    f"{display_name(sent[future].name)}: its worker failed: {one_line(error)}; the same command goes on"
                ) from error
            yield self._kept(sent.pop(future), answer)


class ProcessPool(_Sent):
    """Processes of this machine, each with its own networks and this process's number of threads.

    Raises:
        UsageError: no processes can be begun here, or not by this program.
    """

    def __init__(self, meter: Meter, root: Path, workers: int, veis: VeiFolder | None = None) -> None:
        super().__init__(meter, root, veis)
        self.workers = workers
        processes.check_program()
        self._job = Job.of(meter, veis is not None)
        self._losses: dict[str, int] = {}
        with processes.beginning(workers):
            self._pool = self._new_pool()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:  # what runs would be waited for, and is measured again when asked for again
            for worker in list((getattr(self._pool, "_processes", None) or {}).values()):
                worker.kill()
            results = getattr(self._pool, "_result_queue", None)
            if results is not None:  # else the rest of an answer cut short would be waited for
                results._writer.close()
        self._pool.shutdown(cancel_futures=True)

    def _new_pool(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        self._begun = context.Event()
        return ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=begin, initargs=(self._job, self._begun)
        )

    def _send(self, image: Image, missing: tuple[int, ...]) -> Future[Computed]:
        try:
            with _interrupts_held(), processes.beginning(self.workers):  # this may begin a process
                return self._pool.submit(execute_own, image, missing)
        except BrokenProcessPool as error:  # reported when its result is asked for
            broken: Future[Computed] = Future()
            broken.set_exception(error)
            return broken

    def _again(self, sent: dict[Future[Computed], _Prepared], failed: Future[Computed]) -> bool:
        """A process that dies takes its pool with it: begin a new one with what was not done."""
        if not isinstance(failed.exception(), BrokenProcessPool):
            return False
        workers = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(cancel_futures=True)  # which waits until it is known how they ended
        ended = [worker.exitcode for worker in workers if worker.exitcode is not None]
        if not self._begun.is_set():
            processes.check_start(ended)
        with processes.beginning(self.workers):
            self._pool = self._new_pool()
        lost = {future: item for future, item in sent.items() if not future.done() or future.exception() is not None}
        for item in lost.values():
            self._losses[item.name] = self._losses.get(item.name, 0) + 1
        if any(self._losses[item.name] > _LIVES for item in lost.values()):
            raise UsageError(f"worker processes end again and again: {processes.ending(ended)}") from failed.exception()
        for future, item in lost.items():
            del sent[future]
            if item.image is not None:
                sent[self._send(item.image, item.missing)] = item
        return True


class DaskCluster(_Sent):
    """The workers of a running Dask cluster, which need not see the folder.

    Raises:
        UsageError: Dask is not installed, or nothing answers at the address.
    """

    def __init__(self, meter: Meter, root: Path, address: str, veis: VeiFolder | None = None) -> None:
        super().__init__(meter, root, veis)
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError as error:
            raise UsageError("--dask needs Dask: pip install 'veiqa[dask]'") from error
        try:
            self._client = distributed.Client(address, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise UsageError(f"--dask {address}: no cluster answers there: {one_line(error)}") from error
        self.workers = len(self._client.nthreads())
        if self.workers == 0:
            self._client.close()
            raise UsageError(f"--dask {address}: the cluster has no workers; start some")
        self._tasks: dict[Future[Computed], Any] = {}  # Dask gives up tasks that nobody holds
        self._job = self._client.scatter(Job.of(meter, veis is not None), broadcast=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def _send(self, image: Image, missing: tuple[int, ...]) -> Future[Computed]:
        answer: Future[Computed] = Future()
        with warnings.catch_warnings():  # of big images, which cannot be scattered: a lost worker would take them along
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            task = self._client.submit(execute, self._job, image, missing, pure=False)
        self._tasks[answer] = task
        task.add_done_callback(functools.partial(self._pass_on, answer))
        return answer

    def _pass_on(self, answer: Future[Computed], task: Any) -> None:
        del self._tasks[answer]
        try:
            answer.set_result(task.result())
        except BaseException as error:  # also cancelled tasks, whose workers are gone
            answer.set_exception(error)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Begin processes that Ctrl-C does not reach while they start, and let it wait here until they are known.

    Elsewhere than in the main thread, or without signal masks, nothing is held.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # new processes inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if held:
            signal.raise_signal(signal.SIGINT)
