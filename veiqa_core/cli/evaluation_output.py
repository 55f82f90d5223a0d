"""An evaluation as table, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.marks import begins
from ..files.paths import display_name
from ..text import json_text, printable
from .grids import Rows, columns, pipes

if TYPE_CHECKING:
    from ..evaluation.evaluate import Evaluation
    from ..evaluation.figures import Figures

_NAMES = ("plcc", "srocc", "krocc", "rmse")
_HEAD = ("type", "n", "contents", *(name.upper() for name in _NAMES), "in interval")
_ABSENT = "-"


def table(evaluation: Evaluation) -> str:
    """For people."""
    return _blocks(evaluation, "", columns)


def markdown(evaluation: Evaluation) -> str:
    """For a report."""
    return _blocks(evaluation, "- ", pipes)


def _blocks(evaluation: Evaluation, bullet: str, grid: Callable[[Rows], list[str]]) -> str:
    blocks = [
        "\n".join(f"{bullet}{printable(line)}" for line in _about(evaluation)),
        "\n".join(grid([_HEAD, *_rows(evaluation)])),
        _after(evaluation),
        "\n".join(grid(_mapping_rows(evaluation))),
        _type_accuracy(evaluation),
        "\n".join(f"{bullet}{printable(line)}" for line in _notes(evaluation)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def as_json(evaluation: Evaluation) -> str:
    """For programs; what is not available is null."""
    return json_text(evaluation.to_dict(), indent=2) + "\n"


def comma_separated(evaluation: Evaluation) -> str:
    """One row for each type and one for all; what is not available is empty."""
    from ..evaluation.provenance import precision_of

    precision = precision_of(evaluation.measured.versions)
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    ends = [f"{name}_{end}" for name in _NAMES for end in ("low", "high")]
    mapped = [f"{name}_{figure}" for name in evaluation.overall.mappings for figure in ("plcc", "rmse")]
    figure_columns = ("type", "n", "contents", *_NAMES, "mapping", "fit", *ends, *mapped)
    rows.writerow([*figure_columns, "coverage90", "missing", "protocol", "recipe", "precision"])
    for kind, figures in _groups(evaluation).items():
        intervals = [end for name in _NAMES for end in (figures.intervals[name] or (None, None))]
        after = [values[figure] for values in figures.mappings.values() for figure in ("plcc", "rmse")]
        values = [figures.values[name] for name in _NAMES]
        rows.writerow(
            [
                *(kind, figures.count, figures.contents, *values, figures.mapping, figures.fit, *intervals, *after),
                *(figures.coverage, "; ".join(f"{name}: {why}" for name, why in figures.missing.items())),
                *(evaluation.protocol["split"], evaluation.recipe, precision),
            ]
        )
    return stream.getvalue()


def is_evaluation(path: Path) -> bool:
    """Whether a file holds an evaluation, in any of the formats."""
    return begins(
        path, "(- )?recipe:   ", r'\{\n  "n": \d+,\n  "overall": ', f"type,n,contents,{','.join(_NAMES)},mapping"
    )


FORMATS: Mapping[str, Callable[[Evaluation], str]] = {
    "table": table,
    "json": as_json,
    "csv": comma_separated,
    "md": markdown,
}


def _groups(evaluation: Evaluation) -> dict[str, Figures]:
    return {**evaluation.by_distortion, "overall": evaluation.overall}


def _about(evaluation: Evaluation) -> list[str]:
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
            *(_with_interval(figures, name) for name in _NAMES),
            _ABSENT if figures.coverage is None else f"{100 * figures.coverage:.0f} %",
        )
        for kind, figures in _groups(evaluation).items()
    ]


def _with_interval(figures: Figures, name: str) -> str:
    value, interval = figures.values[name], figures.intervals[name]
    if value is None:
        return _ABSENT
    ends = "" if interval is None else f" ({interval[0]:z.2f}, {interval[1]:z.2f})"
    return (f"{value:.2f}" if name == "rmse" else correlation(value)) + ends


def correlation(value: float) -> str:
    """Three digits, or as many more as it takes to show that it is not 1; no minus before zero."""
    digits = next((digits for digits in range(3, 9) if abs(value) == 1 or round(abs(value), digits) < 1), 9)
    return f"{value:z.{digits}f}"


def _after(evaluation: Evaluation) -> str:
    overall = evaluation.overall
    mapping = "the recipe's own scores" if overall.mapping == "none" else f"scores after {overall.mapping}"
    if overall.spread:
        ends = "; median over the splits; in parentheses quartiles over the splits"
    elif any(overall.intervals.values()):
        ends = "; in parentheses 95 % bootstrap intervals by content"
    else:
        ends = ""
    return f"PLCC and RMSE: {mapping}, {overall.fit}{ends}."


def _mapping_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    names = list(evaluation.overall.mappings)
    head = ("PLCC, RMSE after", *(f"{name} ({evaluation.overall.mappings[name]['fit']})" for name in names))
    rows = [(kind, *(_pair(figures.mappings[name]) for name in names)) for kind, figures in _groups(evaluation).items()]
    return [head, *rows]


def _pair(values: Mapping[str, float | str | None]) -> str:
    plcc, rmse = values["plcc"], values["rmse"]
    first = _ABSENT if plcc is None else correlation(float(plcc))
    return f"{first}, {_ABSENT if rmse is None else f'{rmse:.2f}'}"


def _type_accuracy(evaluation: Evaluation) -> str:
    reported = evaluation.type_accuracy
    if reported is None:
        return ""
    each = ", ".join(f"{kind} {100 * reported.right(kind):.0f} %" for kind in reported.confusion)
    of = (
        f"{reported.images} images"
        if reported.count == reported.images
        else f"{reported.count} tests of {reported.images} images"
    )
    return printable(
        f"Distortion type predicted correctly: {100 * reported.accuracy:.0f} % of {of}, {reported.fit}; {each}."
    )


def _notes(evaluation: Evaluation) -> list[str]:
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
