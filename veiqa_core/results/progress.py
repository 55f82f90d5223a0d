"""How far a command is: a bar on standard error with count, rate and time left; nothing where that is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, TypeVar

from ..isolation.terminal import behind
from ..text import printable

Item = TypeVar("Item")


class Bar:
    """A bar that is told of each item, and gets out of the way of lines that are written meanwhile.

    Args:
        total: how many items there will be; None where that is not known.
    """

    def __init__(self, label: str, total: int | None, unit: str = "") -> None:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread: it would outlive the bar
        self._bar = tqdm(total=total, desc=printable(label), unit=unit, file=behind(sys.stderr), dynamic_ncols=True)

    def advance(self, count: int = 1) -> None:
        """So many items more are done."""
        self._bar.update(count)

    def skip(self) -> None:
        """An item was done before; the rate does not count it."""
        self._bar.initial += 1
        self._bar.n += 1

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while something is written to the terminal."""
        self._bar.clear()
        yield
        self._bar.refresh()

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


class NoBar(Bar):
    """Stands for a bar where none is to be seen."""

    def __init__(self) -> None:
        pass

    def advance(self, count: int = 1) -> None:
        """Nothing."""

    def skip(self) -> None:
        """Nothing."""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Nothing."""
        yield

    def close(self) -> None:
        """Nothing."""


@contextmanager
def bar(label: str, total: int | Callable[[], int | None] | None, unit: str = "", quiet: bool = False) -> Iterator[Bar]:
    """A bar on a terminal, one that shows nothing elsewhere or where it is to be quiet.

    Args:
        total: how many items there will be, or what counts them where there is a bar.
    """
    if quiet or sys.stderr is None or not behind(sys.stderr).isatty():
        yield NoBar()
        return
    shown = Bar(label, total() if callable(total) else total, unit)
    try:
        yield shown
    finally:
        shown.close()


class Once:
    """Passes the first text on, and no other."""

    def __init__(self, to: Callable[[str], object]) -> None:
        self._to: Callable[[str], object] | None = to

    def __call__(self, text: str) -> None:
        if self._to is not None:
            self._to(text)
            self._to = None


def progress(label: str) -> Any:
    """Shows how far some items are: a function that takes them, and how many they are where they have no length."""

    def track(items: Iterable[Item], total: int | None = None) -> Iterator[Item]:
        known = len(items) if total is None and isinstance(items, Sized) else total
        with bar(label, known) as shown:
            for item in items:
                yield item
                shown.advance()

    return track
