"""Results written to a stream, and what is said where they cannot be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TextIO

import attrs

from ..errors import VeiqaError, one_line
from .columns import Columns
from .resume import ResultSink
from .sinks import PreviousRow, Sink

if TYPE_CHECKING:
    from ..result import Result


@attrs.define(eq=False)
class Reported(ResultSink):
    """What writes results; where it cannot go on, as on a full disk, that is said in one line.

    Attributes:
        where: what is written, for the message.
        advice: how to go on, to be added to it.
    """

    sink: ResultSink
    where: str
    advice: str

    def remaining(self, names: Iterator[str], skip: Callable[[PreviousRow], object]) -> Iterator[str]:
        """As the sink has it."""
        return self.sink.remaining(names, skip)

    def add(self, result: Result) -> None:
        """Write one result.

        Raises:
            VeiqaError: it cannot be written.
        """
        with self._reported():
            self.sink.add(result)

    def close(self) -> None:
        """End what was written.

        Raises:
            VeiqaError: it cannot be written.
        """
        with self._reported():
            self.sink.close()

    def _reported(self) -> AbstractContextManager[None]:
        return reported(self.where, self.advice)


@contextmanager
def reported(where: str, advice: str = "") -> Iterator[None]:
    """A block that writes; where it cannot, as on a full disk, one line says so.

    Raises:
        VeiqaError: something could not be written.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else one_line(error)
        raise VeiqaError(f"{where}: cannot be written: {reason}{advice}") from error


class Streamed(ResultSink):
    """A stream from its beginning.

    Args:
        closes: whether the stream is closed at the end.
    """

    def __init__(
        self,
        form: Callable[[TextIO, Columns], Sink],
        stream: TextIO,
        columns: Columns,
        closes: bool = True,
    ) -> None:
        self._stream = stream
        self._closes = closes
        self._sink = form(stream, columns)

    def add(self, result: Result) -> None:
        """Write one result."""
        self._sink.add(result)

    def close(self) -> None:
        """End what was written."""
        try:
            self._sink.close()
        finally:
            if self._closes:
                self._stream.close()
