"""Results and pages whose file is at a URL: written to its copy here, and sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..errors import UsageError
from ..files.remote import RemoteFile
from ..files.urls import PlaceError
from .resume import ResultSink
from .sinks import PreviousRow, Sink

if TYPE_CHECKING:
    from ..result import Result

PERIOD = 300.0
"""Seconds from one sending of rows to the next, unless sending itself takes long."""

_SHARE = 20  # times as long as a sending took, nothing is sent again


class SentResults(ResultSink):
    """Rows that grow in the copy, which is sent when it begins, every five minutes, and at the end.

    Args:
        sink: writes the copy.
        grows: whether the copy is of use before its end.

    Raises:
        UsageError: the file cannot be written.
    """

    def __init__(self, sink: ResultSink, file: RemoteFile, grows: bool) -> None:
        self._sink = sink
        self._file = file
        self._grows = grows
        if file.path.exists():
            try:
                file.send()
            except PlaceError as error:
                raise UsageError(f"--output {file}: cannot be written: {error}") from None
        self._due = time.monotonic() + PERIOD

    def remaining(self, names: Iterator[str], skip: Callable[[PreviousRow], object]) -> Iterator[str]:
        """As the sink has it."""
        with self._file.named():
            yield from self._sink.remaining(names, skip)

    def add(self, result: Result) -> None:
        """Write one row, and send all where that is due."""
        self._file.pending = True
        self._sink.add(result)
        begun = time.monotonic()
        if self._grows and begun >= self._due:
            with suppress(PlaceError):  # the next time, or the end, which says why not
                self._file.send()
            now = time.monotonic()
            self._due = now + max(PERIOD, _SHARE * (now - begun))

    def close(self) -> None:
        """End the file, and send it.

        Raises:
            VeiqaError: it cannot be written; the copy stays, and the text says where.
        """
        try:
            with self._file.named():
                self._sink.close()
        finally:
            self._file.finish()


class SentPage(Sink):
    """A page that is sent when it is whole."""

    def __init__(self, sink: Sink, file: RemoteFile) -> None:
        self._sink = sink
        self._file = file

    def __enter__(self) -> Self:
        self._sink.__enter__()
        return self

    def add(self, result: Result) -> None:
        """Give it to the page."""
        self._sink.add(result)

    def skip(self, row: PreviousRow) -> None:
        """Pass it to the page."""
        self._sink.skip(row)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the page, and send it.

        Raises:
            VeiqaError: it cannot be written; the copy stays, and the text says where.
        """
        try:
            with self._file.named():
                self._sink.__exit__(kind, error, trace)
        finally:
            self._file.finish()
