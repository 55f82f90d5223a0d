"""The page of a report."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from markupsafe import Markup

from ..page.document import Look, Section, document, read_text
from ..page.formatting import counted
from . import viewer
from .about import meaning, recipe
from .contents import Contents
from .images import images
from .overview import overview
from .scores import split_name

_MOST_FAILURES = 50
"""Failures that are listed by themselves."""


def page(contents: Contents) -> Iterator[str]:
    """The page in pieces."""
    count = len(contents.rows)
    heading = "Quality of one image" if count == 1 else f"Quality of {counted(count, 'image')}"
    sections = []
    if count > 1:
        sections += [Section("scores", "Scores", overview(contents)), Section("images", "All images", images(contents))]
    if contents.failed:
        sections.append(Section("failures", "Failures", _failures(contents)))
    if contents.articles:
        sections.append(Section("details", "In detail", _details(contents)))
    sections.append(Section("meaning", "What a score means", meaning(contents.scorer)))
    sections.append(Section("recipe", "Recipe", recipe(contents.scorer)))
    name = split_name(contents.row(1).name)[0] if count == 1 else heading
    style, script = (read_text(__package__, f"report.{kind}") for kind in ("css", "js"))
    look = Look("report", viewer.STYLE + style, viewer.SCRIPT + script, pictures=True)
    return document(
        "report/templates/report.html.jinja",
        f"{name} – VEIQA",
        look,
        sections,
        heading=heading,
        recipe=contents.scorer.recipe.name,
        scored=contents.scored,
        count=count,
        failed=len(contents.failed),
        incomplete=contents.incomplete,
    )


def _failures(contents: Contents) -> dict[str, Any]:
    shown = [contents.row(number).error for number in islice(contents.failed, _MOST_FAILURES)]
    return {"errors": shown, "others": len(contents.failed) - len(shown)}


def _details(contents: Contents) -> dict[str, Any]:
    count = len(contents.articles)
    return {
        "count": count,
        "worst_only": count < len(contents.rows) - len(contents.failed),
        "articles": (
            (contents.row(number), Markup(contents.article(place))) for number, place in contents.articles.items()
        ),
    }
