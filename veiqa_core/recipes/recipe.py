"""Recipes: which branches give similarities, which methods values, and how these are mapped to one score.

A recipe is plain data: ``files`` reads and writes it as TOML, ``resolution`` checks it against the installed
components.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import attrs

from ..errors import RecipeError, UsageError, brief, near_miss
from ..files.toml import check_table, checked_name
from ..files.values import is_range
from .view import NATIVE, View, read_view, written_view

Scale = Literal["pair", "map", "none"]
Size = Literal["layer", "input"]
Layer = str | int | None

DEFAULT_RECIPE = "veiqa:default"
DEFAULT_PRIS = ("veiqa:mean-blur", "veiqa:white-noise", "veiqa:jpeg", "veiqa:jpeg2000")
DEFAULT_EXTRACTOR = "veiqa:efficientnet-lite0"
DEFAULT_EXPLAINER = "veiqa:gradcam"
DEFAULT_METRIC = "veiqa:psnr"
DEFAULT_PRECISION = "float32"

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
        return {"name": self.name, **self.given} if self.given else self.name

    @property
    def given(self) -> dict[str, Any]:
        """The parameters as TOML holds them, which knows no null."""
        return {name: value for name, value in self.params.items() if value is not None}


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
        seen_ids: identifiers of their contents, digests of their pixels, and hints of how they look (see
            :mod:`veiqa_core.datasets.likeness`), by which an evaluation finds whether it is held-out.
        precision: what the networks computed in.
        runtime: what made their forward passes; None where that is not recorded.
        contents: how many contents they show; None where that is not recorded, or some name none.
        view: how large they were seen, a number of pixels or ``"native"``; None where that is the recipe's own view.
    """

    dataset: str
    images: int
    range: tuple[float, float]
    seen_ids: tuple[str, ...]
    precision: str = DEFAULT_PRECISION
    contents: int | None = None
    runtime: str | None = None
    view: int | str | None = None

    @classmethod
    def read(cls, table: Any, where: str) -> Provenance:
        """From a table of TOML; precision, runtime, view and the number of contents may be left out."""
        check_table(table, {field.name for field in attrs.fields(cls)}, where, RecipeError)
        dataset = checked_name(table.get("dataset"), f"{where}.dataset", RecipeError)
        images, ends, seen_ids = (table.get(name) for name in ("images", "range", "seen_ids"))
        if type(images) is not int or images < 1:
            raise RecipeError(f"{where}.images: must be a whole number from 1, not {brief(images)}")
        if not is_range(ends):
            raise RecipeError(f"{where}.range: must be the lowest and then the highest quality, not {brief(ends)}")
        if not (isinstance(seen_ids, list) and all(isinstance(item, str) for item in seen_ids)):
            raise RecipeError(f"{where}.seen_ids: must be a list of texts, not {brief(seen_ids)}")
        precision = checked_name(table.get("precision", DEFAULT_PRECISION), f"{where}.precision", RecipeError)
        runtime = table.get("runtime")
        if runtime is not None:
            runtime = checked_name(runtime, f"{where}.runtime", RecipeError)
        contents = table.get("contents")
        if contents is not None and (type(contents) is not int or contents < 1):
            raise RecipeError(f"{where}.contents: must be a whole number from 1, not {brief(contents)}")
        view = table.get("view")
        if view is not None:
            view = written_view(read_view(view, f"{where}.view", RecipeError))
        low, high = float(ends[0]), float(ends[1])
        return cls(dataset, images, (low, high), tuple(seen_ids), precision, contents, runtime, view)

    def write(self) -> dict[str, Any]:
        """What :meth:`read` takes, the precision only where it is not the usual one, the view where it is recorded."""
        precision = {} if self.precision == DEFAULT_PRECISION else {"precision": self.precision}
        runtime = {} if self.runtime is None else {"runtime": self.runtime}
        contents = {} if self.contents is None else {"contents": self.contents}
        counted = {"dataset": self.dataset, "images": self.images, **contents}
        view = {} if self.view is None else {"view": self.view}
        return {**counted, "range": list(self.range), **precision, **runtime, **view, "seen_ids": list(self.seen_ids)}

    def seen_at(self, own: View) -> View:
        """How large the images were seen, of a recipe with this view of its own."""
        if self.view is None:
            return own
        return None if self.view == NATIVE else int(self.view)


