"""Tables of the paper with its figures and ours, as text: pages and Markdown show the same cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs
import numpy as np

from ..contracts import FloatArray
from ..evaluation.columns import Predictions
from ..evaluation.evaluate import Evaluation
from ..evaluation.resampling import Clusters, Counts, bootstrap
from ..evaluation.sampled import correlations
from ..page.formatting import DASH, interval, number
from .published import PSNR, PublishedMethod, published
from .study import HELD_OUT, IN_SAMPLE, Study

_SAMPLES, _SEED = 1000, 0


@attrs.frozen
class Cell:
    """A figure, and its interval below it where there is one."""

    text: str
    note: str = ""

    @property
    def line(self) -> str:
        """Both in one line."""
        return f"{self.text} ({self.note})" if self.note else self.text


@attrs.frozen
class Table:
    """A table of the paper.

    Attributes:
        id: its anchor.
        head: names of the columns; the first few name a row.
        named: how many columns name a row.
    """

    id: str
    title: str
    head: tuple[str, ...]
    named: int
    rows: tuple[tuple[Cell, ...], ...]


def tables(study: Study, wanted: frozenset[int]) -> list[Table]:
    """The tables that are wanted."""
    makers = {3: _by_type, 4: _by_network, 5: _by_metric, 6: _by_method, 7: _times}
    return [make(study) for number_, make in makers.items() if number_ in wanted]


def _titles(study: Study) -> Mapping[str, str]:
    return {name: str(values["title"]) for name, values in published().databases.items()}


def _by_type(study: Study) -> Table:
    def rows() -> Iterator[tuple[Cell, ...]]:
        for figure in ("plcc", "srocc", "rmse"):
            for name, title in _titles(study).items():
                yield _named(figure.upper(), title, "paper, in-sample", *_printed(published().tables[3][name][figure]))
                for main in study.mains:
                    for fit, evaluation in study.networks.get((name, main.name, PSNR), {}).items():
                        who = f"VEIQA, {main.title}, {fit}"
                        yield _named(figure.upper(), title, who) + _ours(evaluation, figure)

    title = "Table 3: by distortion type, PSNR"
    return Table("table-3", title, ("Figure", "Database", "Whose", *published().types), 3, tuple(rows()))


def _by_network(study: Study) -> Table:
    paper = published()

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, title in _titles(study).items():
            for network in (*paper.substitutes, *reversed(paper.networks)):
                if network.printed:
                    printed = _printed(paper.tables[4][name][network.printed])
                    yield _named(title, network.title, "paper, in-sample", *printed)
                for fit, evaluation in study.networks.get((name, network.name, PSNR), {}).items():
                    yield _named(title, network.title, f"VEIQA, {fit}") + _ours(evaluation, "plcc")

    return Table(
        "table-4", "Table 4: PLCC by network, PSNR", ("Database", "Network", "Whose", *paper.types), 3, tuple(rows())
    )


def _by_metric(study: Study) -> Table:
    paper = published()
    titles = _titles(study)

    def rows() -> Iterator[tuple[Cell, ...]]:
        for metric in paper.metrics:
            printed = [f"{paper.tables[5][metric][name]:g}" for name in titles]
            yield _named(metric.upper(), "paper, in-sample", *printed)
            for main in study.mains:
                keys = [(name, main.name, metric) for name in titles]
                for fit in (IN_SAMPLE, HELD_OUT) if any(key in study.networks for key in keys) else ():
                    ours = [
                        _mean(study.networks[key][fit], fit) if key in study.networks else Cell(DASH) for key in keys
                    ]
                    yield (*_named(metric.upper(), f"VEIQA, {main.title}, {fit}"), *ours)

    return Table(
        "table-5",
        "Table 5: PLCC by similarity measure, mean of the four types",
        ("Measure", "Whose", *titles.values()),
        2,
        tuple(rows()),
    )


def _by_method(study: Study) -> Table:
    paper = published()

    def rows() -> Iterator[tuple[Cell, ...]]:
        own = PublishedMethod("Proposed")
        for name, title in _titles(study).items():
            for method in (*paper.methods, own):
                yield _named(title, method.title, "paper", *_printed(paper.tables[6][name][method.title]))
                for fit, evaluation in study.methods.get((name, method.title), {}).items():
                    yield _named(title, method.title, f"VEIQA, {fit}") + _ours(evaluation, "plcc")
            for main in study.mains:
                for fit, evaluation in study.networks.get((name, main.name, PSNR), {}).items():
                    yield _named(title, own.title, f"VEIQA, {main.title}, {fit}") + _ours(evaluation, "plcc")

    return Table(
        "table-6",
        "Table 6: PLCC against other methods",
        ("Database", "Method", "Whose", *paper.types),
        3,
        tuple(rows()),
    )


def _times(study: Study) -> Table:
    printed = published().tables[7]
    own = {study.main.title: "Proposed"}
    cheapest = min((time.seconds for time in study.times if time.seconds is not None), default=1.0)

    def rows() -> Iterator[tuple[Cell, ...]]:
        for time in study.times:
            paper = printed.get(own.get(time.title, time.title))
            theirs = [DASH, DASH] if paper is None else [f"{paper:g}", f"{paper / min(printed.values()):.1f}"]
            ours = [DASH, DASH] if time.seconds is None else [f"{time.seconds:.3f}", f"{time.seconds / cheapest:.1f}"]
            yield _named(f"{time.title} (proposed)" if time.title in own else time.title, *theirs, *ours)

    title = "Table 7: seconds an image of 512x384, and how many times as long as the quickest"
    head = ("Method", "Paper, Core i5-2430M", "Ratio", "VEIQA here", "Ratio")
    return Table("table-7", title, head, 1, tuple(rows()))


def _named(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(text) for text in texts)


def _printed(values: list[float]) -> list[str]:
    return [f"{value:.3f}" for value in values]


def _ours(evaluation: Evaluation, figure: str) -> tuple[Cell, ...]:
    digits = 2 if figure == "rmse" else 3
    cells = []
    for kind in published().types:
        found = evaluation.by_distortion.get(kind)
        if found is None or found.values[figure] is None:
            cells.append(Cell(DASH))
        else:
            ends = found.intervals[figure]
            cells.append(Cell(number(found.values[figure], digits), "" if ends is None else interval(ends, digits)))
    return tuple(cells)


def _mean(evaluation: Evaluation, fit: str) -> Cell:
    """Mean PLCC over the types with its bootstrap interval, drawn by content over all types together."""
    part = Predictions.pooled(evaluation.predictions)
    scores = part.mapped_by_type["logistic5"] if fit == IN_SAMPLE else part.raw.score
    kinds = np.array(part.types)
    places = [np.flatnonzero(kinds == kind) for kind in published().types]
    taken = [
        correlations(scores[None, at], part.quality[at], Clusters.of([part.clusters[place] for place in at]))
        for at in places
    ]

    def mean(counts: Counts) -> Mapping[str, FloatArray]:
        each = [own(counts[:, at])[0] for own, at in zip(taken, places, strict=True)]
        return {"mean": np.mean(each, axis=0)}

    value = float(mean(np.ones((1, len(scores))))["mean"][0])
    ends = bootstrap(mean, part.clusters, times=_SAMPLES, seed=_SEED)["mean"]
    return Cell(number(value), "" if ends is None else interval(ends))
