"""An image and, over it, where it loses its quality."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..explanations import drawing
from ..explanations.wording import map_in_words
from ..page.document import read_text

STYLE, SCRIPT = (read_text(__package__, f"viewer.{kind}") for kind in ("css", "js"))
"""What pages need that show it."""

OPACITY = 50  # percent, to begin with


def viewer(image: Tensor, lost: Tensor | None, reach: float | None, longest: int = drawing.FULL) -> dict[str, Any]:
    """What the template shows of an image ``[3, H, W]`` and its quality map ``[H, W]``, where there is one.

    Args:
        reach: how many points the scale has; None where there is none.
        longest: side of the pictures in pixels.
    """
    shown = drawing.photo(image, longest)
    if lost is None or reach is None:
        return {"image": shown, "map": None}
    return {
        "image": shown,
        "map": drawing.heat(lost, reach, longest),
        "map_in_words": map_in_words(lost, reach),
        "reach": reach,
    }
