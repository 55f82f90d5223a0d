"""One's own ratings: a folder of images and a table ``scores.csv``."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from veiqa_core.api import name_key
from veiqa_core.contracts import RatedImage, Ratings

from .distortions import canonical
from .files import Folder
from .plugin import CsvParams
from .tables import Row, read_rows

FILE = "scores.csv"
TYPES = ("mos", "dmos")
ADVICE = "It is a table of your own: its first row names at least the columns image and score (see docs/datasets.md)"
ASSUMED = "scores.csv names no score_type; mos was assumed: higher is better."


class ScoresCsv:
    """Reads a folder with ``scores.csv``: columns ``image`` and ``score``, and further ones where they are known.

    Further columns are ``reference``, ``distortion``, ``level``, ``score_type``, ``split`` and ``score_source``.
    """

    def __init__(self, params: CsvParams) -> None:
        self._range = params.range

    def read(self, root: Path) -> Ratings:
        """The images that the table lists.

        Raises:
            DatasetError: the table is missing or a row of it does not make sense, with what to do.
        """
        folder = Folder(root, "csv", ADVICE)
        rows = read_rows(folder, FILE, ("image", "score"))
        score_type = _of_all(rows, "score_type").lower()
        if score_type and score_type not in TYPES:
            raise rows[0].error(f"column 'score_type' holds {score_type!r}; write mos or dmos")
        images = tuple(_rated(folder, row) for row in rows)
        _refuse_repetitions(rows, images)
        return Ratings(
            images=images,
            score_type="dmos" if score_type == "dmos" else "mos",
            range=self._range,
            pseudo_rating=_of_all(rows, "score_source") or None,
            remarks=((() if score_type else (ASSUMED,)) + _absent_references(images)),
        )


def _rated(folder: Folder, row: Row) -> RatedImage:
    named = _path(row.text("reference"))
    reference = folder.spelled(named) if named and folder.has(named) else None
    return row.rated(
        image=folder.spelled(_path(row.needed("image"))),
        score=row.score("score"),
        content=reference or name_key(named) or None,
        reference=reference,
        distortion=canonical(row.text("distortion")) or None,
        level=row.text("level") or None,
        split=row.text("split") or None,
    )


def _absent_references(images: tuple[RatedImage, ...]) -> tuple[str, ...]:
    """A remark on scenes whose names look like files that are not there."""
    named = {item.content for item in images if item.reference is None and item.content is not None}
    absent = sorted(name for name in named if PurePosixPath(name).suffix)
    if not absent:
        return ()
    return (f"{len(absent)} references are no files of the folder and are taken for names, such as {absent[0]!r}.",)


def _path(text: str) -> str:
    """A path with forward slashes and no needless parts, so that one file has one name."""
    return str(PurePosixPath(text.replace("\\", "/"))) if text else ""


def _of_all(rows: list[Row], column: str) -> str:
    """The one value that a column has in all rows."""
    first = rows[0].text(column)
    for row in rows:
        if row.text(column).lower() != first.lower():
            values = f"{row.text(column)!r} where row {rows[0].number} has {first!r}"
            raise row.error(f"column {column!r} holds {values}; split the table, one value to a table")
    return first


def _refuse_repetitions(rows: list[Row], images: tuple[RatedImage, ...]) -> None:
    first: dict[str, int] = {}
    for row, item in zip(rows, images, strict=True):
        if item.image in first:
            raise row.error(f"column 'image' holds {item.image!r} as row {first[item.image]} does; keep one of them")
        first[item.image] = row.number
