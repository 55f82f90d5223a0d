"""``veiqa spaces``: the search spaces that come with the installed plugins."""

from __future__ import annotations

import click

from ..common import registry
from ..printing import data
from ..shipped import show_list


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def spaces(ctx: click.Context, as_json: bool) -> None:
    """List the search spaces that --space knows by name."""
    if ctx.invoked_subcommand is None:
        show_list(registry().spaces, as_json)


@spaces.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a shipped space's TOML, to start one's own from."""
    data(registry().spaces.get(name).read_text())
