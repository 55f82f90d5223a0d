"""Where results go: each sink takes every result, in the order of the images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from ..result import Result


@attrs.frozen
class PreviousRow:
    """A result that an earlier run wrote, as far as its file says.

    Attributes:
        interval: ends of the score's interval.
        likely: the likeliest distortion type and its probability, NaN where the file does not say it.
        novelty: as in :class:`veiqa_core.result.Result`.
        values: as :attr:`veiqa_core.result.Result.values`.
        size, judged_size: as in :class:`veiqa_core.result.Result`.
        written: what stands in the file.
    """

    image: str
    score: float | None
    interval: tuple[float, float] | None
    likely: tuple[str, float] | None
    novelty: float | None
    values: Mapping[str, float | None]
    flags: tuple[str, ...]
    error: str | None
    recipe: str
    size: tuple[int, int] | None
    judged_size: tuple[int, int] | None
    written: object = attrs.field(repr=False)


class Sink(AbstractContextManager["Sink"], ABC):
    """Takes results; a context manager, closed also when the run is interrupted."""

    @abstractmethod
    def add(self, result: Result) -> None:
        """Take one result."""

    def skip(self, row: PreviousRow) -> None:  # most need not know
        """Take the row of an image that an earlier run scored, and this one does not."""

    def close(self) -> None:  # most have nothing to finish
        """Finish what was taken."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Sinks(Sink):
    """Several as one, each closed whatever happens to another."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = tuple(sinks)
        self._open = ExitStack()

    def __enter__(self) -> Sinks:
        for sink in self._sinks:
            self._open.enter_context(sink)
        return self

    def add(self, result: Result) -> None:
        """Give it to each."""
        for sink in self._sinks:
            sink.add(result)

    def skip(self, row: PreviousRow) -> None:
        """Pass it to each."""
        for sink in self._sinks:
            sink.skip(row)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close each, the last one first."""
        self._open.__exit__(kind, error, trace)
