"""Who waits: a bounded number of requests, of which one at a time is scored, in the order of their images."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from .messages import Answer, Job
from .worker import TooSlow, Worker


class Full(Exception):
    """No more requests may wait.

    Attributes:
        seconds: after which it is worth trying again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


class Queue:
    """Requests that have a place, from before their image is read until they are answered.

    Args:
        waiting: how many may wait beside the one that is scored; this bounds the memory that images take.
    """

    def __init__(self, worker: Worker, waiting: int) -> None:
        self._worker = worker
        self._places = waiting + 1
        self._taken = 0
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "scoring")  # which waits for the process
        self._last = 1.0  # seconds that the last image took

    @property
    def scoring(self) -> int:
        """How many images are scored now: one or none."""
        return int(self._turn.locked())

    @property
    def waiting(self) -> int:
        """How many requests have a place and are not scored now."""
        return self._taken - self.scoring

    @contextmanager
    def place(self) -> Iterator[None]:
        """A block in which a request has a place.

        Raises:
            Full: there is none.
        """
        if self._taken >= self._places:
            raise Full(max(1, math.ceil(self._last * self._taken)))
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def answer(self, job: Job, until: float) -> Answer:
        """What comes of a job, once its turn has come.

        Args:
            until: the time of the event loop at which it must be done.

        Raises:
            TooSlow: it is not done by then.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(until):
                await self._turn.acquire()
        except TimeoutError:
            raise TooSlow from None
        try:
            began = time.monotonic()
            answer = await loop.run_in_executor(self._thread, self._worker.answer, job, until - loop.time())
            self._last = time.monotonic() - began
            return answer
        finally:
            self._turn.release()
