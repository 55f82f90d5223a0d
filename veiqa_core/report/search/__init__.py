"""A search as a page: one file that loads nothing, for people on any screen, on paper, and with a screen reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import Any

from ...files.paths import display_name
from ...page.document import CHARTS, Look, Section, document, read_text
from ...page.formatting import counted, flat
from ...searching.search import Search
from .held_out import held_out
from .space import cost, folds, matters, ranking
from .winners import winners
from .wording import LONG_NAMES, Wording


def page(search: Search) -> str:
    """The report of a search as one HTML file; the same search gives the same text."""
    wording = Wording(search)
    heading = f"Search of {search.space} on {search.rated.name}"
    sections = [
        Section("held-out", "New contents", held_out(wording)),
        Section("winners", "Winners" if len(search.winners) > 1 else "Winner", winners(wording)),
        Section("matters", "What matters", matters(wording)),
        Section("ranking", "Ranking", ranking(wording)),
    ]
    if search.folds:
        sections.append(Section("folds", "Folds", folds(wording)))
    sections.append(Section("cost", "Cost", cost(wording)))
    if failures := _failures(search):
        sections.append(Section("failures", "Failures", failures))
    sections.append(Section("notes", "Notes", {"notes": search.notes, "versions": flat(search.versions)}))
    look = Look("search", CHARTS + read_text(__package__, "search.css"))
    pieces = document(
        "report/search/templates/search.html.jinja",
        heading,
        look,
        sections,
        heading=heading,
        objective=wording.name,
        candidates=len(search.candidates),
        images=sum(len(winner.selection.rows) for winner in search.winners.values()),
        contents=len({search.table.clusters[row] for w in search.winners.values() for row in w.selection.rows}),
        winners=len(search.winners),
        by_type=None not in search.winners,
        facts=_facts(wording),
    )
    return "".join(pieces)


def _facts(wording: Wording) -> list[tuple[str, str]]:
    search, settings = wording.search, wording.search.settings
    types = Counter(search.table.distortions)
    facts = [
        ("Space", search.space),
        ("Dataset", f"{search.rated.name} in {display_name(search.rated.root)}"),
        ("Ratings", f"{wording.quality}, higher being better"),
        ("Types", ", ".join(f"{kind or 'none'} ({types[kind]})" for kind in wording.types)),
        ("Objective", f"{wording.name}: {LONG_NAMES[settings.objective.name]}"),
        ("Strategy", settings.strategy.key),
        ("Budget", None if settings.budget is None else f"{settings.budget:,}"),
        ("Branches", None if settings.branches == 1 else f"at most {settings.branches}"),
        ("Folds", str(settings.folds)),
        ("Seed", str(settings.seed)),
    ]
    return [(name, value) for name, value in facts if value is not None]


def _failures(search: Search) -> list[tuple[str, Any]]:
    """Every reason once, with how often it was met."""
    table = search.table
    names = set(table.names)
    failed = [_without_name(failure.reason, names) for failure in search.failures.values()]
    tables = [
        (f"{counted(len(search.refused), 'candidate')} cannot work and were not tried.", search.refused.values()),
        (f"{counted(len(failed), 'candidate')} failed on some image.", failed),
        (f"{counted(len(table.unread), 'image')} cannot be read.", table.unread.values()),
    ]
    return [(caption, Counter(reasons).most_common()) for caption, reasons in tables if reasons]


def _without_name(reason: str, names: Set[str]) -> str:
    """A reason without the image that it was first met on."""
    at = reason.find(": ")
    while at >= 0:
        if reason[:at] in names:
            return reason[at + 2 :]
        at = reason.find(": ", at + 1)
    return reason
