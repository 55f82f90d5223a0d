"""Processes of one's own: how they begin, and why they cannot, or end: what Python's multiprocessing leaves unsaid."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import UsageError, one_line
from ..isolation.terminal import escape_streams
from .memory import retain_heap

_UNGUARDED = 86  # the exit status of a process that is only begun and would begin others
_LIMITS = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
_ALONE = "or measure without workers"


def prepare() -> None:
    """Make a process that was begun ready to work for the one that began it, and to end with it."""
    retain_heap()
    escape_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the one that began them decides
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End with the process that began this one, which when killed cannot say goodbye."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def check_program() -> None:
    """Find what keeps new processes from reading this program, as each does that is begun anew.

    A process that is only begun, and would begin others because its program has no ``__main__`` guard, ends here: its
    status says why to the one that waits for it.

    Raises:
        UsageError: the program is no file.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(_UNGUARDED)  # no traceback, one for each worker: check_start names the reason once
    program = sys.modules["__main__"]
    file = getattr(program, "__file__", None)
    if file is None or getattr(program, "__spec__", None) is not None:  # python -c, a prompt, a notebook; python -m
        return
    if not (Path(getattr(multiprocessing.process, "ORIGINAL_DIR", None) or "") / file).exists():
        raise UsageError(
            f"worker processes read the program anew, and {file} is no file (of a script on standard input there is "
            f"none): save it as a file, begin what it does below if __name__ == '__main__':, {_ALONE}"
        )


@contextmanager
def beginning(workers: int) -> Iterator[None]:
    """A block that begins processes.

    Raises:
        UsageError: the system does not let it.
    """
    try:
        yield
    except (OSError, ImportError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "start new thread" not in str(error):
            raise
        raise UsageError(
            f"{workers} worker processes cannot be begun here: {_reason(error)}; {_remedy(error)}, {_ALONE}"
        ) from error


def check_start(ended: Sequence[int]) -> None:
    """Find why no process came so far as to work.

    Args:
        ended: their exit statuses, negative for signals.

    Raises:
        UsageError: they failed on the program itself, as they would time and again.
    """
    file = getattr(sys.modules["__main__"], "__file__", None) or "the program"
    if _UNGUARDED in ended:
        raise UsageError(
            f"worker processes run {file} anew, which begins workers itself: put what it does below "
            f"if __name__ == '__main__':, {_ALONE}"
        )
    failed = [status for status in ended if status > 0]
    if failed:
        raise UsageError(
            f"worker processes end with status {failed[0]} while they run {file} anew, before they work (their own "
            f"messages are above): put what it does below if __name__ == '__main__':, {_ALONE}"
        )


def ending(ended: Sequence[int]) -> str:
    """How processes ended, and what may help.

    Args:
        ended: their exit statuses, negative for signals. One that loses a fellow is sent SIGTERM.
    """
    statuses = sorted(set(ended) - {-signal.SIGTERM}) or [-signal.SIGTERM]
    if -signal.SIGKILL in statuses:
        return "killed from outside (SIGKILL), as systems do for want of memory; fewer --workers may help"
    reported = ", ".join(_named(status) for status in statuses)
    return f"{reported}; without workers it may be seen where"


def _named(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    try:
        return f"crashed by {signal.Signals(-status).name}"
    except ValueError:
        return f"crashed by signal {-status}"


def _reason(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return text or one_line(error)


def _remedy(error: BaseException) -> str:
    if isinstance(error, RuntimeError) or getattr(error, "errno", None) in _LIMITS:
        return "take fewer, or raise the limits of processes, open files and memory"
    return "they need semaphores, on Linux in /dev/shm: have it writable, with some kilobytes free"
