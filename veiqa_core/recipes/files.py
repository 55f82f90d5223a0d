"""Recipes as TOML: found by name or file, read within limits, and written so that they read back equal."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import RecipeError, UsageError, brief
from ..extension.registry import Registry
from ..files.number_arrays import packed, unpacked
from ..files.reading import read_text
from ..files.toml import check_table, checked_name, default_name, parse
from .recipe import Branch, Choice, LocalMapper, Provenance, Recipe, RecipeSet
from .view import View, read_view

MOST_BRANCHES = 10_000
"""Branches of a recipe file; each is a measurement of every image."""

_MADE_OF = {"name", "based_on", "view", "branch", "method"}
_FIELDS = {*_MADE_OF, "mapper", "classifier", "novelty", "local", "fitted", "chosen"}
_BETWEEN_NUMBERS = re.compile(r",\n +(?=-?\d)")  # a line for each of thousands would hide all else
_PACKED = re.compile(
    r'(?<=float64_base64 = )"([\w+/=]+)"', re.ASCII
)  # as literal text, in which no escapes are looked for


def find(source: str | Path, registry: Registry) -> Recipe | RecipeSet:
    """The recipe or recipe set of a TOML file or, where no file is meant, the shipped one of that name.

    Raises:
        UsageError: there is neither, or what is there is no recipe.
    """
    if isinstance(source, Path) or source.endswith(".toml") or "/" in source or "\\" in source:
        return load(source)
    try:
        shipped = registry.recipes.get(source)
    except UsageError as error:
        raise RecipeError(f"{error}; a recipe of your own is named by its file, NAME.toml") from error
    return loads(shipped.read_text(), shipped.origin, shipped.name)


def load(source: str | Path) -> Recipe | RecipeSet:
    """A recipe or recipe set from a TOML file.

    Raises:
        RecipeError: the file cannot be read or is not a recipe.
    """
    path = Path(source)
    try:
        text = read_text(path, "recipe")
    except UsageError as error:
        raise RecipeError(str(error)) from error
    return loads(text, str(source), default_name(path.stem))


def loads(text: str, where: str, name: str) -> Recipe | RecipeSet:
    """A recipe or recipe set from TOML. ``where`` stands in errors, ``name`` in for a missing name.

    Raises:
        RecipeError: the text is not TOML, or not a recipe, or one of more than 10,000 branches.
    """
    table = unpacked(parse(text, where, RecipeError), where, RecipeError)
    if "distortion" in table:
        return _read_set(table, where, name)
    _check_count([table], where)
    return read(table, where, name)


def dumps(recipe: Recipe | RecipeSet) -> str:
    """TOML that :func:`loads` reads back to an equal recipe."""
    import tomli_w

    text = tomli_w.dumps(packed(write(recipe)))
    return _PACKED.sub(r"'\1'", _BETWEEN_NUMBERS.sub(", ", text))


def write(recipe: Recipe | RecipeSet) -> dict[str, Any]:
    """A recipe or recipe set as plain values, as its file has them: numbers in lists, however many."""
    return _write(recipe) if isinstance(recipe, Recipe) else _write_set(recipe)


def read(table: Any, where: str, name: str) -> Recipe:
    """A recipe from a table of TOML with ``branch`` or ``method`` tables, perhaps a ``mapper`` and a ``classifier``.

    Raises:
        RecipeError: it is not one.
    """
    check_table(table, _FIELDS, where, RecipeError)
    branches, methods = _written_branches(table), _read_methods(table, where)
    if not branches and not methods:
        raise RecipeError(f"{where}: no [[branch]] and no [[method]]; a recipe needs one or more")
    mapper, state = _read_fitted(table, "mapper", where)
    classifier, classifier_state = _read_fitted(table, "classifier", where)
    return Recipe(
        name=_read_name(table, "name", where) or name,
        branches=tuple(
            branch
            for i, item in enumerate(branches, start=1)
            for branch in _read_branches(item, f"{where}: branch {i}")
        ),
        mapper=mapper,
        state=state,
        classifier=classifier,
        classifier_state=classifier_state,
        novelty=_read_novelty(table, where),
        local=_read_local(table, where),
        based_on=_read_name(table, "based_on", where),
        view=_read_view(table, where),
        methods=methods,
        **{part: Provenance.read(table[part], f"{where}: {part}") for part in ("fitted", "chosen") if part in table},
    )


def _write(recipe: Recipe) -> dict[str, Any]:
    """What :func:`read` takes."""
    parts = {
        "name": recipe.name,
        "based_on": recipe.based_on,
        "view": recipe.view,
        "branch": _write_branches(recipe.branches) if recipe.branches else None,
        "method": [{"name": method.name, **method.given} for method in recipe.methods] or None,
        "mapper": recipe.mapper and _write_fitted(recipe.mapper, recipe.state),
        "classifier": recipe.classifier and _write_fitted(recipe.classifier, recipe.classifier_state),
        "novelty": dict(recipe.novelty) or None,
        "local": recipe.local and _write_local(recipe.local),
        "fitted": recipe.fitted and recipe.fitted.write(),
        "chosen": recipe.chosen and recipe.chosen.write(),
    }
    return {name: part for name, part in parts.items() if part is not None}


def _read_set(table: Mapping[str, Any], where: str, name: str) -> RecipeSet:
    """A set from a table of TOML with one recipe under each ``distortion.TYPE``."""
    check_table(table, {"name", "based_on", "distortion"}, where, RecipeError)
    name = _read_name(table, "name", where) or name
    by_type = table["distortion"]
    if not isinstance(by_type, Mapping) or not by_type:
        raise RecipeError(f"{where}: distortion must hold a table for each distortion type")
    for kind in by_type:
        checked_name(kind, f"{where}: distortion type", RecipeError)
    _check_count(by_type.values(), where)
    recipes = {kind: read(item, f"{where}: {kind}", default_name(f"{name}-{kind}")) for kind, item in by_type.items()}
    return RecipeSet(name, recipes, _read_name(table, "based_on", where))


def _write_set(recipes: RecipeSet) -> dict[str, Any]:
    """What :func:`_read_set` takes."""
    based_on = {} if recipes.based_on is None else {"based_on": recipes.based_on}
    return {
        "name": recipes.name,
        **based_on,
        "distortion": {kind: _write(one) for kind, one in recipes.recipes.items()},
    }


def _read_name(table: Mapping[str, Any], field: str, where: str) -> str | None:
    return checked_name(table[field], f"{where}: {field}", RecipeError) if field in table else None


def _read_view(table: Mapping[str, Any], where: str) -> View:
    return read_view(table["view"], f"{where}: view", RecipeError) if "view" in table else None


def _check_count(recipes: Iterable[Any], where: str) -> None:
    """Refuse too many branches before any is made.

    Raises:
        RecipeError: there are.
    """
    count = 0
    for table in itertools.chain.from_iterable(map(_written_branches, recipes)):
        items = table.values() if isinstance(table, Mapping) else ()
        count += math.prod(len(item) for item in items if isinstance(item, list))
    if count > MOST_BRANCHES:
        raise RecipeError(
            f"{where}: stands for {count:,} branches, more than the {MOST_BRANCHES:,} that a recipe file may hold; "
            "shorten the lists of its [[branch]] tables"
        )


def _written_branches(table: Any) -> list[Any]:
    """The branches of a recipe's table as they are written."""
    branches = table.get("branch") if isinstance(table, Mapping) else None
    return branches if isinstance(branches, list) else []


