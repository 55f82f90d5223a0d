"""How far a command is, on standard error: a bar on a terminal, elsewhere a plain line every minute."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from ..isolation.terminal import behind, encodable
from ..text import duration, printable

if TYPE_CHECKING:
    from ..measuring.executors.executor import Executor
    from ..measuring.meter import Meter

Item = TypeVar("Item")
Clock = Callable[[], float]
"""Gives seconds that only grow."""
Total = int | Callable[[], int | None] | None
"""How many items there will be, or what counts them once that is to be shown; None where it is not known."""

PERIOD = 60.0
"""Seconds from line to line."""

_WINDOW = 5  # periods over which a rate is taken: it follows what changes, and one slow item does not upset it
_SLOW = 1.0  # seconds that an item takes before a bar shows how much of it is done


class Lines:
    """Writes how far a command is a minute after its begin, and then once a minute, whenever something is done.

    Args:
        write: takes a line.
        unit: what the items are, with a space before it.
    """

    def __init__(self, write: Callable[[str], object], label: str, total: Total, unit: str, clock: Clock) -> None:
        self._write = write
        self._label = label
        self._total = total
        self._unit = unit
        self._clock = clock
        self._done = self._skipped = 0
        self._marks = deque([(clock(), 0.0)], maxlen=_WINDOW)
        self._due = clock() + PERIOD

    def advance(self, count: int) -> None:
        """So many items more are done."""
        self._done += count
        self._write_if_due()

    def skip(self) -> None:
        """An item was done before."""
        self._skipped += 1

    def within(self, part: float, what: str) -> None:
        """A part of the item at hand is done."""
        self._write_if_due(part, what)

    def _write_if_due(self, part: float = 0.0, what: str = "") -> None:
        now = self._clock()
        if now < self._due:
            return
        self._due = now + PERIOD
        done = self._done + part
        since, before = self._marks[0]
        self._marks.append((now, done))
        self._write(self._line(done, (done - before) / (now - since), what))

    def _line(self, done: float, rate: float, what: str) -> str:
        if callable(self._total):
            self._total = self._total()
        count = f"{self._done + self._skipped}"
        if self._total is not None:
            count += f" of {self._total}"
        parts = [f"{self._label}: {count}{self._unit}" + (f" ({what})" if what else "")]
        if rate > 0:
            parts.append(_rate(rate, self._unit))
            if self._total is not None:
                parts.append(f"{duration(max(0.0, self._total - self._skipped - done) / rate)} left")
        return ", ".join(parts)


def _rate(rate: float, unit: str) -> str:
    """Items a second, a minute or an hour, whichever is at least one."""
    per, name = next((per, name) for per, name in ((1, "s"), (60, "min"), (3600, "h")) if rate * per >= 1 or per > 60)
    return f"{rate * per:,.{1 if rate * per < 100 else 0}f}{unit}/{name}"


class Bar:
    """Advances with each item, and makes room for lines that are written meanwhile.

    Args:
        shown: the bar of tqdm; None where there is none.
        lines: what writes lines in its place; None where nothing is to be seen.
    """

    def __init__(self, shown: Any, lines: Lines | None = None, clock: Clock = time.monotonic) -> None:
        self._shown = shown
        self._lines = lines
        self._clock = clock
        self._begun = clock()

    def advance(self, count: int = 1) -> None:
        """So many items more are done."""
        self._begun = self._clock()
        if self._shown is not None:
            self._shown.set_postfix_str("", refresh=False)
            self._shown.update(count)
        elif self._lines is not None:
            self._lines.advance(count)

    def skip(self) -> None:
        """An item was done before; the rate does not count it."""
        if self._shown is not None:
            self._shown.initial += 1
            self._shown.n += 1
        elif self._lines is not None:
            self._lines.skip()

    def within(self, part: float, what: str) -> None:
        """A part of the item at hand is done, which is shown of items that take long.

        Args:
            part: from 0 to 1.
            what: which part was the last.
        """
        if self._lines is not None:
            self._lines.within(part, what)
        elif self._shown is not None and self._clock() - self._begun >= _SLOW:
            whole = self._shown.n
            self._shown.n = round(whole + part, 2)  # in the picture only: its rates are of whole items
            self._shown.set_postfix_str(what)
            self._shown.n = whole

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while something is written to the terminal."""
        if self._shown is not None:
            self._shown.clear()
        yield
        if self._shown is not None:
            self._shown.refresh()


@contextmanager
def bar(
    label: str, total: Total, unit: str = "", quiet: bool = False, *, clock: Clock = time.monotonic
) -> Iterator[Bar]:
    """A bar on a terminal, lines elsewhere, and nothing where it is to be quiet.

    Args:
        unit: what the items are, with a space before it.
    """
    if quiet or sys.stderr is None:
        yield Bar(None)
        return
    stream = behind(sys.stderr)
    if not stream.isatty():
        yield Bar(None, Lines(_writer(stream), label, total, unit, clock), clock)
        return
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread: it would outlive the bar
    count = total() if callable(total) else total
    with tqdm(total=count, desc=printable(label), unit=unit, file=stream, dynamic_ncols=True) as shown:
        yield Bar(shown, clock=clock)


def _writer(stream: TextIO) -> Callable[[str], object]:
    return lambda text: print(encodable(printable(text), stream), file=stream, flush=True)


@contextmanager
def watching(meter: Meter, shown: Bar) -> Iterator[None]:
    """A block in which a bar moves with the parts of each image that this process measures."""
    meter.watch = shown.within
    try:
        yield
    finally:
        meter.watch = None


class Once:
    """Passes the first text on, and no other."""

    def __init__(self, to: Callable[[str], object]) -> None:
        self._to: Callable[[str], object] | None = to

    def __call__(self, text: str) -> None:
        if self._to is not None:
            self._to(text)
            self._to = None


def progress(label: str, unit: str = "", quiet: bool = False) -> Any:
    """Shows how far some items are, unless it is to be quiet: a function that takes them, how many they are where they
    have no length, and the executor that measures them, if any.
    """

    def track(items: Iterable[Item], total: int | None = None, executor: Executor | None = None) -> Iterator[Item]:
        known = len(items) if total is None and isinstance(items, Sized) else total
        with (
            bar(label, known, unit, quiet) as shown,
            nullcontext() if executor is None else watching(executor.meter, shown),
        ):
            for item in items:
                yield item
                shown.advance()

    return track
