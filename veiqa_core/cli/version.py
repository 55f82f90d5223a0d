"""``veiqa --version``: what is installed, without importing it."""

from __future__ import annotations

import platform
from typing import Any

import click

from ..api import API_VERSION
from ..extension.catalogue import OWN_DIST
from ..extension.discovery import discover, version_of
from .printing import line, say


def _show(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    found = discover()
    plugins = {plugin.dist: plugin.version for plugin in found.plugins if plugin.dist != OWN_DIST}
    versions = {
        "veiqa": version_of(OWN_DIST),
        "plugin API": ".".join(map(str, API_VERSION)),
        "Python": platform.python_version(),
        "torch": version_of("torch") or "not installed",
        **plugins,
    }
    for name, version in versions.items():
        line(f"{name} {version}")
    for damaged in found.damaged:
        say(f"warning: {damaged}; reinstall or remove it")
    ctx.exit()


def version_option(command: Any) -> Any:
    """Give a command ``--version``."""
    return click.option(
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show,
        help="Show the versions of VEIQA, its plugin API, Python, torch and the plugins.",
    )(command)
