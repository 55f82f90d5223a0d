"""The arguments that say which images are meant."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import attrs

from ..errors import UsageError, brief
from ..files.paths import display_name
from ..files.urls import is_url
from . import frames
from .arguments import Arg
from .given import Names, names_of, several

if TYPE_CHECKING:
    from ..inputs import Inputs


class InputArguments(TypedDict, total=False):
    """What is taken of folders and files."""

    include: Annotated[Names, Arg((), "patterns: of folders only what matches is taken")]
    exclude: Annotated[Names, Arg((), "patterns: of folders nothing that matches is taken")]
    frames: Annotated[
        str | int, Arg(frames.FIRST, "of animated and multi-page files ``first``, ``all``, or the n-th picture")
    ]


@attrs.frozen(kw_only=True)
class InputChoice:
    """Images and folders, lists of them, what is taken of folders, and which pictures of files with several."""

    images: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    null: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    frames: str = frames.FIRST

    @classmethod
    def of(cls, images: Any, wanted: InputArguments) -> InputChoice:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        if not frames.is_choice(str(wanted["frames"])):
            raise UsageError(f"frames must be 'first', 'all' or a number from 1 on, not {brief(wanted['frames'])}")
        given = several("images", images)
        for one in given:
            if not isinstance(one, str | os.PathLike):
                raise UsageError(f"images must be paths, not {brief(one)}")
        return cls(
            images=tuple(map(os.fspath, given)),
            include=names_of("include", wanted["include"]),
            exclude=names_of("exclude", wanted["exclude"]),
            frames=str(wanted["frames"]),
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
        from ..files.names import on_disk
        from ..images import is_frame_name
        from ..inputs import STDIN

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
        from ..inputs import Choice, Inputs

        return Inputs(self.images, self.lists, self.null, Choice(self.include, self.exclude), problem, left_out)

    def names(self, inputs: Inputs) -> Iterator[str]:
        """The images by name, one after another as they are asked for."""
        return frames.with_frames(inputs.names(), self.frames)
