"""Search spaces: which components, parameter values and layers are tried, as plain data read from TOML."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import attrs

from ..errors import UsageError, brief
from ..extension.registry import Registry
from ..files.reading import read_text
from ..files.toml import check_table, checked_name, default_name, parse
from ..files.values import is_number
from ..recipes.recipe import BRANCH_KINDS, Choice, Scale, Size

SPACE_KINDS = (*BRANCH_KINDS, "method")
"""The kinds of component that a space may list."""
_FIELDS = {"name", *SPACE_KINDS, "compare", "condition", "mapper"}
_OWN_FIELDS = {"name", "search", "layer"}
_RANGE_FIELDS = {"from", "to", "steps", "spacing"}
_COMPARE: Mapping[str, tuple[str, ...]] = {"scale": get_args(Scale), "size": get_args(Size)}
MOST_VALUES = 1_000
"""Values that a space may list for a parameter, or layers for a network."""

_MAPPERS = {"one": "veiqa:logistic4", "many": "veiqa:ridge"}
"""Without the paper's linear term (eq. 6), whose held-out scores may run far out of the scale (docs/results.md)."""

Value = str | int | float | bool


@attrs.frozen
class Entry:
    """A component of a space.

    Attributes:
        values: for each parameter given, the values that are tried.
        search: whether parameters that are not given take the values that the component declares for searches.
        layers: for extractors: ``"all"``, ``"default"``, or names and indices.
    """

    name: str
    values: Mapping[str, tuple[Any, ...]]
    search: bool = False
    layers: str | tuple[str | int, ...] = "default"


@attrs.frozen
class Condition:
    """Of the candidates whose coordinates match ``when``, those that match ``then`` stay; without it, none.

    Both hold, for each coordinate, the values that match.
    """

    when: Mapping[str, tuple[Value, ...]]
    then: Mapping[str, tuple[Value, ...]] | None


@attrs.frozen
class Space:
    """What a search tries.

    Attributes:
        entries: the components of each kind of a branch, and the methods; no branches where only methods are tried.
        scales, sizes: how VEIs are compared (see :class:`veiqa_core.recipes.recipe.Branch`).
        mapper, mapper_of_many: the mappers of recipes of one branch, and of several.
    """

    name: str
    entries: Mapping[str, tuple[Entry, ...]]
    scales: tuple[Scale, ...]
    sizes: tuple[Size, ...]
    conditions: tuple[Condition, ...]
    mapper: Choice
    mapper_of_many: Choice

    @classmethod
    def read(cls, table: Any, where: str, name: str) -> Space:
        """From a table of TOML."""
        check_table(table, _FIELDS, where)
        entries = {
            kind: _entries(table[kind], kind, f"{where}: {kind}") if kind in table else () for kind in SPACE_KINDS
        }
        lacking = [kind for kind in BRANCH_KINDS if not entries[kind]]
        if lacking and (len(lacking) < len(BRANCH_KINDS) or not entries["method"]):
            raise UsageError(f"{where}: {lacking[0]}: name one component or more")
        compare = table.get("compare", {})
        check_table(compare, set(_COMPARE), f"{where}: compare")
        ways: dict[str, Any] = {
            field: _ways(compare.get(field, allowed[0]), allowed, f"{where}: compare.{field}")
            for field, allowed in _COMPARE.items()
        }
        mappers = table.get("mapper", {})
        check_table(mappers, set(_MAPPERS), f"{where}: mapper")
        one, many = (Choice.read(mappers.get(key, _MAPPERS[key]), f"{where}: mapper.{key}") for key in _MAPPERS)
        conditions = table.get("condition", [])
        if not isinstance(conditions, list):
            raise UsageError(f"{where}: conditions are written as [[condition]]")
        return cls(
            name=checked_name(table["name"], f"{where}: name") if "name" in table else name,
            entries=entries,
            scales=ways["scale"],
            sizes=ways["size"],
            conditions=tuple(_condition(item, f"{where}: condition {i}") for i, item in enumerate(conditions, 1)),
            mapper=one,
            mapper_of_many=many,
        )


def find(source: str, registry: Registry) -> Space:
    """The space of a TOML file or, where no file is meant, the shipped one of that name.

    Raises:
        UsageError: there is neither, or what is there is no space.
    """
    if source.endswith(".toml") or "/" in source or "\\" in source:
        path = Path(source)
        return loads(read_text(path, "search space"), source, default_name(path.stem))
    try:
        shipped = registry.spaces.get(source)
    except UsageError as error:
        raise UsageError(f"{error} A space of your own is named by its file, NAME.toml.") from error
    return loads(shipped.read_text(), shipped.origin, shipped.name)


def loads(text: str, where: str, name: str) -> Space:
    """A space from TOML. ``where`` stands in errors, ``name`` in for a missing name.

    Raises:
        UsageError: the text is not TOML, or not a space.
    """
    return Space.read(parse(text, where), where, name)


