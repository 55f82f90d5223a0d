"""All that commands print: results on standard output, messages on standard error.

Whatever a text names, a line stays one line, and no text can steer a terminal.
"""

from __future__ import annotations

import sys
from typing import Any

from ..isolation.terminal import behind, data_output, encodable
from ..text import json_text, printable


def line(text: str = "") -> None:
    """Write a line for people on standard output."""
    if sys.stdout is not None:  # else closed before the command began
        print(printable(text), flush=True)


def say(text: str = "") -> None:
    """Write a line on standard error, above the bar where there is one."""
    if sys.stderr is None:
        return
    stream = behind(sys.stderr)
    shown = encodable(printable(text), stream)
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(shown, file=stream)
    else:
        print(shown, file=stream)


def note(text: str) -> None:
    """Write a remark on standard error."""
    say(f"note: {text}")


def data(text: str) -> None:
    """Write lines for programs on standard output."""
    if sys.stdout is not None:
        stream = data_output()
        stream.write(text)
        stream.flush()


def json_data(value: Any) -> None:
    """Write a value as JSON on standard output.

    Raises:
        ValueError: a number is not finite.
    """
    data(json_text(value, indent=2) + "\n")
