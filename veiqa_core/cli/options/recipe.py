"""The options that name a recipe, or build one, the same in every command that scores."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from ...errors import UsageError
from ...files.values import parse_whole
from ..commands.completion import component_names, shipped_names
from .grouped import Command, give
from .settings import Settings

if TYPE_CHECKING:
    from ...extension.registry import Registry
    from ...recipes.recipe import Recipe, RecipeSet


_INDEX = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_OPTIONS = (
    click.option(
        "--recipe",
        metavar="NAME|FILE",
        shell_complete=shipped_names("recipes"),
        help="A shipped recipe, or one in TOML; excludes the options that build one. Default: default.",
    ),
    click.option(
        "--pri",
        "pris",
        shell_complete=component_names("pri"),
        multiple=True,
        metavar="P",
        help="PRI generator; repeatable. Default: all four.",
    ),
    click.option(
        "--extractor",
        shell_complete=component_names("extractor"),
        metavar="E",
        help="Feature extractor. Default: efficientnet-lite0.",
    ),
    click.option("--layer", metavar="L", help="Layer, by name or index. Default: the extractor's own."),
    click.option(
        "--explainer", shell_complete=component_names("explainer"), metavar="X", help="Explainer. Default: gradcam."
    ),
    click.option(
        "--metric", shell_complete=component_names("metric"), metavar="M", help="Similarity metric. Default: psnr."
    ),
    click.option(
        "--mapper", shell_complete=component_names("mapper"), metavar="Q", help="Score mapper. Default: none."
    ),
)
setting_option = click.option(
    "-p", "settings", multiple=True, metavar="KIND.NAME=VALUE", help="A parameter of every component of a kind."
)
device_option = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True, help="Where."
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    show_default=True,
    help="What networks compute in. bfloat16 is faster where the processor or card has it; scores move a little.",
)


def recipe_options(command: Command) -> Command:
    """Give a command the options that :func:`chosen_recipe` takes, and ``-p``."""
    return give(command, (*_OPTIONS, setting_option))


def chosen_recipe(
    registry: Registry,
    settings: Settings,
    *,
    recipe: str | None,
    pris: tuple[str, ...],
    mapper: str | None,
    **parts: str | None,
) -> Recipe | RecipeSet:
    """The recipe named, or an ad-hoc one of the parts named, the others at their defaults; the default recipe where
    nothing is named.

    Raises:
        UsageError: a recipe and parts are named together, or something named is not there.
    """
    from ...recipes import recipe as recipes

    given = {name: value for name, value in parts.items() if value is not None}
    parts_named = bool(pris or mapper or given or settings.kinds & {*recipes.BRANCH_KINDS, "mapper"})
    if recipe is not None and parts_named:
        raise UsageError("--recipe already says everything: leave out --pri, --extractor, --layer, ..., -p")
    if not parts_named:
        return recipes.find(recipe or recipes.DEFAULT_RECIPE, registry)
    layer = given.pop("layer", None)
    names = {
        "extractor": recipes.DEFAULT_EXTRACTOR,
        "explainer": recipes.DEFAULT_EXPLAINER,
        "metric": recipes.DEFAULT_METRIC,
        **given,
    }
    chosen: dict[str, Any] = {kind: settings.choice(kind, name) for kind, name in names.items()}
    return recipes.ad_hoc(
        pris=[settings.choice("pri", pri) for pri in pris or recipes.DEFAULT_PRIS],
        mapper=None if mapper is None else settings.choice("mapper", mapper),
        layer=parse_whole(layer) if layer is not None and _INDEX.fullmatch(layer) else layer,
        **chosen,
    )
