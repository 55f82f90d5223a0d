"""The arguments that name a recipe, or build one, and those that name what is compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import attrs

from ..errors import UsageError, brief
from ..files.values import parse_whole
from ..recipes.recipe import Recipe, RecipeSet
from .arguments import Arg
from .given import Names, Texts, names_of, optional, several, texts_of
from .hearing import Report
from .settings import Settings

if TYPE_CHECKING:
    from ..extension.registry import Registry
    from ..recipes.view import View

_PARTS = ("extractor", "layer", "explainer", "metric")


AnyRecipe = str | Path | Recipe | RecipeSet


class RecipeArguments(TypedDict, total=False):
    """A recipe."""

    recipe: Annotated[
        AnyRecipe | None, Arg(None, "by name or file or as it is; default: the one called default, or the parts named")
    ]


class CompetitorArguments(TypedDict, total=False):
    """Recipes that are compared."""

    recipes: Annotated[
        AnyRecipe | Sequence[AnyRecipe],
        Arg((), "by name or file or as they are, each a competitor; default: the one called default, or what is named"),
    ]


class PartArguments(TypedDict, total=False):
    """The parts of one recipe, and what is changed in it."""

    methods: Annotated[
        Names, Arg((), "no-reference methods: parts of the recipe; where recipes are compared, competitors")
    ]
    pris: Annotated[Names, Arg((), "PRI generators of a recipe that is built here; default: all four")]
    extractor: Annotated[str | None, Arg(None, "its feature extractor; default: efficientnet-lite0")]
    layer: Annotated[str | int | None, Arg(None, "its layer by name or index; default: the extractor's own")]
    explainer: Annotated[str | None, Arg(None, "its explainer; default: gradcam")]
    metric: Annotated[str | None, Arg(None, "its similarity metric; default: psnr")]
    mapper: Annotated[str | None, Arg(None, "its mapper; default: none")]
    overrides: Annotated[
        Texts,
        Arg((), 'what is changed in each recipe, such as ``{"metric": "ssim", "extractor.resize": 224}``'),
    ]


class ViewArguments(TypedDict, total=False):
    """How large images are judged."""

    view: Annotated[
        int | str | None,
        Arg(None, "the most pixels of an image's longer side, or ``native``; default: as the recipe says, else native"),
    ]


class SettingArguments(TypedDict, total=False):
    """Parameters of components."""

    settings: Annotated[
        Texts, Arg((), 'parameters of every component of a kind that has them, such as ``{"pri.size": 5}``')
    ]


class BuildArguments(PartArguments, ViewArguments, SettingArguments, total=False):
    """All that builds a recipe or changes one."""


@attrs.frozen(kw_only=True)
class RecipeParts:
    """The parts of one recipe, and what is changed in it.

    Raises:
        UsageError: the view is none.
    """

    pris: tuple[str, ...] = ()
    extractor: str | None = None
    layer: str | int | None = None
    explainer: str | None = None
    metric: str | None = None
    methods: tuple[str, ...] = ()
    mapper: str | None = None
    overrides: tuple[str, ...] = ()
    view: str | int | None = None
    settings: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        viewed(self.view)

    def branches_named(self, settings: Settings) -> bool:
        """Whether something of branches is given."""
        from ..recipes.recipe import BRANCH_KINDS

        given = any(getattr(self, name) is not None for name in _PARTS)
        return bool(self.pris or given or settings.kinds & {*BRANCH_KINDS})

    def at_view(self, recipe: Recipe | RecipeSet) -> Recipe | RecipeSet:
        """A recipe with the view that is given, if any."""
        return recipe if self.view is None else recipe.at_view(viewed(self.view))


@attrs.frozen(kw_only=True)
class RecipeChoice(RecipeParts):
    """A recipe by name or file or as it is, or the parts of one."""

    recipe: AnyRecipe | None = None

    def chosen(self, registry: Registry, settings: Settings, note: Report) -> Recipe | RecipeSet:
        """:meth:`named`, with the view that is given, if any.

        Raises:
            UsageError: as for :meth:`named`.
        """
        return self.at_view(self.named(registry, settings, note))

    def named(self, registry: Registry, settings: Settings, note: Report) -> Recipe | RecipeSet:
        """The recipe named, or an ad-hoc one of the parts named, the others at their defaults; the default recipe
        where nothing is named. With what ``overrides`` set.

        Args:
            note: takes what a reader should know of overrides.

        Raises:
            UsageError: a recipe and parts are named together, something named is not there, or an override does not
                fit the recipe.
        """
        return changed(self._named(registry, settings, note), self.overrides, registry, note)

    def _named(self, registry: Registry, settings: Settings, note: Report) -> Recipe | RecipeSet:
        from ..recipes import recipe as recipes

        branches_named = self.branches_named(settings)
        parts_named = bool(branches_named or self.methods or self.mapper or settings.kinds & {"method", "mapper"})
        if self.recipe is not None and parts_named:
            raise UsageError(
                "--recipe already names every part: change one with --set, such as --set metric=ssim or --set "
                "explainer.target=0, instead of --pri, --extractor, --layer, ..., --method, -p"
            )
        if not parts_named:
            return found(recipes.DEFAULT_RECIPE if self.recipe is None else self.recipe, registry)
        mapper = None if self.mapper is None else settings.choice("mapper", self.mapper)
        methods = tuple(settings.choice("method", name) for name in self.methods)
        if methods and not branches_named:
            if mapper is None:
                _note_shipped(self.methods, registry, note)
            return recipes.Recipe("ad-hoc", (), mapper, methods=methods)
        names = {
            "extractor": self.extractor or recipes.DEFAULT_EXTRACTOR,
            "explainer": self.explainer or recipes.DEFAULT_EXPLAINER,
            "metric": self.metric or recipes.DEFAULT_METRIC,
        }
        chosen: dict[str, Any] = {kind: settings.choice(kind, name) for kind, name in names.items()}
        return recipes.ad_hoc(
            pris=[settings.choice("pri", pri) for pri in self.pris or recipes.DEFAULT_PRIS],
            mapper=mapper,
            methods=methods,
            layer=_name_or_index(self.layer),
            **chosen,
        )


def _note_shipped(methods: Iterable[str], registry: Registry, note: Report) -> None:
    """Say that a method's score comes of a recipe: that which maps what it measures is called as it is."""
    for method in methods:
        registered = registry.get("method", method)
        if registry.recipes.holds(registered.dist, registered.name):
            name = registered.label
            note(f"--method {name} gives what {name} measures; for a score of 0 to 100 say --recipe {name}")