def combinations(values: Mapping[str, Sequence[Any]]) -> Iterable[dict[str, Any]]:
    """Every choice of one value for each name."""
    return (dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values()))


def _entries(given: Any, kind: str, where: str) -> tuple[Entry, ...]:
    if isinstance(given, str | Mapping):
        given = [given]
    if not isinstance(given, list) or not given:
        raise UsageError(f"{where}: name one component or more")
    return tuple(_entry(item, kind, where) for item in given)


def _entry(item: Any, kind: str, where: str) -> Entry:
    if isinstance(item, str):
        return Entry(item, {})
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        raise UsageError(f"{where}: must be a name, or a table with a name, not {brief(item)}")
    where = f"{where} {item['name']}"
    search = item.get("search", False)
    if not isinstance(search, bool):
        raise UsageError(f"{where}: search must be true or false, not {brief(search)}")
    if "layer" in item and kind != "extractor":
        raise UsageError(f"{where}: layers are given with the extractor")
    values = {name: _tried(value, f"{where}.{name}") for name, value in item.items() if name not in _OWN_FIELDS}
    return Entry(item["name"], values, search, _layers(item.get("layer", "default"), where))


def _layers(given: Any, where: str) -> str | tuple[str | int, ...]:
    if given in ("all", "default"):
        return str(given)
    listed = given if isinstance(given, list) else [given]
    _check_length(len(listed), f"{where}: layer")
    if not listed or not all(isinstance(layer, str | int) and not isinstance(layer, bool) for layer in listed):
        raise UsageError(f"{where}: layer must be 'all', 'default', or a list of names and indices, not {brief(given)}")
    return tuple(checked_name(layer, f"{where}: layer") if isinstance(layer, str) else layer for layer in listed)


def _tried(value: Any, where: str) -> tuple[Any, ...]:
    """The values that a parameter takes: one, those of a list, or those of a range."""
    if isinstance(value, list):
        if not value:
            raise UsageError(f"{where}: the list of values is empty")
        _check_length(len(value), where)
        return tuple(item for place, item in enumerate(value) if item not in value[:place])
    if not isinstance(value, Mapping):
        return (value,)
    check_table(value, _RANGE_FIELDS, where)
    ends = [value.get(name) for name in ("from", "to")]
    steps, spacing = value.get("steps", 5), value.get("spacing", "linear")
    numbers: list[Any] = [end for end in ends if is_number(end)]
    if len(numbers) < 2:
        raise UsageError(f"{where}: a range has numbers under from and to")
    if numbers[0] == numbers[1]:
        raise UsageError(f"{where}: from and to of a range are two numbers, not {brief(numbers[0])} twice")
    if type(steps) is not int or steps < 2:
        raise UsageError(f"{where}: steps must be a whole number from 2, not {brief(steps)}")
    _check_length(steps, f"{where}: steps")
    if spacing not in ("linear", "log") or (spacing == "log" and min(numbers) <= 0):
        raise UsageError(f"{where}: spacing must be 'linear', or 'log' for ends above 0, not {brief(spacing)}")
    return _spaced(numbers[0], numbers[1], steps, spacing)


def _check_length(length: int, where: str) -> None:
    if length > MOST_VALUES:
        raise UsageError(f"{where}: {length:,} values, more than the {MOST_VALUES:,} that a space may try")


def _spaced(low: float, high: float, steps: int, spacing: str) -> tuple[float, ...]:
    places = (index / (steps - 1) for index in range(steps))
    if spacing == "log":
        values = [math.exp(math.log(low) + place * (math.log(high) - math.log(low))) for place in places]
    else:
        values = [low + place * (high - low) for place in places]
    values[0], values[-1] = low, high
    if isinstance(low, int) and isinstance(high, int):
        return tuple(dict.fromkeys(round(value) for value in values))
    return tuple(float(f"{value:.6g}") for value in values)


def _ways(given: Any, allowed: tuple[str, ...], where: str) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else [given]
    if not listed or not all(way in allowed for way in listed):
        raise UsageError(f"{where}: must be some of {', '.join(allowed)}, not {brief(given)}")
    return tuple(dict.fromkeys(listed))


def _condition(table: Any, where: str) -> Condition:
    check_table(table, {"when", "then"}, where)
    if "when" not in table:
        raise UsageError(f"{where}: when is missing")
    then = table.get("then")
    return Condition(_matching(table["when"], f"{where}: when"), then and _matching(then, f"{where}: then"))


def _matching(table: Any, where: str) -> dict[str, tuple[Value, ...]]:
    if not isinstance(table, Mapping) or not table:
        raise UsageError(f"{where}: must name coordinates, such as {{ explainer = 'occlusion' }}")
    return {name: tuple(value) if isinstance(value, list) else (value,) for name, value in _flat(table).items()}


def _flat(table: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """Nested tables as one: TOML reads ``pri.quality = 5`` as a table ``pri``."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        found |= _flat(value, f"{within}{name}.") if isinstance(value, Mapping) else {f"{within}{name}": value}
    return found
