"""The options that say which images are meant."""

from __future__ import annotations

import click

from .grouped import Command, give

_OPTIONS = (
    click.argument("images", nargs=-1, metavar="IMAGE|FOLDER|-..."),
    click.option(
        "--list",
        "lists",
        multiple=True,
        metavar="FILE",
        help="Score the files that FILE lists, a line each; repeatable.",
    ),
    click.option("-0", "--null", is_flag=True, help="Paths in lists end with NUL, as 'find -print0' writes them."),
    click.option(
        "--include",
        multiple=True,
        metavar="GLOB",
        help="Of folders: only images whose path in it matches; repeatable.",
    ),
    click.option(
        "--exclude", multiple=True, metavar="GLOB", help="Of folders: no images or folders that match; repeatable."
    ),
)


def input_options(command: Command) -> Command:
    """Give a command its images, ``--list``, ``--null``, ``--include`` and ``--exclude``."""
    return give(command, _OPTIONS)
