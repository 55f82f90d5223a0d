"""Many numbers in TOML as one text: read at once, where a number at a time takes half a second for a recipe.

``{shape = [2, 3], float64_base64 = "..."}`` stands for two lists of three numbers each: the numbers row by row, each in
the eight bytes of IEEE 754's binary64, the least significant first, all of them in base64 (RFC 4648).
"""

from __future__ import annotations

import base64
import itertools
import math
import struct
from collections.abc import Mapping
from typing import Any

from ..errors import UsageError, brief
from .values import is_list_of_floats

LEAST = 256
"""How many numbers are written as one text at least; fewer stay readable."""

_FIELDS = {"shape", "float64_base64"}
_BYTES = 8  # of a number


def packed(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table as it is written: its long lists of floats, and of lists of as many floats, as one text each."""
    return {name: _packed(value) for name, value in table.items()}


def unpacked(table: Mapping[str, Any], where: str, kind: type[UsageError] = UsageError) -> dict[str, Any]:
    """What :func:`packed` wrote as it was; lists of numbers may also be written as such.

    Args:
        where: what holds the table, in errors.
        kind: of error to raise.

    Raises:
        UsageError: a text is not what its shape says.
    """
    return _unpacked_table(table, f"{where}: ", kind)


def _packed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return packed(value)
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    if not all(map(is_list_of_floats, rows)) or len(set(map(len, rows))) != 1:
        return value
    numbers = list(itertools.chain.from_iterable(rows))
    if len(numbers) < LEAST:
        return value
    shape = [len(value)] if rows[0] is value else [len(rows), len(rows[0])]
    return {
        "shape": shape,
        "float64_base64": base64.b64encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode("ascii"),
    }


def _unpacked_table(table: Mapping[str, Any], path: str, kind: type[UsageError]) -> dict[str, Any]:
    return {
        name: _unpacked(value, f"{path}{name}.", kind) if isinstance(value, Mapping) else value
        for name, value in table.items()
    }


def _unpacked(table: Mapping[str, Any], path: str, kind: type[UsageError]) -> Any:
    if set(table) != _FIELDS:
        return _unpacked_table(table, path, kind)
    shape, text = table["shape"], table["float64_base64"]
    if not _is_shape(shape):
        raise kind(f"{path}shape: must be one or two whole numbers above 0, not {brief(shape)}")
    try:
        content = base64.b64decode(text, validate=True)
    except (TypeError, ValueError) as error:
        raise kind(f"{path}float64_base64: must be numbers in base64, not {brief(text)}") from error
    count = math.prod(shape)
    if len(content) != count * _BYTES:
        raise kind(
            f"{path}float64_base64: holds {len(content)} bytes, not {_BYTES} for each number of the shape {shape}"
        )
    numbers = list(struct.unpack(f"<{count}d", content))
    return numbers if len(shape) == 1 else [numbers[i : i + shape[1]] for i in range(0, count, shape[1])]


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and len(value) in (1, 2) and all(type(size) is int and size > 0 for size in value)
