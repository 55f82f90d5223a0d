"""The commands that list files which plugins ship: recipes and search spaces."""

from __future__ import annotations

from collections.abc import Callable

import click

from ..extension.catalogue import Catalogue, Shipped
from ..extension.registry import Registry
from .common import registry
from .printing import json_data, line


def shipped_files(name: str, of: Callable[[Registry], Catalogue[Shipped]], about: str) -> click.Group:
    """A command with this help that lists the files of a catalogue, for subcommands to be added."""

    @click.group(name, help=about, invoke_without_command=True)
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.pass_context
    def group(ctx: click.Context, as_json: bool) -> None:
        if ctx.invoked_subcommand is None:
            _show_list(of(registry()), as_json)

    return group


def _show_list(catalogue: Catalogue[Shipped], as_json: bool) -> None:
    """Print names and summaries, as text or JSON."""
    items = list(catalogue)
    if as_json:
        about = ("summary", "reference")
        rows = [
            {"name": item.label, "ref": item.ref}
            | {name: getattr(item.record, name) for name in about}
            | {"version": item.version}
            for item in items
        ]
        json_data(rows)
        return
    width = max((len(item.label) for item in items), default=0)
    for item in items:
        line(f"{item.label:<{width}}  {item.record.summary}")
