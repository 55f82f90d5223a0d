"""The page: a place for a photo, what came of it, and what a score means."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from ..page.document import Look, Section, document, read_text
from .messages import Ready
from .uploads import FIELD

_ROOT = "veiqa_core"
_PARTS = ("report/viewer", "report/report", "service/page")


class Page:
    """Makes the page.

    Args:
        most: bytes that a photo may have.
    """

    def __init__(self, ready: Ready, most: int) -> None:
        self._ready = ready
        self._form = {"field": FIELD, "most": most, "scores": ready.scores, "calibrated": ready.calibrated}
        self._look = Look(
            "service",
            "".join(read_text(_ROOT, f"{name}.css") for name in _PARTS),
            "".join(read_text(_ROOT, f"{name}.js") for name in _PARTS),
            pictures=True,
            forms=True,
        )

    @property
    def policy(self) -> str:
        """For the header of the same name."""
        return f"{self._look.policy}; frame-ancestors 'none'"

    def html(self, article: str | None = None, error: str | None = None) -> str:
        """The page, with what came of a photo.

        Args:
            article: the markup of its article.
            error: why there is none.
        """
        result: list[Section] = []
        if article is not None or error is not None:
            view: dict[str, Any] = {"article": None if article is None else Markup(article), "error": error}
            result = [Section("result", "Result", view)]
        meaning, recipe = map(Markup, self._ready.about)
        sections = [
            Section("photo", "Photo", self._form),
            *result,
            Section("meaning", "What a score means", meaning),
            Section("recipe", "Recipe", recipe),
        ]
        pieces = document(
            "service/templates/service.html.jinja", "Score a photo – VEIQA", self._look, sections, answered=bool(result)
        )
        return "".join(pieces)
