"""``veiqa plugin``: for those who write plugins."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ...extension.kinds import KINDS
from ..paths import PATH
from ..printing import line


@click.group()
def plugin() -> None:
    """Write a plugin."""


@plugin.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What its component is.")
@click.option(
    "--into",
    type=PATH,
    default=Path(),
    metavar="DIR",
    help="Where its folder goes. Default: here.",
)
def new(name: str, kind: str, into: Path) -> None:
    """Write a small distribution, veiqa-NAME, with one component that works and passes all checks.

    Replace its component by your own idea; the tests say what it must keep to.
    """
    from ... import scaffold

    files = scaffold.write(name, kind, into)
    names = scaffold.Names.of(name)
    for file in files:
        line(f"  {into / file}")
    folder = shlex.quote(str(into / names.dist))
    line()
    line("Try it:")
    line(f"  pip install -e {folder}'[test]'")
    line(f"  veiqa components show {kind}/{names.component}")
    line(f"  pytest {folder}")
    package = into / names.dist / names.package
    line(f"Then write your own: {package / 'component.py'}, and its facts in {package / 'plugin.py'}")
