"""The options that say which images are meant."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...errors import UsageError
from ...files.paths import display_name
from ...files.urls import is_url
from . import frames
from .grouped import argument, option

if TYPE_CHECKING:
    from ...inputs import Inputs


@attrs.frozen
class InputOptions:
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
        callback=frames.checked,
        default=frames.FIRST,
        show_default=True,
        metavar="first|all|N",
        help="Of animated and multi-page files take the first frame, each one, or the Nth; a row is named FILE#N.",
    )

    @property
    def still(self) -> bool:
        """Whether each file is one image."""
        return self.frames == frames.FIRST

    def check_there(self) -> None:
        """Refuse what is named and not there, but at URLs.

        Raises:
            UsageError: some file or folder is not.
        """
        from ...files.names import on_disk
        from ...images import is_frame_name
        from ...inputs import STDIN

        for name in self.images:
            if name == STDIN or is_url(name) or is_frame_name(name):
                continue
            if not os.path.lexists(on_disk(Path(name))):
                raise UsageError(f"{display_name(name)}: no such file or folder")

    def found(self, problem: Callable[[str], object], left_out: Callable[[str], object]) -> Inputs:
        """The files that are meant.

        Args:
            problem: takes one line for what cannot be read.
            left_out: takes the path of a picture that VEIQA made.
        """
        from ...inputs import Choice, Inputs

        return Inputs(self.images, self.lists, self.null, Choice(self.include, self.exclude), problem, left_out)

    def names(self, inputs: Inputs) -> Iterator[str]:
        """The images by name, one after another as they are asked for."""
        return frames.with_frames(inputs.names(), self.frames)