@attrs.frozen
class LocalMapper:
    """What says how much a place differs in quality from the image, for the quality map.

    Attributes:
        state: what the mapper was fitted to, as its ``state()`` gives it.
        fitted: the photos that it was fitted on, where that is recorded.
    """

    mapper: Choice
    state: Mapping[str, Any]
    fitted: Provenance | None = None


@attrs.frozen
class Recipe:
    """Branches and methods, and the mapper of their values.

    Attributes:
        mapper: None where the values are all that is wanted.
        state: what the mapper was fitted to, as its ``state()`` gives it; empty before a fit.
        fitted: what the mapper was fitted on, where that is recorded.
        chosen: what the branches were chosen on, where they were chosen by their figures.
        classifier, classifier_state: what predicts the distortion type from the same similarities, likewise.
        novelty: what the images fitted on fill, as :meth:`veiqa_core.scoring.novelty.Novelty.state` gives it, likewise.
        local: for the quality map; None where the mapper itself serves it, or methods beside branches leave none.
        based_on: name and digest of the recipe that this one was fitted from; None where it was written as it is.
        view: the most pixels of an image's longer side when it is judged; None for its native size.
        methods: whole no-reference indices, whose values are mapped after the similarities of the branches.

    Raises:
        UsageError: the view is no such number.
        ValueError: there is neither a branch nor a method.
    """

    name: str
    branches: tuple[Branch, ...]
    mapper: Choice | None = None
    state: Mapping[str, Any] = attrs.field(factory=dict)
    fitted: Provenance | None = None
    chosen: Provenance | None = None
    classifier: Choice | None = None
    classifier_state: Mapping[str, Any] = attrs.field(factory=dict)
    novelty: Mapping[str, Any] = attrs.field(factory=dict)
    local: LocalMapper | None = None
    based_on: str | None = None
    view: View = attrs.field(default=None)
    methods: tuple[Choice, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not self.branches and not self.methods:
            raise ValueError(f"recipe {self.name!r} has neither a branch nor a method")

    @view.validator
    def _check_view(self, attribute: attrs.Attribute[View], value: Any) -> None:
        if value is not None and read_view(value, f"recipe {self.name!r}: view") is None:
            raise UsageError(f"recipe {self.name!r}: view: in Python the native size is None, not {brief(value)}")

    def at_view(self, view: View) -> Recipe:
        """The recipe with another view. What it was fitted on then says with which view, as long as it is another."""
        if view == self.view:
            return self
        fitted, chosen = (_at_view(basis, self.view, view) for basis in (self.fitted, self.chosen))
        return attrs.evolve(self, view=view, fitted=fitted, chosen=chosen)


def _at_view(basis: Provenance | None, own: View, view: View) -> Provenance | None:
    """What a recipe was made from, once its view has changed."""
    if basis is None:
        return None
    seen = basis.seen_at(own)
    return attrs.evolve(basis, view=None if seen == view else written_view(seen))


@attrs.frozen
class RecipeSet:
    """One recipe for each distortion type, by canonical name (GB, WN, JPEG, JP2K, ...).

    Attributes:
        based_on: as for :class:`Recipe`.
    """

    name: str
    recipes: Mapping[str, Recipe]
    based_on: str | None = None

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

    def at_view(self, view: View) -> RecipeSet:
        """The set with another view of every recipe."""
        return attrs.evolve(self, recipes={kind: recipe.at_view(view) for kind, recipe in self.recipes.items()})


def parameter_texts(recipe: Recipe | RecipeSet) -> set[str]:
    """All texts that parameters of its components are set to, some of which may name files."""
    choices = [
        choice
        for one in (recipe.recipes.values() if isinstance(recipe, RecipeSet) else (recipe,))
        for choice in (
            *(getattr(branch, kind) for branch in one.branches for kind in BRANCH_KINDS),
            *one.methods,
            one.mapper,
            None if one.local is None else one.local.mapper,
        )
        if choice is not None
    ]
    return {value for choice in choices for value in choice.params.values() if isinstance(value, str)}


def ad_hoc(
    *,
    pris: Iterable[Choice] = (),
    mapper: Choice | None = None,
    methods: tuple[Choice, ...] = (),
    name: str = "ad-hoc",
    **parts: Any,
) -> Recipe:
    """A recipe with one branch for each PRI (default: all four), its other parts those of :class:`Branch`."""
    chosen = tuple(pris) or tuple(Choice(pri) for pri in DEFAULT_PRIS)
    return Recipe(name, tuple(Branch(pri=pri, **parts) for pri in chosen), mapper, methods=methods)
