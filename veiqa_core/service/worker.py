"""The process that scores, seen from the one that answers: begun, asked, and replaced where it hangs or ends."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from multiprocessing.process import BaseProcess
from typing import Any

from ..errors import UsageError, VeiqaError
from ..measuring import processes
from .messages import Answer, Failed, Job, Ready, Setup
from .scoring import UNEXPECTED, work

_GRACE = 5.0  # seconds in which a process that has nothing to do ends by itself


class TooSlow(Exception):
    """The time is over; a process that was at work is replaced."""


class Worker:
    """A process that scores one image at a time. Its methods block, and are called by one thread at a time.

    Attributes:
        ready: what is known of the recipe.

    Raises:
        UsageError: no process can be begun here, or the recipe cannot be opened.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        processes.check_program()
        self._begin()
        try:
            self.ready = self._wait(None)
        except BaseException:
            self.close()
            raise

    def answer(self, job: Job, seconds: float) -> Answer:
        """What comes of a job.

        Raises:
            TooSlow: it takes longer than that.
        """
        until = time.monotonic() + seconds
        try:
            if self._process.exitcode is not None:
                self._begin()
            if not self._opened:
                self._wait(until)
            self._connection.send(job)
            answer: Answer = self._received(until)
            return answer
        except (EOFError, ConnectionError):
            how = self._replace()
            return Answer(500, UNEXPECTED, f"{job.name}: the process that scores ended: {how}; another one is begun")
        except TooSlow:
            if self._opened:
                self._replace()
            raise
        except VeiqaError as error:  # opened once, the recipe cannot be opened any more
            return Answer(500, str(error), str(error))

    def close(self) -> None:
        """End the process, at once where it is at work."""
        self._connection.close()
        self._process.join(_GRACE if self._opened else 0)
        self._kill()

    def _begin(self) -> None:
        """Begin a process, which then opens the recipe."""
        context = multiprocessing.get_context("spawn")
        self._opened = False
        with processes.beginning(1):
            self._connection, other = context.Pipe()
            self._process: BaseProcess = context.Process(target=work, args=(other, self._setup), daemon=True)
            self._process.start()
        other.close()  # so that the end of the process shows

    def _wait(self, until: float | None) -> Ready:
        """Wait until the recipe is open.

        Raises:
            VeiqaError: it cannot be opened.
        """
        try:
            message = self._received(until)
        except EOFError:
            self._process.join()
            processes.check_start([self._process.exitcode or 0])
            how = processes.ending([self._process.exitcode or 0])
            raise UsageError(f"the process that scores ended: {how}") from None
        if isinstance(message, Failed):
            raise UsageError(message.text) if message.usage else VeiqaError(message.text)
        self._opened = True
        ready: Ready = message
        return ready

    def _received(self, until: float | None) -> Any:
        left = None if until is None else max(0.0, until - time.monotonic())
        if not self._connection.poll(left):
            raise TooSlow
        return self._connection.recv()

    def _replace(self) -> str:
        """Begin another process in its place, and say how it ended."""
        self._connection.close()
        self._kill()
        how = processes.ending([self._process.exitcode or 0])
        self._begin()
        return how

    def _kill(self) -> None:
        with contextlib.suppress(ValueError):
            self._process.kill()
        self._process.join()
