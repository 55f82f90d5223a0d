"""Files at URLs that are fetched by threads before their turn comes, while the images before them are measured."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from . import places
from .places import TooLargeError
from .urls import ZIP, PlaceError, addressed, is_url, parsed

FILES = 8
"""How many files are fetched ahead at most, and held."""
MOST = 2**25
"""Bytes of such a file; a larger one is fetched when its turn comes."""
_THREADS = 4

T = TypeVar("T")


def ahead(names: Iterable[T]) -> Iterator[T]:
    """The same names, those of files at URLs as :class:`Ahead`.

    While one at a URL comes next, a few of the names behind it are asked for; a name on this machine ends that. What
    goes wrong with a name that is asked for early is raised when its turn comes.
    """
    rest, waiting = iter(names), deque[T]()
    fetching: _Fetching | None = None
    problem: Exception | None = None
    try:
        while True:
            while problem is None and len(waiting) <= FILES and (not waiting or _is_far(waiting[-1])):
                try:
                    name: Any = next(rest)
                except Exception as error:
                    problem = error
                    break
                if _is_far(name):
                    fetching = fetching or _Fetching()
                    name = fetching.add(name)
                waiting.append(name)
            if waiting:
                yield waiting.popleft()
            elif isinstance(problem, StopIteration):
                return
            elif problem is not None:
                raise problem
    finally:
        if fetching is not None:
            fetching.end()


def _is_far(name: object) -> bool:
    """Whether a name is a URL of a whole file; archives are fetched as a whole, and once."""
    try:
        return is_url(name) and addressed(name)[1] is None and parsed(name).scheme != ZIP
    except PlaceError:
        return False


class Ahead(str):
    """The URL of a file that may be fetched before its content is asked for."""

    _begun: threading.Lock
    _found: Future[bytes | None] | None
    _of: _Fetching

    @classmethod
    def of(cls, url: str, fetching: _Fetching) -> Ahead:
        """A URL that is to be fetched."""
        made = cls(url)
        made._begun, made._found, made._of = threading.Lock(), Future(), fetching
        return made

    def begin(self) -> bool:
        """Whether nobody fetches it yet; then the caller must."""
        return self._begun.acquire(blocking=False)

    def fetch(self) -> None:
        """Fetch it, or find out why not; for a thread."""
        found = self._found  # whoever waits for it may be interrupted, and let go of it
        assert found is not None
        try:
            found.set_result(places.content(str(self), MOST))
        except TooLargeError:
            found.set_result(None)
        except BaseException as error:
            found.set_exception(error.with_traceback(None))  # its frames would keep this very item

    def content(self) -> bytes:
        """All bytes of the file: what was fetched ahead, once; then what is there now.

        Raises:
            NotThereError: there is none.
            PlaceError: it cannot be read, or is too large.
        """
        early, content = not self.begin(), None
        if self._found is not None:
            try:
                content = self._found.result() if early else None
            finally:
                self._found = None
                self._of.taken(self, early)
        return places.content(str(self)) if content is None else content

    def __del__(self) -> None:
        if self._found is not None and not self.begin():  # it was fetched, and nobody asks for it any more
            self._of.taken(self, True)


class _Fetching:
    """Threads that fetch files in their order. They hold up no program that ends."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[weakref.ref[Ahead] | None] = SimpleQueue()
        self._room = threading.Semaphore(FILES)
        self._open: set[str] = set()
        for _ in range(_THREADS):
            threading.Thread(target=self._work, daemon=True).start()

    def add(self, url: str) -> str:
        """Have a file fetched; one that waits already is not fetched twice."""
        if url in self._open:
            return url
        item = Ahead.of(url, self)
        self._open.add(str(item))
        self._waiting.put(weakref.ref(item))
        return item

    def taken(self, item: Ahead, early: bool) -> None:
        """Make room for another file.

        Args:
            early: whether it was fetched here.
        """
        self._open.discard(str(item))
        if early:
            self._room.release()

    def end(self) -> None:
        """Fetch what waits, as long as somebody may ask for it, and no more."""
        for _ in range(_THREADS):
            self._waiting.put(None)

    def _work(self) -> None:
        while True:
            next_one = self._waiting.get()
            if next_one is None:
                return
            self._room.acquire()
            item = next_one()
            if item is not None and item.begin():
                item.fetch()
            else:
                self._room.release()
            del item
