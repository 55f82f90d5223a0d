"""An evaluation as a page: one file that loads nothing, for one recipe or several, on one dataset or more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...devices import Device
from ...evaluation.comparison import Comparison, Study
from ...evaluation.evaluate import Evaluation
from ...evaluation.rows import where
from ...page.document import CHARTS, Look, Section, document, read_text
from ...page.formatting import counted, flat
from .. import viewer
from .agreement import bland_altman, figures
from .competitor import competitor
from .ladders import climbed


def page(study: Study, device: Device | None = None) -> Iterator[str]:
    """The page in pieces; the pictures of a dataset's worst images, and their maps, are made while it is written.

    Args:
        device: where networks make the maps; None for none.
    """
    names = study.names
    heading = f"Evaluation of {names[0]}" if len(names) == 1 else f"Comparison of {counted(len(names), 'competitor')}"
    sections = [Section("figures", "Figures", [_dataset(one) for one in study.datasets])]
    if len(names) > 1:
        sections.append(Section("differences", "Differences", [_differences(one) for one in study.datasets]))
    sections.append(
        Section(
            "competitors",
            "Image by image",
            [competitor(name, own, device) for one in study.datasets for name, own in one.evaluations.items()],
        )
    )
    if any(study.ladders.values()):
        sections.append(Section("ladders", "Ladders", climbed(study.ladders)))
    notes = list(dict.fromkeys(note for one in study.datasets for note in _notes(one)))
    versions = list(flat(study.datasets[0].first.measured.versions))
    sections.append(Section("notes", "Notes", {"notes": notes, "versions": versions}))
    look = Look(
        "evaluation", CHARTS + viewer.STYLE + read_text(__package__, "evaluation.css"), viewer.SCRIPT, pictures=True
    )
    return document(
        "report/evaluation/templates/evaluation.html.jinja",
        f"{heading} – VEIQA",
        look,
        sections,
        heading=heading,
        recipes=[own.recipe for own in study.datasets[0].evaluations.values()],
        datasets=[where(one.first) for one in study.datasets],
        protocol=_protocol(study.datasets[0].first),
        means=study.means() if len(study.datasets) > 1 else None,
    )


def _protocol(own: Evaluation) -> str:
    given = ", ".join(f"{name} {value}" for name, value in own.protocol.items() if name not in ("refits", "train"))
    return f"{given}; {'refitted' if own.protocol['refits'] else 'nothing is refitted'}"


def _dataset(one: Comparison) -> dict[str, Any]:
    return {"where": where(one.first), **figures(one)}


def _differences(one: Comparison) -> dict[str, Any]:
    return {"where": where(one.first), "pairs": one.pairs, "charts": bland_altman(one)}


def _notes(one: Comparison) -> Iterator[str]:
    yield from one.notes
    for name, own in one.evaluations.items():
        yield from own.notes if len(one.evaluations) == 1 else (f"{name}: {note}" for note in own.notes)
