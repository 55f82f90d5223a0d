"""Text that may hold anything, such as a file's name, made fit to be shown.

Control characters steer a terminal, a line break makes one line look like two, and some characters turn the direction
of the text around them or cannot be seen. All of these are shown as Python writes them: ``\\x1b``, ``\\n``,
``\\u202e``.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any


def _python_escape(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _json_escape(char: str) -> str:
    return json.dumps(char)[1:-1]


def printable(text: str, keep: str = "", escape: Callable[[str], str] = _python_escape) -> str:
    """The text with an escape in place of each character that is none to be seen.

    Args:
        keep: characters that stay, such as a line break where there may be several lines.
        escape: writes the others.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_seen(char) or char in keep else escape(char) for char in text)


def _is_seen(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"  # spaces of other widths


def json_text(value: Any, indent: int | None = None) -> str:
    """A value as JSON that can be shown: what cannot be seen is escaped, so that readers get exactly the value.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return printable(text, keep="\n", escape=_json_escape)


def duration(seconds: float) -> str:
    """A length of time for people: its two largest units, as in ``2 min 30 s``."""
    rest = round(seconds)
    parts: list[str] = []
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, length)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part) or "0 s"


def p_value(value: float) -> str:
    """A p value as it is shown."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
