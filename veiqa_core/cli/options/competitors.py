"""The options that name what ``evaluate`` evaluates: one recipe, or several competitors."""

from __future__ import annotations

import attrs

from ...functions.recipes import Competitors
from ...functions.settings import values
from . import recipe as of_recipe
from .completion import component_names, shipped_names
from .grouped import option


@attrs.frozen
class CompetitorOptions(Competitors):
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

    @property
    def read(self) -> tuple[str | None, ...]:
        """The recipes and what parameters are set to: what may be files that are read."""
        return (*self.recipes, *values(self.settings), *values(self.overrides))
