"""``veiqa recipes``: the recipes that come with the installed plugins."""

from __future__ import annotations

import click

from ..common import registry
from ..printing import data
from ..shipped import show_list


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def recipes(ctx: click.Context, as_json: bool) -> None:
    """List the recipes and recipe sets that --recipe knows by name."""
    if ctx.invoked_subcommand is None:
        show_list(registry().recipes, as_json)


@recipes.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a shipped recipe's TOML, to start one's own from."""
    data(registry().recipes.get(name).read_text())
