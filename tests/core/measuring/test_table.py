"""The table of measurements: filled by executors, oriented, and put together row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import numpy as np

from veiqa_core.errors import ComponentError, ImageError
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.branches.outcome import Measurement
from veiqa_core.measuring.executors.executor import Task, TaskResult
from veiqa_core.measuring.quantity import Control, Similarity, signs
from veiqa_core.measuring.table import Failure, Measurements
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.recipes.resolution import resolve_branch

REGISTRY = installed()
ALIKE, APART = (resolve_branch(Branch(pri=Choice("jpeg"), metric=Choice(m)), REGISTRY) for m in ("psnr", "gmsd"))
QUANTITIES = (Similarity(ALIKE), Similarity(APART), Control(APART, REGISTRY.part("control", "pixels")))


class Given:
    """Gives one value to each image and quantity; ``torn.png`` cannot be read, and one quantity of ``b.png`` fails."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        for task in tasks:
            self.tasks.append(task)
            if task.name == "torn.png":
                yield TaskResult(task.name, None, {}, ImageError("torn.png: torn"))
            else:
                yield TaskResult(task.name, f"of {task.name}", {at: self.cell(task.name, at) for at in task.wanted})

    def cell(self, name: str, column: int) -> Measurement:
        if (name, column) == ("b.png", 1):
            return Measurement("key", None, error=ComponentError("it broke"))
        return Measurement("key", 2.0 + column, flags=("constant",) if column == 2 else ())


def table(*names: str, **more: Any) -> Measurements:
    quality = np.arange(len(names), dtype=np.float64)
    return Measurements(names=names, quality=quality, quantities=QUANTITIES, **more)


def filled(*names: str, **more: Any) -> Measurements:
    made = table(*names, **more)
    made.fill(Given(), dict.fromkeys(range(len(names)), (0, 1, 2)))  # type: ignore[arg-type]
    return made


def test_similarities_are_oriented_and_controls_are_not() -> None:
    made = filled("a.png")
    assert made.values.tolist() == [[2.0, -3.0, 4.0]]  # GMSD falls with similarity
    assert signs(QUANTITIES[:2]).tolist() == [1.0, -1.0]
    assert made.columns([QUANTITIES[1], QUANTITIES[0]]).tolist() == [1, 0]
    assert made.flagged.tolist() == [[False, False, True]]
    assert made.digests == ["of a.png"]


def test_what_was_measured_is_not_asked_for_again() -> None:
    given, made = Given(), table("a.png", "torn.png", "b.png")
    made.fill(given, {0: [0], 1: [0], 2: [1]})  # type: ignore[arg-type]
    made.fill(given, {0: [0, 2], 1: [0, 1], 2: [1]})  # type: ignore[arg-type]
    assert given.tasks[3:] == [Task("a.png", (2,))]  # neither what failed nor what cannot be read
    assert np.isnan(made.values[0, 1])


def test_what_fails_is_reported_with_its_image() -> None:
    made = filled("a.png", "torn.png", "b.png")
    assert made.usable(np.arange(3)).tolist() == [0, 2]
    assert [made.problem(row, [0, 1]) for row in range(3)] == [None, "torn.png: torn", "b.png: it broke"]
    assert made.problem(2, [0, 2]) is None
    assert made.failures == {1: Failure(1, 2, "b.png: it broke")}
    assert np.isnan(made.values[2, 1])
    assert made.measured[2, 1]


def test_rows_keep_all_that_is_known_of_them() -> None:
    first = filled("a.png", "torn.png", contents=("x", None), hints=(frozenset("h"), frozenset()))
    second = filled("b.png", "c.png", contents=("y", "y"), labels=("train", "test"))
    joined = first.joined(second)
    assert joined.names == ("a.png", "torn.png", "b.png", "c.png")
    assert joined.clusters == ("x", "torn.png", "y", "y")
    assert (joined.unread, joined.failures, joined.problems) == ({}, {}, {})
    assert joined.seen_ids([0, 3]) == {"x", "y", "h", "sha256:of a.png", "sha256:of c.png"}
    some = joined.select([3, 2])
    assert some.names == ("c.png", "b.png")
    assert some.labels == ("test", "train")
    whole = joined.select(range(4))
    for field in attrs.fields(Measurements):
        mine, other = getattr(whole, field.name), getattr(joined, field.name)
        assert np.array_equal(mine, other, equal_nan=True) if isinstance(mine, np.ndarray) else mine == other
