"""``veiqa plugins``: what is installed, and what is wrong with it."""

from __future__ import annotations

import attrs
import click

from ...errors import UsageError, near_miss
from ...extension.discovery import Found, normalise
from ...extension.registry import Registry, installed
from ..printing import json_data, line


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", is_flag=True, help="Import every component too; exit status 1 if anything is wrong.")
@click.option("--deep", is_flag=True, help="With --check: run the conformance checks on every component.")
@click.option("--dist", "dists", multiple=True, metavar="DIST", help="With --deep: of this distribution. Repeatable.")
@click.pass_context
def plugins(ctx: click.Context, as_json: bool, check: bool, deep: bool, dists: tuple[str, ...]) -> None:
    """List the installed plugins and their problems."""
    if deep and not check:
        raise UsageError("--deep goes with --check")
    if dists and not deep:
        raise UsageError("--dist goes with --check --deep")
    registry = installed()
    problems = [str(problem) for problem in (*registry.damaged, *registry.problems)]
    if check:
        problems += [str(remark) for remark in registry.remarks] + _clashes(registry) + _unloadable(registry)
    if deep:
        problems += _nonconforming(registry, {normalise(dist) for dist in dists})
    if as_json:
        rows = [{**attrs.asdict(plugin), "registered": _is_registered(registry, plugin)} for plugin in registry.plugins]
        json_data({"plugins": rows, "problems": problems})
    else:
        _show(registry, problems)
        if check and not problems:
            line("All plugins and components load." if not deep else "All components pass all checks.")
    if check and problems:
        ctx.exit(1)


def _show(registry: Registry, problems: list[str]) -> None:
    for plugin in registry.plugins:
        state = "" if _is_registered(registry, plugin) else "  (left out)"
        line(f"{plugin.dist} {plugin.version}  {plugin.entry}  {plugin.value}{state}")
    if not registry.plugins:
        line("No plugins: none is installed, or VEIQA_PLUGINS excludes them.")
    for problem in problems:
        line(f"problem: {problem}")


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


def _nonconforming(registry: Registry, dists: set[str]) -> list[str]:
    """What components do not keep to, of all distributions or of these; on a terminal a bar shows how far it is."""
    from ...results.progress import progress
    from ...testing import Subject, checks_for

    known = {item.dist for item in registry}
    if unknown := sorted(dists - known):
        raise UsageError(near_miss("distribution", unknown[0], known))
    chosen = [item for item in registry if not dists or item.dist in dists]
    found = []
    for item in progress("checking", " components")(chosen, len(chosen)):
        of = Subject(registry.part(item.kind, item.ref))
        outcomes = (check.run(of) for check in checks_for(of))
        found += [str(outcome) for outcome in outcomes if outcome.state == "failed"]
    return found
