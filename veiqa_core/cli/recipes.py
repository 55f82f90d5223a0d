"""``veiqa recipes``: the recipes that come with the installed plugins."""

from __future__ import annotations

import json

import click

from .common import registry


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def recipes(ctx: click.Context, as_json: bool) -> None:
    """List the recipes and recipe sets that --recipe knows by name."""
    if ctx.invoked_subcommand is not None:
        return
    items = list(registry().recipes)
    if as_json:
        rows = [
            {
                "name": item.label,
                "ref": item.ref,
                "summary": item.record.summary,
                "reference": item.record.reference,
                "version": item.version,
            }
            for item in items
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    width = max((len(item.label) for item in items), default=0)
    for item in items:
        click.echo(f"{item.label:<{width}}  {item.record.summary}")


@recipes.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a shipped recipe's TOML, to start one's own from."""
    click.echo(registry().recipes.get(name).read_text(), nl=False)
