"""The options that keep VEIs, and how much of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...errors import UsageError
from ..files import make_folder
from ..paths import FOLDER
from ..printing import say
from .grouped import option

if TYPE_CHECKING:
    from ...measuring.vei_files import VeiFolder
    from ...recipes.resolution import ResolvedSet


_CAP = 10 * 2**30  # bytes
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,12})?) ?([KMGT]?)(I?)B", re.ASCII | re.IGNORECASE)


def _bytes(ctx: click.Context, param: click.Parameter, text: str | None) -> int | None:
    """Bytes from a size as people write it."""
    if text is None:
        return None
    found = _SIZE.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no size such as 500MB or 10GiB", ctx, param)
    number, prefix, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** " KMGT".index(prefix.upper() or " "))


@attrs.frozen
class VeiOptions:
    """``--keep-vei`` and ``--keep-vei-cap``.

    Raises:
        UsageError: there is a cap without a folder.
    """

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

    def __attrs_post_init__(self) -> None:
        if self.keep_vei is None and self.keep_vei_cap is not None:
            raise UsageError("--keep-vei-cap goes with --keep-vei DIR")

    def check(self, recipes: ResolvedSet) -> None:
        """Refuse a folder for VEIs where there are none.

        Raises:
            UsageError: the recipes have methods only.
        """
        if self.keep_vei is not None and not any(recipe.branches for recipe in recipes.recipes.values()):
            raise UsageError("--keep-vei keeps what networks see, and a method has no map: leave it out")

    @contextmanager
    def opened(self, *datasets: Path) -> Iterator[VeiFolder | None]:
        """The folder for VEIs that is meant; at the end one line on standard error where the cap kept some out.

        Raises:
            UsageError: the folder is a dataset's or cannot be written to.
        """
        folder = self.keep_vei
        if folder is None:
            yield None
            return
        from ...measuring.vei_files import VeiFolder

        make_folder("--keep-vei", folder, *datasets)
        opened = VeiFolder(folder, _CAP if self.keep_vei_cap is None else self.keep_vei_cap)
        yield opened
        if opened.without:
            say(
                f"warning: --keep-vei {folder}: reached its cap; images without all their VEIs: {len(opened.without)}; "
                "the same command goes on with a larger --keep-vei-cap"
            )
