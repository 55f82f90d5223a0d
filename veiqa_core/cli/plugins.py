"""``veiqa plugins``: what is installed, and what is wrong with it."""

from __future__ import annotations

import json

import attrs
import click

from ..discovery import Found
from ..errors import UsageError
from ..registry import Registry, installed


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", is_flag=True, help="Import every component too; exit status 1 if anything is wrong.")
@click.pass_context
def plugins(ctx: click.Context, as_json: bool, check: bool) -> None:
    """List the installed plugins and their problems."""
    registry = installed()
    problems = [str(problem) for problem in registry.problems]
    if check:
        problems += _clashes(registry) + _unloadable(registry)
    if as_json:
        rows = [{**attrs.asdict(plugin), "registered": _is_registered(registry, plugin)} for plugin in registry.plugins]
        click.echo(json.dumps({"plugins": rows, "problems": problems}, indent=2))
    else:
        _show(registry, problems)
        if check and not problems:
            click.echo("All plugins and components load.")
    if check and problems:
        ctx.exit(1)


def _show(registry: Registry, problems: list[str]) -> None:
    for plugin in registry.plugins:
        state = "" if _is_registered(registry, plugin) else "  (left out)"
        click.echo(f"{plugin.dist} {plugin.version}  {plugin.entry}  {plugin.value}{state}")
    if not registry.plugins:
        click.echo("No plugins: none is installed, or VEIQA_PLUGINS excludes them.")
    for problem in problems:
        click.echo(f"problem: {problem}")


def _is_registered(registry: Registry, plugin: Found) -> bool:
    return all(problem.plugin != plugin for problem in registry.problems)


def _clashes(registry: Registry) -> list[str]:
    refs = {(item.kind, item.component.name) for item in registry}
    found = []
    for kind, name in sorted(refs):
        try:
            registry.get(kind, name)
        except UsageError as error:
            found.append(str(error))
    return found


def _unloadable(registry: Registry) -> list[str]:
    found = []
    for item in registry:
        if item.component.extra and item.missing:  # an extra that is not installed is no fault
            continue
        try:
            item.load()
        except UsageError as error:
            found.append(str(error))
    return found
