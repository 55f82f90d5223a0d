"""Processes of this machine that measure."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from ...errors import UsageError
from ...images import Image
from .. import processes
from ..meter import Computed, Meter
from ..vei_files import VeiFolder
from ..worker import Job, begin, execute_own
from .executor import Prepared
from .sent import Sent

_LIVES = 3  # how often a task may take its process down before it is given up


class ProcessPool(Sent):
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

    def _again(self, sent: dict[Future[Computed], Prepared], failed: Future[Computed]) -> bool:
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
