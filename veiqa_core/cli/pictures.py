"""``--vei``: pictures of where quality is lost, and of the heat maps that tell it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import file_stem
from .files import make_folder
from .sinks import Earlier, Sink

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..scorer import Result


class Pictures(Sink):
    """Writes the pictures of results into a folder; those of different images have different names.

    Args:
        problem: takes one line for a picture that cannot be written.

    Raises:
        UsageError: the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, problem: Callable[[str], object]) -> None:
        make_folder("--vei", folder)
        self._folder = folder
        self._problem = problem
        self._names = _Names()

    def add(self, result: Result) -> None:
        """Write one result's pictures."""
        from ..explaining.pictures import save

        image = self._names.free(file_stem(Path(result.image).stem))
        names = _Names()
        for title, figure in _figures(result):
            path = self._folder / f"{names.free(file_stem(f'{image}--{title}'))}.png"
            try:
                save(figure, path)
            except OSError as error:
                self._problem(f"{path}: cannot be written: {error.strerror or error}")
                return

    def skip(self, row: Earlier) -> None:
        """Leave the names to an image whose pictures an earlier run wrote."""
        self._names.free(file_stem(Path(row.image).stem))


class _Names:
    """Names that are taken, in a database that SQLite moves to disk as it grows: there may be any number of them."""

    def __init__(self) -> None:
        self._taken = sqlite3.connect("", isolation_level=None)
        self._taken.execute("CREATE TABLE taken (name TEXT PRIMARY KEY, asked INTEGER) WITHOUT ROWID")
        self._taken.execute("BEGIN")  # nothing of it outlives this process

    def free(self, wanted: str) -> str:
        """Take a name that was not taken, not even where case does not count: the one wanted, or with a number."""
        name, number = wanted, self._ask(wanted)
        while number > 1 and self._ask(name := f"{wanted}-{number}") > 1:
            number = self._ask(wanted)
        return name

    def _ask(self, name: str) -> int:
        """How often a name was asked for, this time included."""
        asking = "INSERT INTO taken VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET asked = asked + 1 RETURNING asked"
        ((asked,),) = self._taken.execute(asking, (name.casefold(),)).fetchall()
        return int(asked)


def _figures(result: Result) -> Iterator[tuple[str, Figure]]:
    """The pictures of a result by title: the quality map, and the pairs of VEIs that shape it most, or all."""
    from ..explaining.pictures import MOST_PAIRS, quality_figure, vei_figure
    from ..images import display_name

    name = display_name(Path(result.image).name)
    if result.quality_map is not None and result.scale is not None and result.score is not None and result.heatmaps:
        title = f"{name}: {result.score:.1f} on a scale from {result.scale[0]:g} to {result.scale[1]:g}"
        image = result.heatmaps[0].input_image
        yield "quality", quality_figure(image, result.quality_map, result.scale, title)
    shown = result.heatmaps if result.quality_map is None else result.heatmaps[:MOST_PAIRS]
    for heatmaps in shown:
        yield heatmaps.title, vei_figure(heatmaps, name)
