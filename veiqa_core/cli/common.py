"""What several commands share."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ..extension.registry import Registry, installed
from .printing import say


def registry() -> Registry:
    """Everything installed, with one warning line on standard error for each plugin that had to stay out, and for each
    distribution whose metadata cannot be read."""
    found = installed()
    for damaged in found.damaged:
        say(f"warning: {damaged}; reinstall or remove it")
    for problem in found.problems:
        say(f"warning: {problem}; the rest works, 'veiqa plugins --check' lists all")
    return found


class Terminated(KeyboardInterrupt):
    """A request to end by another process, which ends a command like Ctrl-C."""


@contextmanager
def resumable(how: str | Callable[[], str]) -> Iterator[None]:
    """Say what an interruption or a request to end leaves, which may only be known then, and end with the status that
    shells give it.
    """
    try:
        with terminable():
            yield
    except KeyboardInterrupt as error:
        say()
        say(f"stopped; {how if isinstance(how, str) else how()}")
        sys.exit(143 if isinstance(error, Terminated) else 130)


@contextmanager
def terminable() -> Iterator[None]:
    """Let a request to end (SIGTERM) close what is open, by :class:`Terminated`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    own = os.getpid()

    def leave(number: int, frame: FrameType | None) -> None:
        if os.getpid() == own:
            raise Terminated
        signal.signal(number, signal.SIG_DFL)  # a forked worker, which ends at once
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
