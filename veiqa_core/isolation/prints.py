"""Standard output is for results: in a command, what plugins and libraries print goes to standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager

from .terminal import behind, escaped_streams

_reserved = False


@contextlib.contextmanager
def standard_output_reserved() -> Iterator[None]:
    """A block in which standard output carries what VEIQA writes, and nothing else.

    Inside :func:`redirect_prints` ``print`` goes to standard error. So does, anywhere in the block, what is written to
    the descriptor behind Python's back, by C code or by other processes that are begun. Both streams escape what could
    steer a terminal.

    Raises:
        OSError: at the end, where no other error ends the block: not all that was written arrived.
    """
    global _reserved
    before, _reserved = _reserved, True
    try:
        with _descriptor_moved(), escaped_streams():
            yield
    finally:
        _reserved = before


def redirect_prints() -> AbstractContextManager[object]:
    """A block in which a plugin's code runs; it may print what it likes. Does nothing outside of commands."""
    return contextlib.redirect_stdout(sys.stderr) if _reserved else contextlib.nullcontext()


@contextlib.contextmanager
def _descriptor_moved() -> Iterator[None]:
    """Give ``sys.stdout`` a descriptor of its own, and let descriptor 1 lead to standard error."""
    before = sys.stdout
    if before is None or sys.stderr is None:  # closed before the command began
        yield
        return
    given = behind(before)
    try:
        number = given.fileno()
        given.flush()
        kept = os.dup(number) if number == 1 else None
    except (OSError, ValueError, AttributeError):  # closed, or no real file, as in tests and notebooks
        kept = None
    if kept is None:
        yield
        return
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.close(kept)
        yield
        return
    buffering = 1 if given.isatty() else -1
    own = sys.stdout = open(kept, "w", buffering, given.encoding, given.errors)  # noqa: SIM115, PTH123
    try:
        yield
        own.flush()
    finally:
        sys.stdout = before
        os.dup2(kept, 1)
        with contextlib.suppress(OSError):  # an error that ends the block is reported, and not this one
            own.close()
