"""The table of all images."""

from __future__ import annotations

from typing import Any

from .contents import Contents
from .rows import FEW

_AT_ONCE = 100
"""Rows that are laid out at once."""


def images(contents: Contents) -> dict[str, Any]:
    """The table, the worst scores first; its rows are read while it is written."""
    keys = contents.scorer.keys
    return {
        "scored": contents.scored,
        "filled": contents.filled,
        "branches": keys if len(keys) <= FEW else (),
        "at_once": _AT_ONCE,
        "linked": contents.articles.keys(),
        "rows": contents.worst_first(),
    }
