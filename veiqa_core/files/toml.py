"""TOML of unknown origin, read within limits: plain data, or one line that names the file and what is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import UsageError, brief, near_miss
from ..text import printable

LONGEST_NAME = 200
"""Characters of a name: of a recipe, a space, a dataset."""

_DEEPEST = 32  # tables and arrays in one another
_PART = r"\.[ \t]*+(?:[\w-]++|\"(?:\\.|[^\"\\\n])*+\"|'[^'\n]*+')[ \t]*+"
_LONG_KEY = re.compile(rf"(?:{_PART}){{{_DEEPEST}}}")  # the parser takes the square of its length in time
_WIDE = 2**63  # whole numbers lie below, as TOML has it


def parse(text: str, where: str, kind: type[UsageError] = UsageError) -> dict[str, Any]:
    """The table of a TOML text; a byte-order mark is passed over.

    Args:
        where: stands in errors.
        kind: of error to raise.

    Raises:
        UsageError: it is not TOML, or holds what no file of ours does: dates, numbers beyond 64 bits, tables and arrays
            nested more than 32 deep.
    """
    if _LONG_KEY.search(text):
        raise kind(f"{where}: a key of more than {_DEEPEST} parts is nested too deeply")
    try:
        table = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise kind(f"{where}: not valid TOML: {brief(str(error), quoted=False)}") from error
    except RecursionError:
        raise kind(f"{where}: not valid TOML: arrays or tables are nested too deeply") from None
    except ValueError:  # Python's own limit of digits
        raise kind(f"{where}: not valid TOML: a number has too many digits") from None
    for path, problem in _problems(table):
        raise kind(f"{where}: {brief(path, quoted=False)}: {problem}")
    return table


def check_table(table: Any, known: set[str], where: str, kind: type[UsageError] = UsageError) -> None:
    """Refuse what is no table, or has fields that are not known.

    Raises:
        UsageError: it is one of these.
    """
    if not isinstance(table, Mapping):
        raise kind(f"{where}: must be a table, not {brief(table)}")
    for name in table:
        if name not in known:
            raise kind(f"{where}: {near_miss('field', name, known)}")


def checked_name(value: Any, where: str, kind: type[UsageError] = UsageError) -> str:
    """A value that is shown as a name.

    Raises:
        UsageError: it is no text of 1 to 200 characters that can all be printed.
    """
    if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and printable(value) == value and not value.isspace():
        return value
    raise kind(f"{where}: must be a text of 1 to {LONGEST_NAME} printable characters, not {brief(value)}")


def default_name(text: str) -> str:
    """A name made of a file's or of parts, as :func:`checked_name` takes it."""
    return brief(text, LONGEST_NAME - 40, quoted=False)


def _problems(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where and why a table holds what no file of ours does."""
    todo: list[tuple[str, Any, int]] = [("", table, 0)]
    while todo:
        path, value, depth = todo.pop()
        if depth > _DEEPEST:
            yield path, f"arrays or tables are nested more than {_DEEPEST} deep"
        elif isinstance(value, dict):
            todo += ((f"{path}.{name}" if path else name, item, depth + 1) for name, item in value.items())
        elif isinstance(value, list):
            todo += ((path, item, depth + 1) for item in value)
        elif isinstance(value, int):
            if not -_WIDE <= value < _WIDE:
                yield path, "holds a whole number beyond 64 bits"
        elif not isinstance(value, str | float):
            yield path, "holds a date or time; put it in quotes where a text is meant"
