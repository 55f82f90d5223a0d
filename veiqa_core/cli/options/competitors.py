"""The options that name what ``evaluate`` evaluates: one recipe, or several competitors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from ...errors import UsageError, brief
from . import recipe as of_recipe
from .completion import component_names, shipped_names
from .grouped import option
from .recipe import OverrideOptions, RecipeOptions, viewed
from .settings import Settings, values

if TYPE_CHECKING:
    from ...extension.registry import Registry
    from ...recipes.recipe import Recipe, RecipeSet


@attrs.frozen
class CompetitorOptions:
    """Recipes by name or file, methods, or the parts of one recipe, and ``-p``."""

    recipes: tuple[str, ...] = option(
        "--recipe",
        metavar="NAME|FILE",
        shell_complete=shipped_names("recipes"),
        multiple=True,
        help="A shipped recipe, or one in TOML; repeatable: each is a competitor. Default: default.",
    )
    pris: tuple[str, ...] = of_recipe.PRIS
    extractor: str | None = of_recipe.EXTRACTOR
    layer: str | None = of_recipe.LAYER
    explainer: str | None = of_recipe.EXPLAINER
    metric: str | None = of_recipe.METRIC
    methods: tuple[str, ...] = option(
        "--method",
        shell_complete=component_names("method"),
        multiple=True,
        metavar="N",
        help="Method: a whole no-reference index; repeatable. Beside --recipe, or several: each is a competitor. "
        "Beside the parts of branches: its values are mapped with theirs.",
    )
    mapper: str | None = of_recipe.MAPPER
    overrides: tuple[str, ...] = of_recipe.OVERRIDES
    view: str | None = of_recipe.VIEW
    settings: tuple[str, ...] = of_recipe.SETTINGS

    def __attrs_post_init__(self) -> None:
        viewed(self.view)

    @property
    def read(self) -> tuple[str | None, ...]:
        """The recipes and what parameters are set to: what may be files that are read."""
        return (*self.recipes, *values(self.settings), *values(self.overrides))

    def chosen(self, registry: Registry, settings: Settings) -> list[Recipe | RecipeSet]:
        """The competitors, each with the view that is given, if any; one where they are the parts of one recipe.

        Raises:
            UsageError: as for :meth:`.RecipeOptions.named`, parts of branches are given beside several competitors, or
                two have the same name.
        """
        if not self._several(settings):
            recipe = self.recipes[0] if self.recipes else None
            return [self._one(recipe, self.pris, self.methods, self.mapper).chosen(registry, settings)]
        if self._branches_named(settings):
            raise UsageError(
                "--pri, --extractor, --layer, ... build one recipe: leave them out beside several competitors, or "
                "write it to a file and name that with --recipe"
            )
        if self.mapper is not None and not self.methods:
            raise UsageError("--mapper goes with --method: a recipe that is named has its own")
        from ...recipes import files as recipe_files

        overrides = OverrideOptions(overrides=self.overrides)
        found = [overrides.applied(recipe_files.find(name, registry), registry) for name in self.recipes]
        found += [self._of_method(name, settings) for name in self.methods]
        _check_names([one.name for one in found])
        return [self._one(None, (), (), None).at_view(one) for one in found]

    def _several(self, settings: Settings) -> bool:
        if len(self.recipes) > 1 or (self.recipes and self.methods):
            return True
        return len(self.methods) > 1 and not self._branches_named(settings)

    def _branches_named(self, settings: Settings) -> bool:
        from ...recipes.recipe import BRANCH_KINDS

        return bool(
            self.pris
            or self.extractor
            or self.layer
            or self.explainer
            or self.metric
            or settings.kinds & {*BRANCH_KINDS}
        )

    def _of_method(self, name: str, settings: Settings) -> Recipe:
        """A method by itself."""
        from ...recipes.recipe import Recipe

        mapper = None if self.mapper is None else settings.choice("mapper", self.mapper)
        return Recipe(name, (), mapper, methods=(settings.choice("method", name),))

    def _one(
        self, recipe: str | None, pris: tuple[str, ...], methods: tuple[str, ...], mapper: str | None
    ) -> RecipeOptions:
        return RecipeOptions(
            recipe=recipe,
            pris=pris,
            extractor=self.extractor,
            layer=self.layer,
            explainer=self.explainer,
            metric=self.metric,
            methods=methods,
            mapper=mapper,
            overrides=self.overrides,
            view=self.view,
            settings=self.settings,
        )


def _check_names(names: Sequence[str]) -> None:
    """Refuse competitors that tables cannot keep apart."""
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two competitors are called {brief(name)}: name each once, or give one another name in its file"
            )
