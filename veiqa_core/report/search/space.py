"""What a report says of the whole space: what matters in it, the ranking, what the folds chose, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from ...contracts import FloatArray
from ...page.markup import MISSING, Column, Html, counted, definitions, fold, key, number, scrolled, table, tag
from ...search.candidates import Candidate
from .telling import Teller, called

RANKED = 500
"""So many candidates at most stand in the ranking."""

_CELLS = 15_000
"""So many cells of heat tables can be on a page."""

_KINDS = {"PRI": "pri", "network": "extractor", "explainer": "explainer", "metric": "metric"}
_PAIRS = (("layer", "metric"), ("PRI", "explainer"))

Labels = Mapping[str, Sequence[str | None]]
"""For each axis the place of every candidate on it."""


def matters(teller: Teller) -> Html:
    """Heat tables of the best objective: for each winner, and of the mean where there are several."""
    axes = _axes(teller.search.candidates)
    figures = {called(kind): winner.selection.figures for kind, winner in teller.search.winners.items()}
    parts = [tag("h2", "What matters in the space"), tag("p", _reading(teller))]
    if len(figures) == 1:
        return tag("section", *parts, *(_heats(teller, axes, own) for own in figures.values()), id="matters")
    mean = np.mean(list(figures.values()), axis=0)
    parts += [tag("h3", "Mean over the types"), _heats(teller, axes, mean), tag("h3", "Each type")]
    cells = sum(len(set(zip(axes[down], axes[across], strict=True))) for down, across in _pairs(axes))
    room = max(1, _CELLS // max(cells, 1))
    parts += [fold(name, _heats(teller, axes, own)) for name, own in list(figures.items())[:room]]
    if room < len(figures):
        parts.append(
            tag("p", f"The other {len(figures) - room} types would make this page too large; see results.csv.")
        )
    return tag("section", *parts, id="matters")


def _heats(teller: Teller, axes: Labels, figures: FloatArray) -> Html:
    return tag("div", *(_best(teller, axes, pair, figures) for pair in _pairs(axes)), class_="heats")


def _reading(teller: Teller) -> str:
    return (
        f"Each cell is the best {teller.name} of all candidates that share its row and its column, on the images that "
        "the winner was chosen on; a stronger colour is better, and cells are empty where nothing was measured. A best "
        "of many flatters, the more so the more candidates a cell has."
    )


def ranking(teller: Teller) -> Html:
    """Every candidate, or the best of them, best first."""
    search = teller.search
    figures = np.stack([winner.selection.figures for winner in search.winners.values()])
    mean = figures.mean(axis=0)
    order = sorted(range(len(search.candidates)), key=lambda c: (-_or_last(mean[c]), teller.key(c)))[:RANKED]
    names = [teller.name] if len(figures) == 1 else [f"{teller.name} {called(kind)}" for kind in search.winners]
    means = [f"mean {teller.name}"] if len(figures) > 1 else []
    columns = [Column("Rank"), Column("Branch", numeric=False, head=True)]
    columns += map(Column, [*means, *names, "GFLOP", "Degenerate", "Failed"])
    rows = [
        [
            str(place),
            key(teller.key(column)),
            *([teller.figure(mean[column])] if means else []),
            *(teller.figure(figure) for figure in figures[:, column]),
            teller.work(column),
            str(int(search.matrix.flagged[column])),
            str(search.matrix.failures[column].images if column in search.matrix.failures else 0),
        ]
        for place, column in enumerate(order, 1)
    ]
    caption = (
        f"{_how_many(len(order), len(search.candidates))} GFLOP: operations of the networks for one image. Degenerate: "
        "images with an explanation that is the same everywhere or otherwise says nothing. Failed: images on which the "
        "candidate failed."
    )
    ranked = table(
        caption, columns, rows, class_="sortable", data_filter="Only branches with", data_example="gradcam psnr"
    )
    return tag("section", tag("h2", "Ranking"), ranked, id="ranking")


def _how_many(shown: int, of: int) -> str:
    if shown == of:
        return f"All {counted(of, 'candidate')}, best first."
    return f"The best {shown} of {counted(of, 'candidate')}; all of them are in results.csv."


def _or_last(value: float) -> float:
    return float(value) if np.isfinite(value) else -np.inf


def stability(teller: Teller) -> Html | None:
    """What was chosen without each part of the contents."""
    search = teller.search
    if not search.folds:
        return None
    rows = []
    for kind, winner in search.winners.items():
        folds = [fold for fold in search.folds if fold.kind == kind]
        times = Counter(column for fold in folds for column in fold.chosen)
        for column, count in sorted(times.items(), key=lambda item: (-item[1], teller.key(item[0]))):
            own = "yes" if column in winner.selection.chosen else "no"
            rows.append([called(kind), key(teller.key(column)), _share(count, len(folds)), own])
    columns = [
        Column("Type", numeric=False),
        Column("Branch", numeric=False, head=True),
        Column("Chosen in", numeric=False),
        Column("In the winner", numeric=False),
    ]
    return tag(
        "section",
        tag("h2", "What the folds chose"),
        tag("p", _steadiness(teller)),
        table("Branches chosen without a part of the contents, and how often.", columns, rows),
        id="folds",
    )


def _steadiness(teller: Teller) -> str:
    search = teller.search
    same = sum(fold.chosen == search.winners[fold.kind].selection.chosen for fold in search.folds)
    return (
        f"{same} of {counted(len(search.folds), 'choice')} made without a part of the contents are the winner’s very "
        "recipe. The more they differ, the less the winner itself means, even where its figures hold."
    )


def _share(count: int, of: int) -> Html:
    bar = tag("span", "", class_="bar", style=f"--v:{count / of:.3f}", aria_hidden="true")
    return tag("span", f"{count} of {of}", bar, class_="share")


def cost(teller: Teller) -> Html:
    """Operations by explainer and layer, and how many stages there are."""
    search = teller.search
    height, width = search.cost_size[1], search.cost_size[0]
    axes = _axes(search.candidates)
    heat = _heat(
        "Operations for one image and its PRI by layer and explainer, in GFLOP; a stronger colour is more.",
        axes["layer"],
        axes["explainer"],
        search.costs / 1e9,
        number,
    )
    return tag(
        "section",
        tag("h2", "Cost"),
        tag(
            "p",
            f"Operations of the networks as PyTorch counts them, in convolutions and matrix products forward and "
            f"backward, for one image of {width} × {height} pixels and its PRI. PRIs and metrics do not count.",
        ),
        heat,
        tag(
            "p", "Stages of the whole space for one image, each of which is run once however many candidates share it:"
        ),
        definitions(((name, str(count)) for name, count in _stages(search.candidates).items()), class_="facts"),
        id="cost",
    )


def _stages(candidates: Sequence[Candidate]) -> Mapping[str, int]:
    branches = [candidate.branch for candidate in candidates]
    seen = {(b.extractor, b.explainer, b.layer) for b in branches}
    return {
        "PRIs": len({b.pri for b in branches}),
        "Images through networks": len(
            {(b.extractor, b.pri) for b in branches} | {(b.extractor, None) for b in branches}
        ),
        "Explanations": len({(b.pri, b.extractor, b.explainer, b.layer) for b in branches}) + len(seen),
        "Comparisons": len(set(branches)),
    }


def _axes(candidates: Sequence[Candidate]) -> Labels:
    """Where candidates stand: components with what varies of them, layers with their network where it varies."""
    axes: dict[str, Sequence[str | None]] = {
        axis: [_component(candidate, kind) for candidate in candidates] for axis, kind in _KINDS.items()
    }
    several = len(set(axes["network"])) > 1
    axes["layer"] = [
        " ".join([*([str(network)] if several else []), str(candidate.coordinates.get("layer", "(input)"))])
        for candidate, network in zip(candidates, axes["network"], strict=True)
    ]
    for axis in ("scale", "size"):
        axes[axis] = [str(candidate.coordinates.get(axis, "")) for candidate in candidates]
    return axes


def _component(candidate: Candidate, kind: str) -> str | None:
    name = candidate.coordinates.get(kind)
    own = [(at.removeprefix(f"{kind}."), v) for at, v in candidate.coordinates.items() if at.startswith(f"{kind}.")]
    return None if name is None else " ".join([str(name), *(f"{at}={value}" for at, value in own)])


def _pairs(axes: Labels) -> Iterator[tuple[str, str]]:
    """Which axes are crossed: those of which at least one varies."""
    vary = {axis for axis, labels in axes.items() if len(set(labels)) > 1}
    for pair in _PAIRS:
        if vary & set(pair):
            yield pair
    rest = [axis for axis in ("network", "scale", "size") if axis in vary]
    if len(rest) == 1:
        yield rest[0], "explainer" if rest == ["network"] else "metric"
    elif rest:
        yield rest[0], rest[1]


def _best(teller: Teller, axes: Labels, pair: tuple[str, str], figures: FloatArray) -> Html:
    caption = f"Best {teller.name} by {pair[0]} and {pair[1]}."
    return _heat(caption, axes[pair[0]], axes[pair[1]], figures, teller.figure)


def _heat(
    caption: str,
    down: Sequence[str | None],
    across: Sequence[str | None],
    values: FloatArray,
    shown: Callable[[float], Html],
) -> Html:
    """A table of the largest values of each crossing, coloured from the smallest of them to the largest."""
    best: dict[tuple[str | None, str | None], float] = {}
    for place, value in enumerate(values):
        if np.isfinite(value):
            at = down[place], across[place]
            best[at] = max(best.get(at, -np.inf), float(value))
    low, high = min(best.values(), default=0.0), max(best.values(), default=0.0)
    columns = list(dict.fromkeys(across))
    heads = [tag("th", name or MISSING, scope="col") for name in columns]
    rows = [
        tag(
            "tr",
            tag("th", name or MISSING, scope="row"),
            *(_hot(best.get((name, column)), low, high, shown) for column in columns),
        )
        for name in dict.fromkeys(down)
    ]
    return scrolled(
        tag(
            "table",
            tag("caption", caption),
            tag("thead", tag("tr", tag("td", ""), *heads)),
            tag("tbody", *rows),
            class_="heat",
        )
    )


def _hot(value: float | None, low: float, high: float, shown: Callable[[float], Html]) -> Html:
    if value is None:
        return tag("td", "")
    share = (value - low) / (high - low) if high > low else 0.5
    return tag("td", shown(value), style=f"--v:{share:.2f}")
