"""``veiqa recipes``: the recipes that come with the installed plugins."""

import click

from ..common import registry
from ..options.grouped import groups
from ..options.recipe import OverrideOptions
from ..printing import data
from ..shipped import shipped_files

recipes = shipped_files(
    "recipes", lambda registry: registry.recipes, "List the recipes and recipe sets that --recipe knows by name."
)


@recipes.command()
@click.argument("name", metavar="NAME|FILE")
@groups(overrides=OverrideOptions)
def show(name: str, overrides: OverrideOptions) -> None:
    """Print a recipe's TOML, to start one's own from: a shipped one as it is, or any with --set."""
    found = registry()
    if not overrides.overrides and not name.endswith(".toml"):
        data(found.recipes.get(name).read_text())
        return
    from ...recipes import files

    data(files.dumps(overrides.applied(files.find(name, found), found)))
