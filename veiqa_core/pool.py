"""A function at work on many items, in this process or in several, with results in the order of the items."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import torch

from .errors import VeiqaError
from .isolation.terminal import escape_streams
from .measuring import processes

Item = TypeVar("Item")
Made = TypeVar("Made")

_AHEAD = 4  # items waiting for each worker, so that none idles


def in_order(work: Callable[[Item], Made], items: Iterable[Item], workers: int) -> Iterator[Made]:
    """What a function makes of each item, one after another.

    Args:
        work: for several processes one that can be pickled, as items and results can.
        workers: processes; 1 for this one.

    Raises:
        UsageError: no processes can be begun here, or not by this program.
        VeiqaError: one ended.
    """
    if workers == 1:
        yield from map(work, items)
        return
    processes.check_program()
    with processes.beginning(workers):
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(torch.get_num_threads(),))
    waiting: deque[Future[Made]] = deque()
    whole = False
    try:
        for item in items:
            with processes.beginning(workers):
                waiting.append(pool.submit(work, item))
            if len(waiting) >= _AHEAD * workers:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
        whole = True
    finally:
        if not whole:  # what runs would be waited for
            for worker in list((getattr(pool, "_processes", None) or {}).values()):
                worker.kill()
        pool.shutdown(cancel_futures=True)


def _result(done: Future[Made]) -> Made:
    try:
        return done.result()
    except BrokenProcessPool as error:
        raise VeiqaError(
            "a worker process ended, as for want of memory; fewer --workers may help, and without them it may be "
            "seen where"
        ) from error


def _begin(threads: int) -> None:
    """Make a process ready."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the one that began them decides
    escape_streams()
    torch.set_num_threads(threads)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End with the process that began this one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
