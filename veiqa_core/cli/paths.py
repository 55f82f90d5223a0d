"""Paths on the command line, as shells mean them also where a shell leaves them alone: ``--store=~/store.sqlite``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from ..files.paths import display_name, from_home
from ..files.remote import RemoteFile
from ..files.urls import is_url


class _UserPath(click.Path):
    """A path whose ``~`` is the user's home folder; one of no known user stays a name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if is_url(value):  # which would become the path of a folder called as its scheme is
            what = "the path" if param is None else param.get_error_hint(ctx)
            raise UsageError(f"{what} {display_name(value)}: is a URL, which is not taken here; name a path")
        found = Path(os.fsdecode(super().convert(value, param, ctx)))
        if found.parts[:1] == ("~",):
            return from_home(found, "the path" if param is None else param.get_error_hint(ctx))
        try:
            return from_home(found, "")
        except UsageError:
            return found


class _UserPlace(_UserPath):
    """The same of what is read and may be at a URL, which stays a text."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if is_url(value) else super().convert(value, param, ctx)


class _UserTarget(_UserPath):
    """A path of a file that is written, which may be at a URL."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return RemoteFile(value) if is_url(value) else super().convert(value, param, ctx)


PATH = _UserPath(path_type=Path)
PLACE = _UserPlace(path_type=Path)
TARGET = _UserTarget(path_type=Path)
FOLDER = _UserPath(path_type=Path, file_okay=False)
