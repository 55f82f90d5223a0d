"""Remarks on an image that make its score a guess."""

from __future__ import annotations

from collections.abc import Iterable

TOO_SMALL = "too small to judge"
FEW_COLOURS = "has few colours, as a mask or a diagram"
DRAWN = "looks like a screenshot or a drawing"
TEXT = "looks like a page of text"
UNFAMILIAR = "unlike the images that this recipe was fitted on: the score is a guess"

_UNSURE = frozenset({TOO_SMALL, FEW_COLOURS, DRAWN, TEXT, UNFAMILIAR})


def unsure(remarks: Iterable[str]) -> bool:
    """Whether remarks on an image say that its score is a guess."""
    return not _UNSURE.isdisjoint(remarks)
