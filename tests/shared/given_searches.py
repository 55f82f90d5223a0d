"""Searches whose similarities are given: what tests of choosing share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from veiqa_core.api import Component, NoParams
from veiqa_core.contracts import RatedImage, Ratings, SearchTask
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.devices import Device
from veiqa_core.errors import ComponentError, ImageError
from veiqa_core.extension.catalogue import Registered
from veiqa_core.extension.registry import Part, installed
from veiqa_core.measuring.branches.outcome import Measurement
from veiqa_core.measuring.executors.executor import Task, TaskResult
from veiqa_core.measuring.table import silent
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.recipes.resolution import resolve_branch
from veiqa_core.searching.candidates import Candidate
from veiqa_core.searching.choice import Selection, choose
from veiqa_core.searching.objective import Objective
from veiqa_core.searching.settings import SearchSettings
from veiqa_core.searching.trials import Trials

REGISTRY = installed()
LOGISTIC = REGISTRY.part("mapper", "veiqa:logistic5")
RIDGE = REGISTRY.part("mapper", "veiqa:ridge")
BRANCH = resolve_branch(Branch(pri=Choice("jpeg")), REGISTRY)


class GivenExecutor:
    """Delivers similarities from a table, and counts what was asked for."""

    meter = SimpleNamespace(device=Device(), precision="float32", runtime=lambda columns: "torch")

    def __init__(self, values: Any, failing: Any = None, unreadable: Iterable[str] = ()) -> None:
        self.values = np.asarray(values, dtype=float)
        self.failing = np.zeros(self.values.shape, dtype=bool) if failing is None else failing
        self.unreadable = set(unreadable)
        self.asked: list[tuple[str, tuple[int, ...]]] = []

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        for order in tasks:
            self.asked.append((order.name, order.wanted))
            row = int(order.name.removesuffix(".png"))
            if order.name in self.unreadable:
                yield TaskResult(order.name, None, {}, ImageError(f"{order.name}: torn"))
                continue
            yield TaskResult(order.name, f"digest{row}", {c: self._cell(row, c) for c in order.wanted})

    def _cell(self, row: int, column: int) -> Measurement:
        if self.failing[row, column]:
            return Measurement("key", None, error=ComponentError("it broke"))
        return Measurement("key", float(self.values[row, column]))


def rated_set(quality: Any, contents: int, types: Any = None) -> RatedSet:
    images = tuple(
        RatedImage(
            image=f"{row}.png",
            score=float(value),
            content=f"content {row % contents}",
            distortion=None if types is None else types[row],
        )
        for row, value in enumerate(quality)
    )
    return RatedSet("given", "given", Path("/nowhere"), Ratings(images=images, score_type="mos", range=(-9.0, 9.0)))


def given_trials(values: Any, quality: Any, contents: int = 10, **more: Any) -> tuple[Trials, GivenExecutor]:
    executor = GivenExecutor(values, **more)
    count = executor.values.shape[1]
    candidates = [Candidate(BRANCH, {"pri": "jpeg", "number": number}) for number in range(count)]
    trials = Trials.of(rated_set(quality, contents), candidates, executor, silent)  # type: ignore[arg-type]
    return trials, executor


def strategy_part(propose: Callable[[SearchTask], Any], monkeypatch: pytest.MonkeyPatch) -> Part:
    class Strategy:
        def __init__(self, params: Any) -> None: ...

        def propose(self, task: SearchTask) -> Any:
            return propose(task)

    component = Component(name="mine", summary="S.", factory="mine:Strategy", traits={"budget": "optional"})
    registered = Registered("strategy", component, "mine", "1")
    load = Registered.load
    monkeypatch.setattr(Registered, "load", lambda self: Strategy if self is registered else load(self))
    return Part(registered, NoParams())


def settings(name: str = "srocc", **more: Any) -> SearchSettings:
    given = {"strategy": REGISTRY.part("strategy", "exhaustive"), "mapper_of_many": RIDGE, **more}
    return SearchSettings(objective=Objective(name, LOGISTIC), **given)


def rows(trials: Trials) -> Any:
    return np.arange(len(trials.table.names), dtype=np.intp)


def chosen(trials: Trials, which: SearchSettings) -> Selection:
    return choose(which, trials, rows(trials), "all")
