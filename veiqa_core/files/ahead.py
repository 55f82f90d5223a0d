"""Files at URLs that are fetched by threads before their turn comes, while the images before them are measured."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakValueDictionary, ref

from . import places
from .places import TooLargeError
from .urls import ZIP, PlaceError, addressed, is_url, parsed

FILES = 8
"""How many files are fetched ahead at most, and held."""
MOST = 2**25
"""Bytes of such a file; a larger one is fetched when its turn comes."""
_NAMES = 4 * FILES  # asked for ahead at most, however many of them are of one file
_THREADS = 4

T = TypeVar("T")


def ahead(names: Iterable[T]) -> Iterator[T]:
    """The same names, those of files at URLs as :class:`Ahead`.

    While one at a URL comes next, a few of the names behind it are asked for; a name on this machine ends that. A file
    that several of them name is fetched once. What goes wrong with a name that is asked for early is raised when its
    turn comes.
    """
    rest, waiting = iter(names), deque[T]()
    fetching: _Fetching | None = None
    problem: Exception | None = None
    try:
        while True:
            while problem is None and (not waiting or _goes_on(waiting)):
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


def _goes_on(waiting: deque[T]) -> bool:
    """Whether a name more is asked for."""
    return _is_far(waiting[-1]) and len(waiting) < _NAMES and len(set(waiting)) <= FILES


def _is_far(name: object) -> bool:
    """Whether a name is a URL of a whole file; archives are fetched as a whole, and once."""
    try:
        return is_url(name) and addressed(name)[1] is None and parsed(name).scheme != ZIP
    except PlaceError:
        return False


class Fetched(str):
    """The URL of a file whose content is asked of the URL itself."""

    @abstractmethod
    def content(self) -> bytes:
        """All bytes of the file.

        Raises:
            NotThereError: there is none.
            PlaceError: it cannot be read, or is too large.
        """


class Ahead(Fetched):
    """The URL of a file that may be fetched before its content is asked for."""

    _file: _File | None

    @classmethod
    def of(cls, file: _File) -> Ahead:
        """The URL of a file that is to be fetched."""
        made = cls(file.url)
        made._file = file
        return made

    def content(self) -> bytes:
        """All bytes of the file: what was fetched ahead, once; then what is there now."""
        file, self._file = self._file, None
        found = None if file is None else file.found()
        del file  # makes room, also where a traceback keeps this frame
        if isinstance(found, BaseException):
            try:
                raise found
            finally:
                del found
        return places.content(str(self)) if found is None else found


class FetchedOnce(Fetched):
    """The URL of a file that is fetched once, however often its content is asked for."""

    _source: str
    _content: bytes | None

    @classmethod
    def of(cls, url: str) -> FetchedOnce:
        """A URL, the file of which may be fetched already."""
        made = cls(url)
        made._source, made._content = url, None
        return made

    def content(self) -> bytes:
        """All bytes of the file."""
        if self._content is None:
            self._content = content(self._source)
        return self._content


def content(url: str) -> bytes:
    """All bytes of the file at a URL.

    Raises:
        NotThereError: there is none.
        PlaceError: it cannot be read, or is too large.
    """
    return url.content() if isinstance(url, Fetched) else places.content(url)


class _File:
    """A file that is to be fetched; it is kept by the names that wait for it, and by the thread that fetches it.

    Attributes:
        spent: whether a name was given the reason why it cannot be had; the next one tries again.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.spent = False
        self._begun = threading.Lock()
        self._found: Future[bytes | BaseException | None] = Future()
        self._room: SimpleQueue[None] | None = None

    def begin(self, room: SimpleQueue[None]) -> bool:
        """Whether a thread is to fetch it, which then says what it found.

        Args:
            room: what is put back once nobody keeps the file any more.
        """
        if not self._begun.acquire(blocking=False):
            return False
        self._room = room
        return True

    def end(self, found: bytes | BaseException | None) -> None:
        """Say what was found."""
        self._found.set_result(found)

    def found(self) -> bytes | BaseException | None:
        """All bytes of it, or why they cannot be had; None where it is spent, or large."""
        if self._begun.acquire(blocking=False):  # its turn came before a thread's; other names may wait for it, too
            self.end(_fetched(self.url))
        found = self._found.result()
        if isinstance(found, BaseException):
            if self.spent:
                return None
            self.spent = True
        return found

    def __del__(self) -> None:
        if self._room is not None:
            self._room.put(None)


class _Fetching:
    """Threads that fetch files in their order. They hold up no program that ends."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[ref[_File] | None] = SimpleQueue()
        # No semaphore: files are let go of anywhere, even in its own code, which would wait for itself.
        self._room: SimpleQueue[None] = SimpleQueue()
        for _ in range(FILES):
            self._room.put(None)
        self._open: WeakValueDictionary[str, _File] = WeakValueDictionary()
        for _ in range(_THREADS):
            threading.Thread(target=self._work, daemon=True).start()

    def add(self, url: str) -> Ahead:
        """Have a file fetched; one that is kept is not fetched again."""
        file = self._open.get(url)
        if file is None or file.spent:
            file = self._open[url] = _File(url)
            self._waiting.put(ref(file))
        return Ahead.of(file)

    def end(self) -> None:
        """Fetch what waits, as long as somebody may ask for it, and no more."""
        for _ in range(_THREADS):
            self._waiting.put(None)

    def _work(self) -> None:
        while True:
            next_one = self._waiting.get()
            if next_one is None:
                return
            self._room.get()
            file = next_one()
            if file is not None and file.begin(self._room):
                file.end(_fetched(file.url))  # here, for an error keeps the frames that led to it
            else:
                self._room.put(None)
            del file


def _fetched(url: str) -> bytes | BaseException | None:
    """All bytes of a file, or why they cannot be had; None of a large one."""
    try:
        return places.content(url, MOST)
    except TooLargeError:
        return None
    except BaseException as error:
        return error
