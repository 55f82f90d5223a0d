"""``--vei``: pictures of where quality is lost, and of the heat maps behind the score."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..files.marks import OF, PICTURE, image_mark, is_picture_of
from ..files.names import name_key
from ..files.paths import display_name, file_name, file_stem
from ..files.urls import Located
from ..text import printable
from .picture_folder import picture_folder
from .progress import Once
from .sinks import PreviousRow, Sink

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import Result


class Pictures(Sink):
    """Writes the pictures of results into a folder; those of different images have different names.

    A picture takes the place of an earlier one of the same image only. Where anything else has its name, it gets a
    number: a photo, a picture of another image, a folder, or what is itself one of the images.

    Args:
        named: the images that were named one by one; None where more may be named while pictures are written: then
            no picture that is there is replaced.
        problem: takes one line for a picture that cannot be written.
        note: takes one line where a picture got a number for what is there.

    Raises:
        UsageError: the folder cannot be made, listed or written to.
    """

    def __init__(
        self,
        folder: Located,
        named: Iterable[str] | None,
        problem: Callable[[str], object],
        note: Callable[[str], object],
    ) -> None:
        self._folder = picture_folder(folder, () if named is None else named)
        self._problem = problem
        self._note = Once(note)
        self._images = _Names()
        self._files = _Names()
        self._all_named = named is not None

    def add(self, result: Result) -> None:
        """Write one result's pictures."""
        from ..explanations.pictures import png

        image = self._images.free(file_stem(Path(file_name(result.image)).stem))
        mark = image_mark(result.url or result.path or result.image)
        for part, figure in _figures(result):
            content = png(figure, PICTURE | {OF: mark})
            name = self._place(f"{image}.{part}", mark, content)
            try:
                path = self._folder.find(name)
                if not path.exists() or path.read_bytes() != content:
                    self._folder.write(name, content)
            except (UsageError, OSError) as error:
                shown = self._folder.shown(name)
                self._problem(
                    str(error) if isinstance(error, UsageError) else f"{shown}: cannot be written: {error.strerror}"
                )
                return

    def skip(self, row: PreviousRow) -> None:
        """Leave the names to an image whose pictures an earlier run wrote."""
        self._images.free(file_stem(Path(file_name(row.image)).stem))

    def _place(self, title: str, mark: str, content: bytes) -> str:
        """The name that a picture gets."""
        stem = file_stem(title)
        wanted = name = f"{self._files.free(stem)}.png"
        while os.path.lexists(self._folder.find(name)) and not self._may_replace(name, mark, content):
            name = f"{self._files.free(stem)}.png"
        if name != wanted:
            there = printable(self._folder.shown(wanted))
            self._note(f"{there} is there already, and is kept; the picture is {printable(name)}")
        return name

    def _may_replace(self, name: str, mark: str, content: bytes) -> bool:
        path = self._folder.find(name)
        if not is_picture_of(path, mark) or self._folder.is_read(name):
            return False
        return self._all_named or path.read_bytes() == content


class _Names:
    """Names that are taken, in a database that SQLite moves to disk as it grows: there may be any number of them."""

    def __init__(self) -> None:
        self._taken = sqlite3.connect("", isolation_level=None)
        self._taken.execute("CREATE TABLE taken (name TEXT PRIMARY KEY, asked INTEGER) WITHOUT ROWID")
        self._taken.execute("BEGIN")  # nothing of it outlives this process

    def free(self, wanted: str) -> str:
        """Take a name that was not taken, on no file system: the one wanted, or with a number."""
        name, number = wanted, self._ask(wanted)
        while number > 1 and self._ask(name := f"{wanted}-{number}") > 1:
            number = self._ask(wanted)
        return name

    def _ask(self, name: str) -> int:
        """How often a name was asked for, this time included."""
        asking = "INSERT INTO taken VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET asked = asked + 1 RETURNING asked"
        ((asked,),) = self._taken.execute(asking, (name_key(name),)).fetchall()
        return int(asked)


def _figures(result: Result) -> Iterator[tuple[str, Figure]]:
    """The pictures of a result: the quality map, and the pairs of VEIs that shape it most, or all, numbered.

    Each has a short name, and says in itself what it shows.
    """
    from ..explanations.pictures import MOST_PAIRS, quality_figure, vei_figure

    name = display_name(file_name(result.image))
    if result.quality_map is not None and result.scale is not None and result.score is not None and result.heatmaps:
        title = f"{name}: {result.score:.1f} on a scale from {result.scale[0]:g} to {result.scale[1]:g}"
        image = result.heatmaps[0].input_image
        yield "map", quality_figure(image, result.quality_map, result.scale, title)
    shown = result.heatmaps if result.quality_map is None else result.heatmaps[:MOST_PAIRS]
    for number, heatmaps in enumerate(shown, 1):
        yield f"vei{number}", vei_figure(heatmaps, name)
