"""The page of a report, from its head to its last line."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from itertools import islice
from pathlib import PurePath

import attrs
import numpy as np

from ..page.document import Look, document, own
from ..page.markup import Html, counted, tag, within
from ..scorer import Scorer
from .about import meaning, recipe
from .images import images
from .overview import overview
from .rows import Row, Spool
from .wording import score

_MOST_FAILURES = 50
"""Failures that are listed by themselves."""


@attrs.frozen(eq=False)
class Contents:
    """What a page is made of.

    Attributes:
        rows: a :class:`Row` as plain data for each image.
        scores: of each image; NaN where it has none.
        failed: numbers of the images that failed.
        types: how many images each distortion type is the likeliest of.
        told: the fields of :class:`Row` that some image has something in.
        articles: by the number of the image, worst first, where :attr:`article` finds its details.
        incomplete: why something is missing; None where nothing is.
    """

    scorer: Scorer
    rows: Spool
    scores: array[float]
    failed: array[int]
    types: Counter[str]
    told: Set[str]
    articles: Mapping[int, int]
    article: Callable[[int], Html]
    incomplete: str | None

    def row(self, number: int) -> Row:
        """The row of an image."""
        return Row(**self.rows.get(number - 1))

    @property
    def worst_first(self) -> list[int]:
        """The numbers of all images; those without a score last, in the order they came."""
        order: list[int] = (np.argsort(np.frombuffer(self.scores), kind="stable") + 1).tolist() if self.scores else []
        return order


def page(contents: Contents) -> Iterator[str]:
    """The page in pieces."""
    count = len(contents.rows)
    single = count == 1
    title = "Quality of one image" if single else f"Quality of {counted(count, 'image')}"
    sections: list[tuple[str, str, Iterator[Html]]] = []
    if not single and count:
        sections.append(("scores", "Scores", overview(contents)))
        sections.append(("images", "All images", images(contents)))
    if contents.failed:
        sections.append(("failures", "Failures", _failures(contents)))
    if contents.articles:
        sections.append(("details", "In detail", _details(contents)))
    sections.append(("meaning", "What a score means", meaning(contents.scorer)))
    sections.append(("recipe", "Recipe", recipe(contents.scorer)))
    look = Look("report", own(__package__, "report.css"), own(__package__, "report.js"), pictures=True)
    name = PurePath(contents.row(1).name).name if single else title
    return document(f"{name} – VEIQA", look, _body(contents, title, sections))


def _body(contents: Contents, title: str, sections: list[tuple[str, str, Iterator[Html]]]) -> Iterator[Html]:
    links = [tag("li", tag("a", name, href=f"#{at}")) for at, name, _ in sections]
    yield tag("a", "To the results", href="#main", class_="skip")
    yield tag(
        "header",
        tag("p", "VEIQA", class_="over"),
        tag("h1", title),
        _lead(contents),
        contents.incomplete and tag("p", tag("strong", "Incomplete. "), contents.incomplete, class_="verdict weak"),
    )
    yield tag("nav", tag("ul", *links), aria_label="Sections")
    yield from within("main", _main(sections), id="main")


def _main(sections: list[tuple[str, str, Iterator[Html]]]) -> Iterator[Html]:
    for at, _, pieces in sections:
        yield from within("section", pieces, id=at)


def _lead(contents: Contents) -> Html:
    count, failed = len(contents.rows), len(contents.failed)
    scored = "Scored" if contents.scorer.recipe.mapper is not None else "Compared"
    parts = [f"{scored} without a reference by the recipe {contents.scorer.recipe.name}."]
    if count > 1 and failed:
        parts.append(f"{counted(failed, 'image')} failed.")
    if not count:
        parts = ["No image came."]
    return tag("p", " ".join(parts), class_="lead")


def _failures(contents: Contents) -> Iterator[Html]:
    yield tag("h2", "What failed")
    shown = [contents.row(number) for number in islice(contents.failed, _MOST_FAILURES)]
    yield tag("ul", *(tag("li", row.error) for row in shown), class_="failures")
    if left := len(contents.failed) - len(shown):
        yield tag("p", f"{left:,} more are in the table, at its end when the worst scores are first.")


def _details(contents: Contents) -> Iterator[Html]:
    shown, count = len(contents.articles), len(contents.rows)
    yield tag("h2", "The image in detail" if shown == 1 else f"{shown:,} images in detail")
    if shown < count - len(contents.failed):
        yield tag("p", "Those with the worst scores, worst first.", class_="note")
    if shown == 1:
        yield from map(contents.article, contents.articles.values())
        return
    for order, (number, place) in enumerate(contents.articles.items()):
        row = contents.row(number)
        name = tag("summary", PurePath(row.name).name or row.name, " ", tag("span", score(row.result), class_="big"))
        yield tag("details", name, contents.article(place), class_="one", open=None if order else "")
