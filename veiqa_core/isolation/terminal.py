"""Printed text cannot steer a terminal: a command's streams escape what is not to be seen, whoever writes to them.

What plugins and libraries print, warnings and logs pass here too. Line breaks and tabs stay; text that must be one line
is made so by :func:`veiqa_core.text.printable` where it is composed.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO, cast

from ..text import printable

_KEPT = "\n\t"


class EscapingStream:
    """A text stream that escapes, in front of another.

    It is no terminal to those who ask, so that they send no colours.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write the text; its length is returned, as streams do."""
        self.stream.write(encodable(printable(text, _KEPT), self.stream))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def isatty(self) -> bool:
        """No."""
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def encodable(text: str, stream: TextIO) -> str:
    """The text with an escape in place of what the stream's encoding lacks."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def escaping(stream: TextIO) -> TextIO:
    """A stream that escapes, in front of this one."""
    return stream if isinstance(stream, EscapingStream) else cast(TextIO, EscapingStream(stream))


def behind(stream: TextIO) -> TextIO:
    """The stream that gets what is written as it is."""
    return stream.stream if isinstance(stream, EscapingStream) else stream


@contextmanager
def escaped_streams() -> Iterator[None]:
    """A block in which standard output and standard error escape; so does the traceback of an error that ends it."""
    before = sys.stdout, sys.stderr
    escape_streams()
    try:
        yield
    except Exception:
        sys.excepthook = _show_traceback
        raise
    finally:
        sys.stdout, sys.stderr = before


def escape_streams() -> None:
    """Let standard output and standard error escape from now on; where they are closed they stay so."""
    if sys.stdout is not None:
        sys.stdout = escaping(sys.stdout)
    if sys.stderr is not None:
        sys.stderr = escaping(sys.stderr)


def data_output() -> TextIO:
    """Standard output for data that programs read: exact, but where it is a terminal."""
    exact = behind(sys.stdout)
    return escaping(exact) if exact.isatty() else exact


def _show_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if sys.stderr is not None:
        escaping(sys.stderr).write("".join(traceback.format_exception(kind, error, trace)))
