"""Several competitors, on one dataset or several, as table, Markdown, LaTeX, CSV or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..text import json_text, p_value
from .evaluation_output import (
    FORMATS,
    NAMES,
    about,
    bulleted,
    correlation,
    joined,
    notes,
    separated,
    with_interval,
)
from .grids import Rows, columns, pipes, tabular

if TYPE_CHECKING:
    from ..evaluation.comparison import Comparison, Study
    from ..evaluation.differences import Difference, Pair

_ABSENT = "-"
SHORT_TESTS = {"plcc": "Williams", "srocc": "Meng", "rmse": "F"}
"""The tests of :data:`~veiqa_core.evaluation.differences.TESTS` by the names that people know them by."""
_FIGURES = tuple(name.upper() for name in NAMES)


def written(study: Study, form: str) -> str:
    """A study in a format of :data:`.evaluation_output.FORMATS`; a single evaluation as that module writes it."""
    single = study.single
    if single is not None:
        return FORMATS[form](single)
    if form == "json":
        return json_text(study.to_dict(), indent=2) + "\n"
    if form == "csv":
        return separated(_csv(study))
    bullet, grid, prose = _LOOKS[form]
    return joined(*_blocks(study, bullet, grid, prose))


_LOOKS: Mapping[str, tuple[str, Callable[[Rows], list[str]], str]] = {
    "table": ("", columns, ""),
    "md": ("- ", pipes, ""),
    "latex": ("% ", tabular, "% "),
}


def _blocks(study: Study, bullet: str, grid: Callable[[Rows], list[str]], prose: str) -> Iterator[list[str]]:
    yield bulleted(bullet, [f"compared: {', '.join(own.recipe for own in study.datasets[0].evaluations.values())}"])
    for one in study.datasets:
        refitted = (own for own in one.evaluations.values() if own.overall.mapping == "none")
        yield bulleted(bullet, about(next(refitted, one.first))[1:])
        yield grid([("competitor", "n", "contents", *_FIGURES, "in interval", "PLCC, RMSE of"), *_figures(one)])
        if len(one.first.by_distortion) > 1:
            yield grid([("SROCC", *one.first.by_distortion), *_by_type(one)])
        if one.pairs:
            yield grid([("difference of", *_FIGURES), *map(_pair, one.pairs)])
            if not one.first.overall.spread:
                yield grid([_P_HEAD, *map(_p_values, one.pairs)])
            yield bulleted(prose, [pair.in_words for pair in one.pairs])
            yield bulleted(prose, _tests(one))
        yield bulleted(bullet, _notes(one))
    if len(study.datasets) > 1:
        yield grid([("mean over datasets", "PLCC", "SROCC", "KROCC"), *_means(study)])
        yield bulleted(prose, ["Means over the datasets are weighted by their numbers of images."])


def _figures(one: Comparison) -> Iterator[tuple[str, ...]]:
    for name, own in one.evaluations.items():
        overall = own.overall
        covered = _ABSENT if overall.coverage is None else f"{100 * overall.coverage:.0f} %"
        after = "own scores" if overall.mapping == "none" else f"after {overall.mapping}"
        each = (with_interval(overall, figure) for figure in NAMES)
        yield name, str(overall.count), str(overall.contents), *each, covered, f"{after}, {overall.fit}"


def _by_type(one: Comparison) -> Iterator[tuple[str, ...]]:
    kinds = list(one.first.by_distortion)
    for name, own in one.evaluations.items():
        values = [own.by_distortion[kind].values["srocc"] if kind in own.by_distortion else None for kind in kinds]
        yield name, *(_ABSENT if value is None else correlation(value) for value in values)


def _pair(pair: Pair) -> tuple[str, ...]:
    own = pair.differences
    return _named(pair), *(_difference(own[name], 2 if name == "rmse" else 3) for name in NAMES)


def _named(pair: Pair) -> str:
    return f"{pair.first} - {pair.second}"


_P_HEAD = ("p of", "SROCC", "SROCC, Holm", *(f"{name.upper()}, {test}" for name, test in SHORT_TESTS.items()))


def _p_values(pair: Pair) -> tuple[str, ...]:
    srocc = pair.differences["srocc"]
    tests = (pair.differences[name].test for name in SHORT_TESTS)
    return _named(pair), _p(srocc.p), _p(srocc.p_holm), *(_p(None if test is None else test.p) for test in tests)


def _difference(own: Difference, digits: int) -> str:
    if own.value is None:
        return _ABSENT
    ends = "" if own.interval is None else f" ({own.interval[0]:z.{digits}f}, {own.interval[1]:z.{digits}f})"
    return f"{own.value:+z.{digits}f}{ends}"


def _p(value: float | None) -> str:
    return _ABSENT if value is None else p_value(value)


def _tests(one: Comparison) -> list[str]:
    """What differences and p values are."""
    if one.first.overall.spread:
        return []
    return [
        "Differences with 95 % intervals, and the first two p: paired bootstrap by content. Competitors are told apart",
        "where p of SROCC after Holm's correction for the pairs is below 0.05. The other tests take images for",
        "independent and are not corrected: Williams; Meng, Rosenthal and Rubin; F of the variances of residuals.",
    ]


def _notes(one: Comparison) -> Iterator[str]:
    """Those on the comparison, then those on competitors: what holds for all of them once."""
    yield from (f"note: {note}" for note in one.notes)
    each = {name: notes(own) for name, own in one.evaluations.items()}
    for line in dict.fromkeys(line for own in each.values() for line in own):
        having = [name for name, own in each.items() if line in own]
        yield line if len(having) == len(each) else f"{', '.join(having)}: {line}"


def _means(study: Study) -> Iterator[tuple[str, ...]]:
    for name, values in study.means().items():
        yield (
            name,
            *(_ABSENT if (value := values[key]) is None else correlation(value) for key in ("plcc", "srocc", "krocc")),
        )


def _csv(study: Study) -> Iterator[list[object]]:
    """A row for each dataset, competitor and type, then for each two competitors, whose figures are differences."""
    from ..evaluation import rows

    found: list[rows.Row] = []
    for one in study.datasets:
        found += rows.figures_of(one)
        found += ({**row, "type": "overall"} for row in rows.differences_of(one))
    first = ("dataset", "competitor", "versus")
    p_values = [
        *(f"{name}_{p}" for name in NAMES for p in ("p", "p_holm")),
        *(f"{name}_test_p" for name in SHORT_TESTS),
    ]
    head = [*first, *(name for name in found[0] if name not in first), *p_values]
    yield [*head]
    for row in found:
        yield [row.get(name) for name in head]
