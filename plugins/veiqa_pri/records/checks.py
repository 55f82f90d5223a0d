"""Checks of parameters that several families share."""

from __future__ import annotations


def even_problem(size: int) -> str | None:
    """What is wrong with the side of a square that must have a centre."""
    return None if size % 2 else "must be odd, so that the square has a centre"
