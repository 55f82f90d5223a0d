"""The options that say which images are meant."""

from __future__ import annotations

import attrs
import click

from ...functions import frames
from ...functions.inputs import InputChoice
from .grouped import argument, option


def _frames(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if frames.is_choice(value):
        return value
    raise click.BadParameter(
        f"{value!r} is neither {frames.FIRST!r} nor {frames.ALL!r} nor a number from 1 on", ctx, param
    )


@attrs.frozen
class InputOptions(InputChoice):
    """The images, ``--list``, ``--null``, ``--include``, ``--exclude`` and ``--frames``."""

    images: tuple[str, ...] = argument(nargs=-1, metavar="IMAGE|FOLDER|URL|-...")
    lists: tuple[str, ...] = option(
        "--list",
        multiple=True,
        metavar="FILE|URL",
        help="Take the files or URLs that FILE lists, a line each; repeatable.",
    )
    null: bool = option(
        "-0", "--null", is_flag=True, help="Paths in lists end with NUL, as 'find -print0' writes them."
    )
    include: tuple[str, ...] = option(
        "--include", multiple=True, metavar="GLOB", help="Of folders: only images whose path in it matches; repeatable."
    )
    exclude: tuple[str, ...] = option(
        "--exclude", multiple=True, metavar="GLOB", help="Of folders: no images or folders that match; repeatable."
    )
    frames: str = option(
        "--frames",
        callback=_frames,
        default=frames.FIRST,
        show_default=True,
        metavar="first|all|N",
        help="Of animated and multi-page files take the first frame, each one, or the Nth; a row is named FILE#N.",
    )
