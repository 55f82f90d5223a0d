"""The candidates of a search as a tree: one coordinate is chosen after another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs

Value = str | int | float | bool
Candidates = Sequence[Mapping[str, Value]]
Choices = tuple[Value | None, ...]


@attrs.frozen
class Fork:
    """A choice, and what each of its values leads to: another choice, or a candidate's index.

    Attributes:
        name: the coordinate and a digest of its values, so that the same name always has the same values.
        choices: the values that are left of the coordinate; None where a candidate has no such coordinate.
    """

    name: str
    choices: Choices
    ways: tuple[Fork | int, ...]


def grow(candidates: Candidates) -> Fork | int:
    """The tree of one candidate or more, its coordinates in the order in which they come."""
    return _grow(candidates, range(len(candidates)), frozenset())


def reach(tree: Fork | int, choose: Callable[[str, Choices], Value | None]) -> int:
    """The candidate to which the choices lead."""
    while isinstance(tree, Fork):
        tree = tree.ways[tree.choices.index(choose(tree.name, tree.choices))]
    return tree


def _grow(candidates: Candidates, left: Sequence[int], decided: frozenset[str]) -> Fork | int:
    if len(left) == 1:
        return left[0]
    coordinate = next((name for index in left for name in candidates[index] if name not in decided), None)
    if coordinate is None:  # components given twice with other fixed parameters have the same coordinates
        return _fork("alike", range(len(left)), left)
    groups: dict[Value | None, list[int]] = {}
    for index in left:
        groups.setdefault(candidates[index].get(coordinate), []).append(index)
    ways = [_grow(candidates, group, decided | {coordinate}) for group in groups.values()]
    return ways[0] if len(ways) == 1 else _fork(coordinate, groups, ways)


def _fork(coordinate: str, choices: Iterable[Value | None], ways: Iterable[Fork | int]) -> Fork:
    values = tuple(choices)
    digest = hashlib.sha256(json.dumps(values).encode()).hexdigest()[:8]
    return Fork(f"{coordinate} #{digest}", values, tuple(ways))
