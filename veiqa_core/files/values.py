"""Values that people wrote: numbers in texts, and what TOML and JSON hold. One strict reading for all of them."""

from __future__ import annotations

import copy
import math
import re
import sys
from collections.abc import Mapping
from typing import Any

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def parse_number(text: str) -> float:
    """The finite number that a text stands for.

    What Python's ``float`` takes besides is refused: ``9_0``, ``nan``, ``infinity``, digits of other scripts,
    surrounding blanks.

    Raises:
        ValueError: it stands for none, or for one that is too large.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError("is not a number" + ("; write decimals with a point" if "," in text else ""))
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("is too large a number")
    return value


def parse_whole(text: str) -> int:
    """The whole number of at most 18 digits that a text stands for.

    Raises:
        ValueError: it stands for none.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError("is not a whole number" + (" of at most 18 digits" if text.isdecimal() else ""))
    return int(text)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max  # False for NaN, and fit for whole numbers of any size


def is_range(value: Any) -> bool:
    """Whether a value is a list or tuple of two finite numbers, the lower one first."""
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(is_number, value)) and value[0] < value[1]


def is_list_of_floats(value: Any) -> bool:
    """Whether a value is a list that holds floats and nothing else; an empty one is not."""
    return isinstance(value, list) and set(map(type, value)) == {float}


def plain_copy(value: Any) -> Any:
    """A copy of what TOML and JSON hold, which shares nothing that can be changed.

    Of long lists of numbers it takes a tenth of the time of :func:`copy.deepcopy`, which copies what else there is.
    """
    if isinstance(value, Mapping):
        return {name: plain_copy(item) for name, item in value.items()}
    if is_list_of_floats(value):
        return value.copy()
    return list(map(plain_copy, value)) if isinstance(value, list) else copy.deepcopy(value)
