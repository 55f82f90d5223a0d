"""An evaluation as table, Markdown, LaTeX, CSV or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.marks import begins
from ..files.paths import display_name
from ..text import json_text, printable
from .grids import Rows, columns, pipes, tabular

if TYPE_CHECKING:
    from ..evaluation.evaluate import Evaluation
    from ..evaluation.figures import Figures

NAMES = ("plcc", "srocc", "krocc", "rmse")
_HEAD = ("type", "n", "contents", *(name.upper() for name in NAMES), "in interval")
_ABSENT = "-"


def table(evaluation: Evaluation) -> str:
    """For people."""
    return _blocks(evaluation, "", columns)


def markdown(evaluation: Evaluation) -> str:
    """For a report."""
    return _blocks(evaluation, "- ", pipes)


def latex(evaluation: Evaluation) -> str:
    """For a paper: tables, and what is to be known of them as comments."""
    return _blocks(evaluation, "% ", tabular, prose="% ")


def _blocks(evaluation: Evaluation, bullet: str, grid: Callable[[Rows], list[str]], prose: str = "") -> str:
    return joined(
        bulleted(bullet, about(evaluation)),
        grid([_HEAD, *_rows(evaluation)]),
        bulleted(prose, _after(evaluation)),
        grid(_mapping_rows(evaluation)),
        bulleted(prose, _type_accuracy(evaluation)),
        bulleted(bullet, notes(evaluation)),
    )


def bulleted(bullet: str, lines: Iterable[str]) -> list[str]:
    """Lines with something before each."""
    return [f"{bullet}{printable(line)}" for line in lines]


def joined(*blocks: Sequence[str]) -> str:
    """Blocks of lines with an empty line between them."""
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def as_json(evaluation: Evaluation) -> str:
    """For programs; what is not available is null."""
    return json_text(evaluation.to_dict(), indent=2) + "\n"


def comma_separated(evaluation: Evaluation) -> str:
    """One row for each type and one for all; what is not available is empty."""
    from ..evaluation.rows import of_evaluation

    rows = list(of_evaluation(evaluation))
    return separated([rows[0], *(row.values() for row in rows)])


def separated(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def is_evaluation(path: Path) -> bool:
    """Whether a file holds an evaluation, in any of the formats."""
    return begins(
        path,
        r"([-%] )?(recipe:   |compared: \S+@[0-9a-f]{12})",
        r'\{\n  "n": \d+,\n  "overall": ',
        r'\{\n  "datasets": ',
        f"(dataset,competitor,versus,)?type,n,contents,{','.join(NAMES)},",
    )


FORMATS: Mapping[str, Callable[[Evaluation], str]] = {
    "table": table,
    "json": as_json,
    "csv": comma_separated,
    "md": markdown,
    "latex": latex,
}


def _groups(evaluation: Evaluation) -> dict[str, Figures]:
    return {**evaluation.by_distortion, "overall": evaluation.overall}


def about(evaluation: Evaluation) -> list[str]:
    """What was evaluated on what, and how."""
    rated = evaluation.measured.rated
    low, high = rated.ratings.range
    flip = "" if rated.ratings.score_type == "mos" else f", turned into {high:g} - DMOS"
    protocol = ", ".join(
        f"{name} {value}" for name, value in evaluation.protocol.items() if name not in ("split", "refits", "train")
    )
    how = f"{evaluation.protocol['split']}{f' ({protocol})' if protocol else ''}"
    what = "the mapper is refitted" if evaluation.overall.mapping == "none" else "only the mappings below are refitted"
    refits = what if evaluation.protocol["refits"] else "nothing is refitted"
    train: Any = evaluation.protocol.get("train", ())
    other = [f"train:    {one['dataset']} in {one['path']}, {one['n']} images" for one in train]
    where, kind = display_name(rated.root), rated.ratings.score_type.upper()
    return [
        f"recipe:   {evaluation.recipe}",
        f"dataset:  {rated.name} in {where}; {kind} from {low:g} to {high:g}{flip}",
        *other,
        f"protocol: {how}; {refits}",
    ]


def _rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    return [
        (
            kind,
            str(figures.count),
            str(figures.contents),
            *(with_interval(figures, name) for name in NAMES),
            _ABSENT if figures.coverage is None else f"{100 * figures.coverage:.0f} %",
        )
        for kind, figures in _groups(evaluation).items()
    ]


def with_interval(figures: Figures, name: str) -> str:
    """A figure, and its interval where there is one."""
    value, interval = figures.values[name], figures.intervals[name]
    if value is None:
        return _ABSENT
    ends = "" if interval is None else f" ({interval[0]:z.2f}, {interval[1]:z.2f})"
    return (f"{value:.2f}" if name == "rmse" else correlation(value)) + ends


def correlation(value: float) -> str:
    """Three digits, or as many more as it takes to show that it is not 1; no minus before zero."""
    digits = next((digits for digits in range(3, 9) if abs(value) == 1 or round(abs(value), digits) < 1), 9)
    return f"{value:z.{digits}f}"


def _after(evaluation: Evaluation) -> list[str]:
    overall = evaluation.overall
    mapping = "the recipe's own scores" if overall.mapping == "none" else f"scores after {overall.mapping}"
    if overall.spread:
        ends = "; median over the splits; in parentheses quartiles over the splits"
    elif any(overall.intervals.values()):
        ends = "; in parentheses 95 % bootstrap intervals by content"
    else:
        ends = ""
    return [f"PLCC and RMSE: {mapping}, {overall.fit}{ends}."]


def _mapping_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    names = list(evaluation.overall.mappings)
    head = ("PLCC, RMSE after", *(f"{name} ({evaluation.overall.mappings[name]['fit']})" for name in names))
    rows = [(kind, *(_pair(figures.mappings[name]) for name in names)) for kind, figures in _groups(evaluation).items()]
    return [head, *rows]


def _pair(values: Mapping[str, float | str | None]) -> str:
    plcc, rmse = values["plcc"], values["rmse"]
    first = _ABSENT if plcc is None else correlation(float(plcc))
    return f"{first}, {_ABSENT if rmse is None else f'{rmse:.2f}'}"


def _type_accuracy(evaluation: Evaluation) -> list[str]:
    reported = evaluation.type_accuracy
    if reported is None:
        return []
    each = ", ".join(f"{kind} {100 * reported.right(kind):.0f} %" for kind in reported.confusion)
    of = (
        f"{reported.images} images"
        if reported.count == reported.images
        else f"{reported.count} tests of {reported.images} images"
    )
    return [f"Distortion type predicted correctly: {100 * reported.accuracy:.0f} % of {of}, {reported.fit}; {each}."]


def notes(evaluation: Evaluation) -> list[str]:
    """What is to be known of the figures, and of images that are left out."""
    measured = evaluation.measured
    lines = [f"note: {note}" for note in evaluation.notes]
    if measured.skipped:
        what = ", ".join(f"{kind} {count}" for kind, count in measured.skipped.items())
        lines.append(f"skipped, as no recipe is for their type: {what}")
    if measured.flagged:
        lines.append(f"degenerate maps (all zero or constant): in {measured.flagged} images")
    if measured.failed:
        lines.append(f"failed: {len(measured.failed)} images")
    return lines
