"""The viewing condition of a recipe: how large its images are seen."""

from __future__ import annotations

from typing import Any

from ..errors import UsageError, brief
from ..files.values import parse_whole

View = int | None
"""The most pixels that the longer side of an image has when it is judged; None for its native size."""

NATIVE = "native"
LEAST, MOST = 32, 65_535
RULE = f"must be {NATIVE}, or a whole number of pixels from {LEAST} to {MOST}"


def read_view(value: Any, where: str, error: type[UsageError] = UsageError) -> View:
    """From a recipe or a program: ``"native"``, or a whole number of pixels.

    Raises:
        UsageError: it is neither, or out of range; of the type given.
    """
    if value == NATIVE:
        return None
    if type(value) is not int or not LEAST <= value <= MOST:
        raise error(f"{where}: {RULE}, not {brief(value)}")
    return value


def parse_view(text: str) -> View:
    """From the command line: ``native``, or a whole number of pixels.

    Raises:
        UsageError: it is neither, or out of range.
    """
    try:
        value: Any = text if text == NATIVE else parse_whole(text)
    except ValueError:
        value = text
    return read_view(value, "--view")


def written_view(view: View) -> int | str:
    """What :func:`read_view` takes."""
    return NATIVE if view is None else view
