"""A search as a page: one file that loads nothing, for people on any screen, on paper, and with a screen reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set

from ...images import display_name
from ...page.document import Look, document, own
from ...page.markup import Child, Column, Html, counted, definitions, flat, fold, table, tag
from ...search.search import Search
from .held_out import held_out
from .space import cost, matters, ranking, stability
from .telling import LONG_NAMES, Teller
from .winners import winners


def page(search: Search) -> str:
    """The report of a search as one HTML file; the same search gives the same text."""
    teller = Teller(search)
    title = f"Search of {search.space} on {search.rated.name}"
    sections = [
        ("held-out", "New contents", held_out(teller)),
        ("winners", "Winners" if len(search.winners) > 1 else "Winner", winners(teller)),
        ("matters", "What matters", matters(teller)),
        ("ranking", "Ranking", ranking(teller)),
        ("folds", "Folds", stability(teller)),
        ("cost", "Cost", cost(teller)),
        ("failures", "Failures", _failures(search)),
        ("notes", "Notes", _notes(search)),
    ]
    links = [tag("li", tag("a", name, href=f"#{at}")) for at, name, section in sections if section is not None]
    body = [
        tag("a", "To the figures", href="#held-out", class_="skip"),
        tag("header", tag("p", "VEIQA search", class_="over"), tag("h1", title), _lead(teller), _facts(teller)),
        tag("nav", tag("ul", *links), aria_label="Sections"),
        tag("main", *(section for _, _, section in sections)),
    ]
    return "".join(document(title, Look("search", own(__package__, "search.css")), body))


def _lead(teller: Teller) -> Html:
    search = teller.search
    contents = len({search.matrix.contents[row] for w in search.winners.values() for row in w.selection.rows})
    images = sum(len(winner.selection.rows) for winner in search.winners.values())
    each = "" if None in search.winners else f" for each of {counted(len(search.winners), 'distortion type')}"
    return tag(
        "p",
        f"{counted(len(search.candidates), 'candidate')} on {counted(images, 'image')} that show "
        f"{counted(contents, 'content')}, in search of the best {teller.name}{each}.",
        class_="lead",
    )


def _facts(teller: Teller) -> Html:
    search, terms = teller.search, teller.search.terms
    types = Counter(search.matrix.types)
    facts: list[tuple[str, Child]] = [
        ("Space", search.space),
        ("Dataset", f"{search.rated.name} in {display_name(search.rated.root)}"),
        ("Ratings", f"{teller.quality}, higher being better"),
        ("Types", ", ".join(f"{kind or 'none'} ({types[kind]})" for kind in teller.types)),
        ("Objective", f"{teller.name}: {LONG_NAMES[terms.objective.name]}"),
        ("Strategy", terms.strategy.key),
        ("Budget", None if terms.budget is None else f"{terms.budget:,}"),
        ("Branches", None if terms.branches == 1 else f"at most {terms.branches}"),
        ("Folds", str(terms.folds)),
        ("Seed", str(terms.seed)),
    ]
    return definitions(((name, value) for name, value in facts if value is not None), class_="facts")


def _failures(search: Search) -> Html | None:
    """Every reason once, with how often it was met."""
    matrix = search.matrix
    names = set(matrix.names)
    failed = [_without_name(failure.reason, names) for failure in matrix.failures.values()]
    parts = [
        _reasons(
            f"{counted(len(search.refused), 'candidate')} cannot work and were not tried.", search.refused.values()
        ),
        _reasons(f"{counted(len(matrix.failures), 'candidate')} failed on some image.", failed),
        _reasons(f"{counted(len(matrix.unread), 'image')} cannot be read.", matrix.unread.values()),
    ]
    if not any(parts):
        return None
    more = tag("p", "Which candidates these are is in results.csv.")
    return tag("section", tag("h2", "What failed"), more, *parts, id="failures")


def _without_name(reason: str, names: Set[str]) -> str:
    """A reason without the image that it was first met on."""
    at = reason.find(": ")
    while at >= 0:
        if reason[:at] in names:
            return reason[at + 2 :]
        at = reason.find(": ", at + 1)
    return reason


def _reasons(caption: str, reasons: Iterable[str]) -> Html | None:
    found = Counter(reasons).most_common()
    columns = [Column("Reason", numeric=False, head=True), Column("How many")]
    return table(caption, columns, [[reason, str(count)] for reason, count in found]) if found else None


def _notes(search: Search) -> Html:
    notes = [tag("li", note) for note in search.notes]
    files = [
        ("best.toml", "the winner, fitted to all of these images"),
        ("cheapest.toml", "the cheapest branch that is nearly as good, fitted likewise"),
        ("results.csv", "every candidate"),
        ("search.json", "all that is told here, as data"),
    ]
    return tag(
        "section",
        tag("h2", "Notes and versions"),
        tag("ul", *notes) if notes else None,
        definitions(((name, what) for name, what in files), class_="facts"),
        fold("What decides these figures", definitions(flat(search.versions), class_="facts versions")),
        id="notes",
    )
