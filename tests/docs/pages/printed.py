"""Whether what a block printed is what the page shows."""

from __future__ import annotations

import math
import re

_PIECES = re.compile(r"(?P<any>\.\.\.)|(?P<number>-?\d+\.\d+)|(?P<space>\s+)")
_RELATIVE = 2e-3  # other machines and libraries round otherwise, and mappers amplify it


def matches(shown: str, printed: str) -> bool:
    """Whether ``printed`` reads as ``shown`` does, but for ``...``, blanks and the last digits of fractions."""
    pattern, numbers, end = "", [], 0
    shown, printed = shown.strip(), printed.strip()
    for piece in _PIECES.finditer(shown):
        pattern += re.escape(shown[end : piece.start()])
        end = piece.end()
        if piece["number"]:
            numbers.append(piece["number"])
        pattern += {"any": r".*?", "number": r"(-?\d+\.\d+)", "space": r"\s+"}[str(piece.lastgroup)]
    pattern += re.escape(shown[end:])
    match = re.fullmatch(pattern, printed, re.DOTALL)
    return match is not None and all(map(_near, numbers, match.groups()))


def _near(shown: str, printed: str) -> bool:
    last_digit = 10.0 ** -len(shown.partition(".")[2])
    return math.isclose(float(shown), float(printed), rel_tol=_RELATIVE, abs_tol=2 * last_digit)
