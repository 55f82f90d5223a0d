"""Which PRIs a recipe for unknown distortions needs: a bank chosen on one dataset and reported on another.

    python benchmarks/bank.py DATASET PATH --train DATASET PATH [--train ...] [--output bank.json]

DATASET and PATH hold people's ratings, as for ``veiqa evaluate``; the sets after ``--train`` are made from other
photographs (``veiqa datasets make``). PRIs are added one after another, each with all its branches of bank.toml, by the
SROCC of held-out contents of the sets after ``--train``: no rating of DATASET has a part in the choice. Each bank is
then reported on DATASET in two ways: fitted to the other sets alone, and to them and all other contents of DATASET.
Layers and metrics are left out in turn from the whole bank, to see what they bring.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
import numpy as np
from common import PATH, Given, on_rated_set, output_option, write
from numpy.typing import NDArray

from veiqa_core.datasets.rated_set import load
from veiqa_core.errors import UsageError
from veiqa_core.evaluation.agreement import plcc, srocc
from veiqa_core.evaluation.measured import MeasuredSet
from veiqa_core.evaluation.splits import Protocol, by_content
from veiqa_core.recipes.files import find
from veiqa_core.recipes.resolution import ResolvedBranch, ResolvedRecipe, resolve_all
from veiqa_core.scoring.mapping import fitted_prediction

TYPES = ("GB", "WN", "JPEG", "JP2K")
FOLDS = Protocol("kfold", folds=5)
Columns = NDArray[np.intp]


class Bank:
    """Similarities of both sides, and what a mapper makes of some of them."""

    def __init__(self, recipe: ResolvedRecipe, rated: MeasuredSet, others: Sequence[MeasuredSet]) -> None:
        if recipe.mapper is None:
            raise UsageError(f"recipe {recipe.name!r} has no mapper to fit")
        self._mapper = recipe.mapper
        self._first = len(rated.table)
        joined = rated.joined(others)
        table = joined.table
        self._x = joined.similarities(range(len(table)))
        self._quality, self._types = table.quality, np.array([str(kind) for kind in table.distortions])
        self._contents = table.contents

    def chosen_on(self, columns: Columns) -> float:
        """SROCC of the other sets' images, each fold predicted from the other contents."""
        others = np.arange(self._first, len(self._x))
        predicted = np.full(len(self._x), np.nan)
        for split in by_content(FOLDS, [self._contents[row] for row in others]):
            predicted[others[split.test]] = self._predict(columns, others[split.train], others[split.test])
        return float(srocc(predicted[others], self._quality[others]) or 0)

    def reported(self, columns: Columns) -> dict[str, dict[str, float]]:
        """Figures of the rated images: fitted elsewhere, and with all contents but their own as well."""
        rated, others = np.arange(self._first), np.arange(self._first, len(self._x))
        left_out = np.full(self._first, np.nan)
        for split in by_content(Protocol("loco"), self._contents[: self._first]):
            left_out[split.test] = self._predict(columns, np.concatenate([split.train, others]), split.test)
        return {
            "fitted elsewhere": self._figures(self._predict(columns, others, rated)),
            "one content left out": self._figures(left_out),
        }

    def _predict(self, columns: Columns, train: Columns, test: Columns) -> NDArray[np.float64]:
        x = self._x[:, columns]
        return fitted_prediction(self._mapper, x[train], self._quality[train], x[test]).score

    def _figures(self, predicted: NDArray[np.float64]) -> dict[str, float]:
        quality, types = self._quality[: self._first], self._types[: self._first]
        found = {"srocc": srocc(predicted, quality), "plcc": plcc(predicted, quality)}
        found["rmse"] = float(np.sqrt(np.mean((predicted - quality) ** 2)))
        return {name: float(value or 0) for name, value in found.items()} | {
            kind: float(srocc(predicted[types == kind], quality[types == kind]) or 0)
            for kind in TYPES
            if (types == kind).any()
        }


def forward(bank: Bank, groups: dict[str, Columns]) -> Iterator[tuple[str, float, Columns]]:
    """Groups of branches in the order in which each helps most, the figure reached, and the branches so far."""
    taken: list[str] = []
    while len(taken) < len(groups):
        reached = {name: bank.chosen_on(_joined(groups, [*taken, name])) for name in groups if name not in taken}
        best = max(reached, key=reached.__getitem__)
        taken.append(best)
        yield best, reached[best], _joined(groups, taken)


def _joined(groups: dict[str, Columns], names: Sequence[str]) -> Columns:
    return np.sort(np.concatenate([groups[name] for name in names]))


def _grouped(branches: Sequence[ResolvedBranch], name: Callable[[ResolvedBranch], str]) -> dict[str, Columns]:
    groups: dict[str, list[int]] = {}
    for index, branch in enumerate(branches):
        groups.setdefault(name(branch), []).append(index)
    return {key: np.array(rows, dtype=np.intp) for key, rows in groups.items()}


def line(name: str, chosen: float, figures: dict[str, dict[str, float]]) -> str:
    """A row of the table that is printed."""
    reported = [
        " ".join(f"{figures[way][figure]:.3f}" for figure in ("srocc", "plcc", *TYPES) if figure in figures[way])
        for way in figures
    ]
    return f"{name:<44} {chosen:.4f} | {' | '.join(reported)}"


@click.command()
@on_rated_set
@click.option("--train", type=(str, PATH), multiple=True, required=True)
@click.option("--recipe", default=str(Path(__file__).with_name("bank.toml")))
@output_option
def main(given: Given, train: tuple[tuple[str, Path], ...], recipe: str, output: Path | None) -> None:
    """Choose a bank of PRIs and report on it."""
    registry = given.registry
    sets = [given.rated, *(load(registry.part("dataset", name), folder) for name, folder in train)]
    recipes = resolve_all(find(recipe, registry), registry)
    rated, *others = given.measured(sets, recipes)
    resolved = recipes.recipes[None]
    bank = Bank(resolved, rated, others)
    rows = []

    def show(name: str, columns: Columns, chosen: float | None = None) -> None:
        reached = bank.chosen_on(columns) if chosen is None else chosen
        figures = bank.reported(columns)
        rows.append({"bank": name, "branches": len(columns), "chosen on": reached, **figures})
        click.echo(line(name, reached, figures))

    click.echo(f"{'bank':<44} chosen | fitted elsewhere: SROCC PLCC {' '.join(TYPES)} | one content left out: the same")
    for count, (name, reached, columns) in enumerate(forward(bank, _grouped(resolved.branches, _pri)), start=1):
        show(f"{count} PRIs: + {name}", columns, reached)
    everything = np.arange(len(resolved.branches), dtype=np.intp)
    for kind in (_layer, _metric):
        for name, columns in _grouped(resolved.branches, kind).items():
            show(f"only {name}", columns)
            show(f"without {name}", np.setdiff1d(everything, columns))
    write(json.dumps(rows, indent=1) + "\n", output)


def _pri(branch: ResolvedBranch) -> str:
    return branch.pri.key


def _layer(branch: ResolvedBranch) -> str:
    return str(branch.layer)


def _metric(branch: ResolvedBranch) -> str:
    return branch.metric.key


if __name__ == "__main__":
    main()
