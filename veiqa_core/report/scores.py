"""Names and scores as a report shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from ..files import urls


def split_name(name: str) -> tuple[str, str | None]:
    """The file of an image's name, and its folder where it has one."""
    if urls.is_url(name):
        return urls.split(name)
    path = PurePath(name)
    return path.name or name, None if str(path.parent) == "." else str(path.parent)


def gauge(
    score: float | None, scale: Sequence[float] | None, interval: Sequence[float] | None, digits: int
) -> str | None:
    """The style that places a score and its interval on its scale; None without score or scale."""
    if score is None or scale is None:
        return None
    low, high = scale
    places = zip("slh", (score, *(interval or ())), strict=False)
    return ";".join(f"--{name}:{100 * (value - low) / (high - low):.{digits}f}%" for name, value in places)
