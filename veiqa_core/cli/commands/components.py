"""``veiqa components``: the components that recipes and options can name."""

from __future__ import annotations

from typing import Any

import attrs
import click

from ...api import parameters as params
from ...extension.catalogue import Registered
from ...extension.kinds import KINDS, check_kind
from ..common import registry
from ..printing import json_data, line


class _DefaultsToList(click.Group):
    """``components [KIND]`` lists; ``components show KIND/NAME`` shows one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args[:1] != ["show"] and not {"-h", "--help"} & set(args):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_DefaultsToList, options_metavar="", subcommand_metavar="[KIND] [--json] | show KIND/NAME [--json]")
def components() -> None:
    """List the components, or show one with its parameters.

    KIND is pri, extractor, explainer, metric, method, mapper, classifier, dataset, strategy or control.
    """


@components.command("list", hidden=True)
@click.argument("kind", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(kind: str | None, as_json: bool) -> None:
    """List the components of one kind or all."""
    found = registry()
    if kind is not None:
        check_kind(kind)
    items = [item for item in found if kind in (None, item.kind)]
    if as_json:
        json_data([_plain(item) for item in items])
        return
    width = max((len(item.label) for item in items), default=0)
    for name in KINDS:
        group = [item for item in items if item.kind == name]
        if group:
            line(f"{KINDS[name].plural} ({name})")
            for item in group:
                line(f"  {item.label:<{width}}  {item.component.summary}")


@components.command()
@click.argument("name", metavar="KIND/NAME")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show a component: summary, parameters with their defaults, source."""
    item = registry().named(name)
    if as_json:
        json_data(_plain(item))
        return
    component = item.component
    line(f"{item.kind}/{component.name}  ({item.dist} {item.version})")
    line(f"  {component.summary}")
    if component.reference:
        line(f"  Source: {component.reference}")
    for trait, value in sorted(component.traits.items()):
        line(f"  {trait}: {', '.join(map(str, value)) if isinstance(value, tuple) else value}")
    described = params.describe(component.params)
    line("  Parameters:" if described else "  No parameters.")
    for info in described:
        limits = f"; {', '.join(info.limits)}" if info.limits else ""
        line(f"    {info.name} = {info.default}  ({info.type}{limits})")
        line(f"        {info.help}")
    line(f"  Code: {component.factory}")
    line(f"  More: {KINDS[item.kind].page}")
    if component.extra:
        line(f"  Needs: pip install '{component.extra}'")


def _plain(item: Registered) -> dict[str, Any]:
    component = item.component
    return {
        "kind": item.kind,
        "name": component.name,
        "ref": item.ref,
        "dist": item.dist,
        "version": item.version,
        "summary": component.summary,
        "reference": component.reference,
        "factory": component.factory,
        "requires": list(component.requires),
        "extra": component.extra,
        "traits": {name: params.plain(value) for name, value in component.traits.items()},
        "params": [
            {name: params.plain(value) for name, value in attrs.asdict(info).items()}
            for info in params.describe(component.params)
        ],
    }