@attrs.frozen(kw_only=True)
class Competitors(RecipeParts):
    """Recipes by name or file or as they are, methods, or the parts of one recipe."""

    recipes: tuple[AnyRecipe, ...] = ()

    def chosen(self, registry: Registry, settings: Settings, note: Report) -> list[Recipe | RecipeSet]:
        """The competitors, each with the view that is given, if any; one where they are the parts of one recipe.

        Raises:
            UsageError: as for :meth:`.RecipeChoice.named`, parts of branches are given beside several competitors, or
                two have the same name.
        """
        if not self._several(settings):
            parts = {field.name: getattr(self, field.name) for field in attrs.fields(RecipeParts)}
            recipe = self.recipes[0] if self.recipes else None
            return [RecipeChoice(recipe=recipe, **parts).chosen(registry, settings, note)]
        if self.branches_named(settings):
            raise UsageError(
                "--pri, --extractor, --layer, ... build one recipe: leave them out beside several competitors, or "
                "write it to a file and name that with --recipe"
            )
        if self.mapper is not None and not self.methods:
            raise UsageError("--mapper goes with --method: a recipe that is named has its own")
        every = [changed(found(name, registry), self.overrides, registry, note) for name in self.recipes]
        every += [self._of_method(name, settings) for name in self.methods]
        _check_names([one.name for one in every])
        return [self.at_view(one) for one in every]

    def _several(self, settings: Settings) -> bool:
        if len(self.recipes) > 1 or (self.recipes and self.methods):
            return True
        return len(self.methods) > 1 and not self.branches_named(settings)

    def _of_method(self, name: str, settings: Settings) -> Recipe:
        """A method by itself."""
        mapper = None if self.mapper is None else settings.choice("mapper", self.mapper)
        return Recipe(name, (), mapper, methods=(settings.choice("method", name),))


def recipe_of(name: str, value: Any) -> Any:
    """A recipe by name or file or as it is; None for nothing.

    Raises:
        UsageError: something else is given.
    """
    if value is not None and not isinstance(value, str | Path | Recipe | RecipeSet):
        raise UsageError(f"{name} must be the name or file of a recipe, or a Recipe, not {brief(value)}")
    return value


def recipes_of(name: str, value: Any) -> tuple[Any, ...]:
    """One recipe or several.

    Raises:
        UsageError: something else is given.
    """
    return tuple(recipe_of(name, one) for one in several(name, value))


def parts_of(given: BuildArguments) -> dict[str, Any]:
    """The fields of :class:`RecipeParts` from arguments of a function.

    Raises:
        UsageError: one is not what it should be.
    """
    layer = given["layer"]
    if isinstance(layer, bool) or not isinstance(layer, str | int | None):
        raise UsageError(f"layer must be a name or an index, not {brief(layer)}")
    made: dict[str, Any] = {"layer": layer, "view": given["view"]}
    made |= {name: names_of(name, given[name]) for name in ("pris", "methods")}
    made |= {name: texts_of(name, given[name]) for name in ("overrides", "settings")}
    made |= {name: optional(_name, name, given[name]) for name in ("extractor", "explainer", "metric", "mapper")}
    return made


def _name(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name} must be a name, not {brief(value)}")
    return value


def found(recipe: AnyRecipe, registry: Registry) -> Recipe | RecipeSet:
    """A recipe that is named, or is there.

    Raises:
        UsageError: there is none of that name, or the file holds none.
    """
    from ..recipes import files as recipe_files

    return recipe_files.find(recipe, registry) if isinstance(recipe, str | Path) else recipe


def changed(
    recipe: Recipe | RecipeSet, overrides: Sequence[str], registry: Registry, note: Report
) -> Recipe | RecipeSet:
    """A recipe with what ``--set`` sets, which a note tells where something fitted is lost.

    Raises:
        UsageError: an override does not fit the recipe.
    """
    from ..recipes.overrides import overridden

    return overridden(recipe, overrides, registry, note) if overrides else recipe


def viewed(view: str | int | None) -> View:
    """The view that ``--view`` means; where it is not given, the native size.

    Raises:
        UsageError: it is none.
    """
    from ..recipes.view import parse_view, read_view

    if view is None:
        return None
    return parse_view(view) if isinstance(view, str) else read_view(view, "view")


def _name_or_index(layer: str | int | None) -> str | int | None:
    try:
        return parse_whole(layer) if isinstance(layer, str) else layer
    except ValueError:
        return layer


def _check_names(names: Sequence[str]) -> None:
    """Refuse competitors that tables cannot keep apart."""
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two competitors are called {brief(name)}: name each once, or give one another name in its file"
            )
