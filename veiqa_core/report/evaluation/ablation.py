"""An ablation as a page: one file that loads nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ...evaluation.ablation import KINDS, Ablation, Part
from ...files.paths import display_name
from ...page import svg
from ...page.document import CHARTS, Look, Section, document
from ...page.formatting import flat, number


def page(done: Ablation) -> Iterator[str]:
    """The page in pieces."""
    kinds = [kind for kind in KINDS if any(part.kind == kind for part in done.parts)]
    sections = [Section("parts", "Parts", [_kind(done, kind) for kind in kinds])]
    versions = list(flat(done.measured.versions))
    sections.append(Section("notes", "Notes", {"notes": done.remarks, "versions": versions}))
    heading = f"What the parts of {done.measured.recipes.name} bring"
    rated = done.measured.rated
    return document(
        "report/evaluation/templates/ablation.html.jinja",
        f"{heading} – VEIQA",
        Look("ablation", CHARTS),
        sections,
        heading=heading,
        facts=[
            ("Recipe", done.recipe),
            ("Dataset", f"{rated.name} in {display_name(rated.root)}"),
            ("Images", f"{len(done.measured.table)} of {done.contents} contents"),
            ("Protocol", ", ".join(f"{name} {value}" for name, value in done.protocol.items() if name != "refits")),
        ],
        whole=done.parts[0],
    )


def _kind(done: Ablation, kind: str) -> dict[str, object]:
    own = [part for part in done.parts if part.kind == kind]
    dots = [_dot(part) for part in own]
    known = [value for dot in dots for value in (dot.value, *(dot.ends or ())) if value is not None]
    label = f"What SROCC gains or loses by each {kind} left out or alone; the numbers are in the table."
    chart = svg.figures(label, dots, "difference of SROCC to the whole recipe", svg.widened([0.0, *known]))
    return {"kind": kind, "rows": own, "chart": chart}


def _dot(part: Part) -> svg.Dot:
    name = f"{part.value} alone" if part.alone else f"without {part.value}"
    return svg.Dot(name, part.difference, part.interval, number(part.difference), "held" if part.alone else "other")
