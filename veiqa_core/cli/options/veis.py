"""The options that keep VEIs, and how much of them."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from ...functions.veis import VeiChoice, parse_bytes
from ..paths import FOLDER
from .grouped import option


def _bytes(ctx: click.Context, param: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else parse_bytes(text)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


@attrs.frozen
class VeiOptions(VeiChoice):
    """``--keep-vei`` and ``--keep-vei-cap``."""

    keep_vei: Path | None = option(
        "--keep-vei",
        type=FOLDER,
        metavar="DIR",
        help="Keep the VEIs here, one safetensors file an image; those that lack are made.",
    )
    keep_vei_cap: int | None = option(
        "--keep-vei-cap",
        callback=_bytes,
        metavar="SIZE",
        help="Most that the files in DIR may take, such as 500MB. Default: 10GiB.",
    )