def _read_methods(table: Mapping[str, Any], where: str) -> tuple[Choice, ...]:
    methods = table.get("method", [])
    if not isinstance(methods, list):
        raise RecipeError(f"{where}: methods are written as [[method]]")
    if len(methods) > MOST_BRANCHES:
        raise RecipeError(f"{where}: has {len(methods):,} methods, more than {MOST_BRANCHES:,}")
    return tuple(Choice.read(item, f"{where}: method {i}") for i, item in enumerate(methods, start=1))


def _read_branches(table: Any, where: str) -> list[Branch]:
    """The branches of a table of TOML: where fields hold lists, one for every combination of their items."""
    if not isinstance(table, Mapping):
        return [Branch.read(table, where)]
    values = {name: value if isinstance(value, list) else [value] for name, value in table.items()}
    for name, items in values.items():
        if not items:
            raise RecipeError(f"{where}.{name}: the list is empty")
    return [
        Branch.read(dict(zip(values, chosen, strict=True)), where) for chosen in itertools.product(*values.values())
    ]


def _write_branches(branches: Sequence[Branch]) -> list[dict[str, Any]]:
    """What :func:`_read_branches` takes: one table with lists, where the branches are all combinations in order."""
    tables = [branch.write() for branch in branches]
    values: dict[str, list[Any]] = {}
    for table in tables:
        for name, value in table.items():
            items = values.setdefault(name, [])
            items += [] if value in items else [value]
    combinations = (dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values()))
    if math.prod(map(len, values.values())) != len(tables) or list(combinations) != tables:
        return tables
    return [{name: items if len(items) > 1 else items[0] for name, items in values.items()}]


def _read_fitted(table: Mapping[str, Any], name: str, where: str) -> tuple[Choice | None, Mapping[str, Any]]:
    """A component that is fitted, and the state that it was fitted to."""
    given = table.get(name)
    if given is None:
        return None, {}
    state = given.get("state", {}) if isinstance(given, Mapping) else {}
    if not isinstance(state, Mapping):
        raise RecipeError(f"{where}: {name}.state must be a table, not {brief(state)}")
    if isinstance(given, Mapping):
        given = {key: value for key, value in given.items() if key != "state"}
    return Choice.read(given, f"{where}: {name}"), state


def _read_novelty(table: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    novelty = table.get("novelty", {})
    if not isinstance(novelty, Mapping):
        raise RecipeError(f"{where}: novelty must be a table, not {brief(novelty)}")
    return novelty


def _read_local(table: Mapping[str, Any], where: str) -> LocalMapper | None:
    given = table.get("local")
    own = {name: value for name, value in given.items() if name != "fitted"} if isinstance(given, Mapping) else given
    mapper, state = _read_fitted({} if own is None else {"local": own}, "local", where)
    if mapper is None:
        return None
    if not state:
        raise RecipeError(f"{where}: local.state: is missing; 'veiqa fit-map' fits it")
    fitted = given.get("fitted") if isinstance(given, Mapping) else None
    return LocalMapper(mapper, state, None if fitted is None else Provenance.read(fitted, f"{where}: local.fitted"))


def _write_local(local: LocalMapper) -> dict[str, Any]:
    """What :func:`_read_local` takes."""
    table: dict[str, Any] = _write_fitted(local.mapper, local.state)
    return table if local.fitted is None else {**table, "fitted": local.fitted.write()}


def _write_fitted(choice: Choice, state: Mapping[str, Any]) -> Any:
    """What :func:`_read_fitted` takes."""
    written = choice.write()
    if not state:
        return written
    return {**({"name": written} if isinstance(written, str) else written), "state": dict(state)}
