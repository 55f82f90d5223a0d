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
    """A bar that advances with each item, and makes room for lines that are written meanwhile.

    Args:
        shown: the bar of tqdm; None where nothing is to be seen.
    """

    def __init__(self, shown: Any) -> None:
        self._shown = shown

    def advance(self, count: int = 1) -> None:
        """So many items more are done."""
        if self._shown is not None:
            self._shown.update(count)

    def skip(self) -> None:
        """An item was done before; the rate does not count it."""
        if self._shown is not None:
            self._shown.initial += 1
            self._shown.n += 1

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while something is written to the terminal."""
        if self._shown is not None:
            self._shown.clear()
        yield
        if self._shown is not None:
            self._shown.refresh()


@contextmanager
def bar(label: str, total: int | Callable[[], int | None] | None, unit: str = "", quiet: bool = False) -> Iterator[Bar]:
    """A bar on a terminal, one that shows nothing elsewhere or where it is to be quiet.

    Args:
        total: how many items there will be, or what counts them where there is a bar.
    """
    if quiet or sys.stderr is None or not behind(sys.stderr).isatty():
        yield Bar(None)
        return
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread: it would outlive the bar
    count = total() if callable(total) else total
    with tqdm(total=count, desc=printable(label), unit=unit, file=behind(sys.stderr), dynamic_ncols=True) as shown:
        yield Bar(shown)


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
