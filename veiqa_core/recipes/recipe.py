"""Recipes: which branches give similarities, and how these are mapped to one score.

A recipe is plain data, read from and written to TOML; ``resolution`` checks it against the installed components.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import attrs

from ..errors import RecipeError, UsageError, brief, near_miss
from ..extension.registry import Registry
from ..files.reading import read_text
from ..files.toml import check_table, checked_name, default_name, parse
from ..files.values import is_range

Scale = Literal["pair", "map", "none"]
Size = Literal["layer", "input"]
Layer = str | int | None

DEFAULT_RECIPE = "veiqa:default"
DEFAULT_PRIS = ("veiqa:mean-blur", "veiqa:white-noise", "veiqa:jpeg", "veiqa:jpeg2000")
DEFAULT_EXTRACTOR = "veiqa:efficientnet-lite0"
DEFAULT_EXPLAINER = "veiqa:gradcam"
DEFAULT_METRIC = "veiqa:psnr"
DEFAULT_PRECISION = "float32"
_FIELDS = {"name", "based_on", "branch", "mapper", "classifier", "fitted", "chosen"}
_BETWEEN_NUMBERS = re.compile(r",\n +(?=-?\d)")  # a line for each of thousands would hide all else
MOST_BRANCHES = 10_000
"""Branches of a recipe file; each is a measurement of every image."""

BRANCH_KINDS = ("pri", "extractor", "explainer", "metric")


@attrs.frozen
class Choice:
    """A component picked by name, with the parameters given for it."""

    name: str
    params: Mapping[str, Any] = attrs.field(factory=dict)

    @classmethod
    def read(cls, value: Any, where: str) -> Choice:
        """From TOML: ``"name"``, or a table of ``name`` and parameters."""
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, Mapping) and isinstance(value.get("name"), str):
            return cls(value["name"], {key: item for key, item in value.items() if key != "name"})
        raise RecipeError(f"{where}: must be a name, or a table with a name and parameters, not {brief(value)}")

    def write(self) -> Any:
        """What :meth:`read` takes."""
        params = {name: value for name, value in self.params.items() if value is not None}  # TOML knows no null
        return {"name": self.name, **params} if params else self.name


@attrs.frozen(kw_only=True)
class Branch:
    """One way from image to similarity.

    Attributes:
        layer: name of the layer, or its index in the extractor's list (negative: from the deep end); None for the
            default one, and for explainers whose map lives at the input.
        scale: how the two VEIs are scaled before they are compared. ``pair``: to [0, 1] by the smallest and largest
            value of both, zero counting as one of them; ``map``: each to [0, 1] by its own; ``none``: not at all.
        size: ``layer``: compared as they are; ``input``: upsampled to the image's size first.
    """

    pri: Choice
    extractor: Choice = Choice(DEFAULT_EXTRACTOR)
    explainer: Choice = Choice(DEFAULT_EXPLAINER)
    metric: Choice = Choice(DEFAULT_METRIC)
    layer: Layer = None
    scale: Scale = attrs.field(default="pair", validator=attrs.validators.in_(get_args(Scale)))
    size: Size = attrs.field(default="layer", validator=attrs.validators.in_(get_args(Size)))

    @classmethod
    def read(cls, table: Any, where: str) -> Branch:
        """From a table of TOML; only ``pri`` is needed."""
        check_table(table, {field.name for field in attrs.fields(cls)}, where, RecipeError)
        if "pri" not in table:
            raise RecipeError(f"{where}: pri is missing")
        for name, allowed in (("scale", get_args(Scale)), ("size", get_args(Size))):
            if table.get(name, allowed[0]) not in allowed:
                raise RecipeError(f"{where}.{name}: must be one of {', '.join(allowed)}, not {brief(table[name])}")
        if isinstance(table.get("layer", ""), bool) or not isinstance(table.get("layer", ""), str | int):
            raise RecipeError(f"{where}.layer: must be a name or an index, not {brief(table['layer'])}")
        if isinstance(table.get("layer"), str):
            checked_name(table["layer"], f"{where}.layer", RecipeError)
        values: dict[str, Any] = {
            name: Choice.read(value, f"{where}.{name}") if name in BRANCH_KINDS else value
            for name, value in table.items()
        }
        return cls(**values)

    def write(self) -> dict[str, Any]:
        """What :meth:`read` takes, whole."""
        table = {name: getattr(self, name).write() for name in BRANCH_KINDS}
        layer = {} if self.layer is None else {"layer": self.layer}
        return {**table, **layer, "scale": self.scale, "size": self.size}


@attrs.frozen
class Provenance:
    """The rated images that a part of a recipe was made from.

    Attributes:
        dataset: what the dataset is called.
        images: how many of its images were used.
        range: lowest and highest possible quality there.
        known: identifiers of their contents and digests of their pixels (see
            :meth:`veiqa_core.evaluation.measured.Table.marks`), and what else their contents may be known by (see
            :mod:`veiqa_core.datasets.likeness`), by which an evaluation finds whether it is held-out.
        precision: what the networks computed in.
        runtime: what made their forward passes; None where that is not recorded.
        contents: how many contents they show; None where that is not recorded, or some name none.
    """

    dataset: str
    images: int
    range: tuple[float, float]
    known: tuple[str, ...]
    precision: str = DEFAULT_PRECISION
    contents: int | None = None
    runtime: str | None = None

    @classmethod
    def read(cls, table: Any, where: str) -> Provenance:
        """From a table of TOML with all fields; precision, runtime and the number of contents may be left out."""
        check_table(table, {field.name for field in attrs.fields(cls)}, where, RecipeError)
        dataset = checked_name(table.get("dataset"), f"{where}.dataset", RecipeError)
        images, ends, known = (table.get(name) for name in ("images", "range", "known"))
        if type(images) is not int or images < 1:
            raise RecipeError(f"{where}.images: must be a whole number from 1, not {brief(images)}")
        if not is_range(ends):
            raise RecipeError(f"{where}.range: must be the lowest and then the highest quality, not {brief(ends)}")
        if not (isinstance(known, list) and all(isinstance(item, str) for item in known)):
            raise RecipeError(f"{where}.known: must be a list of texts, not {brief(known)}")
        precision = checked_name(table.get("precision", DEFAULT_PRECISION), f"{where}.precision", RecipeError)
        runtime = table.get("runtime")
        if runtime is not None:
            runtime = checked_name(runtime, f"{where}.runtime", RecipeError)
        contents = table.get("contents")
        if contents is not None and (type(contents) is not int or contents < 1):
            raise RecipeError(f"{where}.contents: must be a whole number from 1, not {brief(contents)}")
        return cls(dataset, images, (float(ends[0]), float(ends[1])), tuple(known), precision, contents, runtime)

    def write(self) -> dict[str, Any]:
        """What :meth:`read` takes, the precision only where it is not the usual one."""
        precision = {} if self.precision == DEFAULT_PRECISION else {"precision": self.precision}
        runtime = {} if self.runtime is None else {"runtime": self.runtime}
        contents = {} if self.contents is None else {"contents": self.contents}
        reported = {"dataset": self.dataset, "images": self.images, **contents, "range": list(self.range), **precision}
        return {**reported, **runtime, "known": list(self.known)}


@attrs.frozen
class Recipe:
    """Branches and the mapper of their similarities.

    Attributes:
        mapper: None where similarities are all that is wanted.
        state: what the mapper was fitted to, as its ``state()`` gives it; empty before a fit.
        fitted: what the mapper was fitted on, where that is recorded.
        chosen: what the branches were chosen on, where they were chosen by their figures.
        classifier, classifier_state: what tells the distortion type from the same similarities, likewise.
        based_on: name and digest of the recipe that this one was fitted from; None where it was written as it is.
    """

    name: str
    branches: tuple[Branch, ...] = attrs.field(validator=attrs.validators.min_len(1))
    mapper: Choice | None = None
    state: Mapping[str, Any] = attrs.field(factory=dict)
    fitted: Provenance | None = None
    chosen: Provenance | None = None
    classifier: Choice | None = None
    classifier_state: Mapping[str, Any] = attrs.field(factory=dict)
    based_on: str | None = None

    @classmethod
    def read(cls, table: Any, where: str, name: str) -> Recipe:
        """From a table of TOML with ``branch`` tables, and where there are any a ``mapper`` and a ``classifier``."""
        check_table(table, _FIELDS, where, RecipeError)
        branches = table.get("branch")
        if not isinstance(branches, list) or not branches:
            raise RecipeError(f"{where}: no [[branch]]; a recipe needs one or more")
        _check_count(branches, where)
        mapper, state = _read_fitted(table, "mapper", where)
        classifier, classifier_state = _read_fitted(table, "classifier", where)
        return cls(
            name=_name(table, name, where),
            branches=tuple(
                branch
                for i, table in enumerate(branches, start=1)
                for branch in _read_branches(table, f"{where}: branch {i}")
            ),
            mapper=mapper,
            state=state,
            classifier=classifier,
            classifier_state=classifier_state,
            based_on=_read_based_on(table, where),
            **{
                name: Provenance.read(table[name], f"{where}: {name}") for name in ("fitted", "chosen") if name in table
            },
        )

    def write(self) -> dict[str, Any]:
        """What :meth:`read` takes."""
        table: dict[str, Any] = {"name": self.name, **_write_based_on(self.based_on)}
        table["branch"] = _write_branches(self.branches)
        if self.mapper is not None:
            table["mapper"] = _write_fitted(self.mapper, self.state)
        if self.classifier is not None:
            table["classifier"] = _write_fitted(self.classifier, self.classifier_state)
        bases = {"fitted": self.fitted, "chosen": self.chosen}
        return table | {name: basis.write() for name, basis in bases.items() if basis is not None}


@attrs.frozen
class RecipeSet:
    """One recipe for each distortion type, by canonical name (GB, WN, JPEG, JP2K, ...).

    Attributes:
        based_on: as for :class:`Recipe`.
    """

    name: str
    recipes: Mapping[str, Recipe]
    based_on: str | None = None

    @classmethod
    def read(cls, table: Any, where: str, name: str) -> RecipeSet:
        """From a table of TOML with one recipe under each ``distortion.TYPE``."""
        check_table(table, {"name", "based_on", "distortion"}, where, RecipeError)
        own = _name(table, name, where)
        by_type = table["distortion"]
        if not isinstance(by_type, Mapping) or not by_type:
            raise RecipeError(f"{where}: distortion must hold a table for each distortion type")
        for kind in by_type:
            checked_name(kind, f"{where}: distortion type", RecipeError)
        _check_count([branch for item in by_type.values() for branch in _written_branches(item)], where)
        recipes = {
            kind: Recipe.read(item, f"{where}: {kind}", default_name(f"{own}-{kind}")) for kind, item in by_type.items()
        }
        return cls(own, recipes, _read_based_on(table, where))

    def write(self) -> dict[str, Any]:
        """What :meth:`read` takes."""
        by_type = {kind: recipe.write() for kind, recipe in self.recipes.items()}
        return {"name": self.name, **_write_based_on(self.based_on), "distortion": by_type}

    def pick(self, distortion: str | None) -> Recipe:
        """The recipe for a distortion type.

        Raises:
            UsageError: no type is given, or the set has no recipe for it.
        """
        if distortion is None:
            raise UsageError(f"recipe set {self.name!r} needs the distortion type: one of {', '.join(self.recipes)}")
        if distortion not in self.recipes:
            raise UsageError(f"recipe set {self.name!r}: {near_miss('distortion type', distortion, self.recipes)}")
        return self.recipes[distortion]


def loads(text: str, where: str, name: str) -> Recipe | RecipeSet:
    """A recipe or recipe set from TOML. ``where`` stands in errors, ``name`` in for a missing name.

    Raises:
        RecipeError: the text is not TOML, or not a recipe, or one of more than 10,000 branches.
    """
    table = parse(text, where, RecipeError)
    kind = RecipeSet if "distortion" in table else Recipe
    return kind.read(table, where, name)


def dumps(recipe: Recipe | RecipeSet) -> str:
    """TOML that :func:`loads` reads back to an equal recipe."""
    import tomli_w

    return _BETWEEN_NUMBERS.sub(", ", tomli_w.dumps(recipe.write()))


def parameter_texts(recipe: Recipe | RecipeSet) -> set[str]:
    """All texts that parameters of its components are set to, some of which may name files."""
    choices = [
        choice
        for one in (recipe.recipes.values() if isinstance(recipe, RecipeSet) else (recipe,))
        for choice in (*(getattr(branch, kind) for branch in one.branches for kind in BRANCH_KINDS), one.mapper)
        if choice is not None
    ]
    return {value for choice in choices for value in choice.params.values() if isinstance(value, str)}


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
        raise RecipeError(f"{error} A recipe of your own is named by its file, NAME.toml.") from error
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


def ad_hoc(
    *,
    pris: Iterable[Choice] = (),
    mapper: Choice | None = None,
    name: str = "ad-hoc",
    **parts: Any,
) -> Recipe:
    """A recipe with one branch for each PRI (default: all four), its other parts those of :class:`Branch`."""
    chosen = tuple(pris) or tuple(Choice(pri) for pri in DEFAULT_PRIS)
    return Recipe(name, tuple(Branch(pri=pri, **parts) for pri in chosen), mapper)


def _name(table: Mapping[str, Any], default: str, where: str) -> str:
    return checked_name(table["name"], f"{where}: name", RecipeError) if "name" in table else default


def _written_branches(table: Any) -> list[Any]:
    """The branches of a recipe's table as they are written."""
    branches = table.get("branch") if isinstance(table, Mapping) else None
    return branches if isinstance(branches, list) else []


def _check_count(tables: Sequence[Any], where: str) -> None:
    """Refuse too many branches before any is made.

    Raises:
        RecipeError: there are.
    """
    count = 0
    for table in tables:
        items = table.values() if isinstance(table, Mapping) else ()
        count += math.prod(len(item) for item in items if isinstance(item, list))
    if count > MOST_BRANCHES:
        raise RecipeError(
            f"{where}: stands for {count:,} branches, more than the {MOST_BRANCHES:,} that a recipe file may hold; "
            "shorten the lists of its [[branch]] tables"
        )


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


def _read_based_on(table: Mapping[str, Any], where: str) -> str | None:
    return checked_name(table["based_on"], f"{where}: based_on", RecipeError) if "based_on" in table else None


def _write_based_on(value: str | None) -> dict[str, str]:
    return {} if value is None else {"based_on": value}


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


def _write_fitted(choice: Choice, state: Mapping[str, Any]) -> Any:
    """What :func:`_read_fitted` takes."""
    written = choice.write()
    if not state:
        return written
    return {**({"name": written} if isinstance(written, str) else written), "state": dict(state)}
