"""A study as one HTML page, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from ..evaluation.columns import Predictions
from ..evaluation.evaluate import Evaluation
from ..page.document import CHARTS, Look, Section, document, read_text
from ..page.formatting import counted, flat
from ..page.svg import Group, sample, scatter, widened
from . import figures
from .published import PSNR, published
from .study import HELD_OUT, Study
from .tables import tables

KIND = "paper"
HEADING = "The paper's tables, with VEIQA's own figures"
LEAD = (
    "Ahmed, Omer, Singh, Rashed and Abdel-Nasser, “No-reference image quality assessment based on visual explanation "
    "images and deep transfer learning”, IJEECS 36(3), 2024. The paper's figures are as printed there."
)
READING = (
    "In-sample: the logistic of five parameters is fitted to the images that it is tested on, as the paper does; SROCC "
    "is that of the values themselves. This is not a figure to expect on new images.",
    "Held-out: what is fitted has seen no image of the tested content; contents are left out one at a time and "
    "predictions pooled. SROCC is that of the predictions. Of a trained network this is so of the curve; which images "
    "the network has seen is said below.",
    "Below or beside a figure stands its 95 % bootstrap interval, whole contents being drawn.",
    "Correlations keep their sign: below zero the ranking runs against the method's idea.",
    "Methods of table 6 with features (BRISQUE, BLIINDS-II, DIIVINE) have a support vector regression fitted to all "
    "four types together. The others have one curve for all types, where in-sample figures have one for each type.",
    "Figure 2 shows the first content of the first database, in each type the image of middling quality.",
    "Times are medians of one process on this machine's processor, without decoding; they differ from run to run.",
    "In the paper's tables WN on LIVE has a PLCC of .891 beside an SROCC of .992; they are quoted as printed.",
)


def page(study: Study, wanted: frozenset[int]) -> str:
    """The study as one HTML file; the same study gives the same text."""
    sections = [Section("tables", "Tables", tables(study, wanted))]
    if rows := figures.rows(study):
        sections.append(Section("examples", "Figure 2", rows))
    if panels := list(figures.panels(study)):
        charts = [(panel.title, figures.chart(panel, published().types.index(panel.kind))) for panel in panels]
        sections.append(Section("curves", "Figure 3", {"network": study.main.title, "charts": charts}))
        sections.append(Section("figures", "Held-out", _charts(study)))
    sections.append(Section("gaps", "What is missing", study.gaps))
    reading = {"notes": _reading(study), "versions": list(flat(_versions(study)))}
    sections.append(Section("reading", "How to read it", reading))
    pieces = document(
        "paper/templates/paper.html.jinja",
        HEADING,
        Look(KIND, CHARTS + read_text(__package__, "paper.css"), pictures=True),
        sections,
        heading=HEADING,
        lead=LEAD,
        facts=[(published().databases[name]["title"], _content(study, name)) for name in study.databases],
    )
    return "".join(pieces)


def markdown(study: Study, wanted: frozenset[int]) -> str:
    """The study in Markdown, with the names of the figures' files."""
    return "\n".join(_lines(study, wanted)).rstrip() + "\n"


def _lines(study: Study, wanted: frozenset[int]) -> Iterator[str]:
    yield from (f"# {HEADING}", "", LEAD, "")
    for name in study.databases:
        yield f"- {published().databases[name]['title']}: {_content(study, name)}"
    yield ""
    for table in tables(study, wanted):
        yield from (f"## {table.title}", "", _row(table.head), f"|{'---|' * len(table.head)}")
        yield from (_row([cell.line for cell in row]) for row in table.rows)
        yield ""
    for name in figures.drawn(study):
        yield from (f"![{name.removesuffix('.png').replace('-', ' ').capitalize()}]({name})", "")
    yield from ("## What is missing", "")
    yield from (f"- {gap}" for gap in study.gaps)
    yield from ("", "## How to read it", "")
    yield from (f"- {note}" for note in _reading(study))
    versions = ", ".join(f"{name} {text}" for name, text, _ in flat(_versions(study)))
    yield from ("", f"Versions: {versions}." if versions else "")


def _reading(study: Study) -> list[str]:
    return [*READING, *study.remarks]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _content(study: Study, name: str) -> str:
    rated = study.databases[name]
    contents = len({rated.content_of(item) for item in rated.images})
    kinds = [item.distortion for item in rated.images]
    counts = ", ".join(f"{kind} {kinds.count(kind)}" for kind in published().types)
    return f"{counted(len(rated.images), 'image')} ({counts}) of {counted(contents, 'content')}, read as {rated.name}"


def _versions(study: Study) -> dict[str, object]:
    found: dict[str, object] = {}
    for evaluations in (*study.networks.values(), *study.methods.values()):
        for evaluation in evaluations.values():
            for name in ("veiqa", "torch", "numpy", "pillow", "device", "threads", "weights"):
                value = evaluation.measured.versions.get(name)
                if isinstance(value, dict):
                    found[name] = {**dict(found.get(name, {})), **value}  # type: ignore[call-overload]
                elif value is not None:
                    found[name] = value
    return found


def _charts(study: Study) -> list[tuple[str, Markup, list[tuple[Markup, str]]]]:
    """Held-out predictions over ratings, a chart for each database, with a legend."""
    charts = []
    for name in study.databases:
        found = study.networks.get((name, study.main.name, PSNR))
        if found is not None:
            title = f"{published().databases[name]['title']}, {study.main.title}, held-out"
            charts.append((title, _scatter(found[HELD_OUT], title), _legend()))
    return charts


def _legend() -> list[tuple[Markup, str]]:
    return [(sample(look), kind) for look, kind in enumerate(published().types)]


def _scatter(evaluation: Evaluation, title: str) -> Markup:
    part = Predictions.pooled(evaluation.predictions)
    groups = []
    for look, kind in enumerate(published().types):
        own = part.of_type(kind)
        groups.append(Group(look, list(zip(own.raw.score.tolist(), own.quality.tolist(), strict=True)), own.names))
    ends = widened([*part.raw.score.tolist(), *part.quality.tolist()])
    axes = ("predicted quality", "quality by people")
    return scatter(
        f"Ratings over predictions: {title}", groups, axes, (ends, ends), [(ends[0], ends[0]), (ends[1], ends[1])]
    )
