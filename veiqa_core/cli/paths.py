"""Paths on the command line, as shells mean them also where a shell leaves them alone: ``--store=~/store.sqlite``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from ..files.paths import from_home


class _UserPath(click.Path):
    """A path whose ``~`` is the user's home folder; one of no known user stays a name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = Path(os.fsdecode(super().convert(value, param, ctx)))
        if found.parts[:1] == ("~",):
            return from_home(found, "the path" if param is None else param.get_error_hint(ctx))
        try:
            return from_home(found, "")
        except UsageError:
            return found


PATH = _UserPath(path_type=Path)
FOLDER = _UserPath(path_type=Path, file_okay=False)
