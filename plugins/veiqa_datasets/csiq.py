"""CSIQ, the categorical subjective image quality database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from openpyxl import load_workbook

from veiqa_core.api import NoParams, near_miss
from veiqa_core.contracts import RatedImage, Ratings

from .files import Folder
from .releases import CSIQ
from .tables import Row

BOOK = "csiq.DMOS.xlsx"
SHEET = "all_by_image"
COLUMNS = ("image", "dst_type", "dst_lev", "dmos")
TYPES = {
    "noise": ("WN", "awgn", "AWGN"),
    "jpeg": ("JPEG", "jpeg", "JPEG"),
    "jpeg 2000": ("JP2K", "jpeg2000", "jpeg2000"),
    "fnoise": ("PN", "fnoise", "fnoise"),
    "blur": ("GB", "blur", "BLUR"),
    "contrast": ("CC", "contrast", "contrast"),
}
"""Of each ``dst_type`` of the sheet: its canonical name, its folder and its part of the file name."""


class Csiq:
    """Reads CSIQ: ``src_imgs/NAME.png``, ``dst_imgs/TYPE/NAME.TYPE.LEVEL.png`` and ``csiq.DMOS.xlsx``.

    Source: the release's workbook, sheet ``all_by_image``, whose header stands below a title; Larson and Chandler 2010.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def read(self, root: Path) -> Ratings:
        """The images that the sheet lists.

        Raises:
            DatasetError: the workbook is missing, unreadable or not of the official form.
        """
        folder = Folder.of(CSIQ, root)
        images = tuple(_rated(folder, row) for row in _rows(folder))
        if not images:
            raise folder.error(f"{BOOK}: sheet {SHEET!r} names no image; fetch the release's own file")
        return Ratings(images=images, score_type=CSIQ.score_type, range=CSIQ.range)


def _rated(folder: Folder, row: Row) -> RatedImage:
    kind, level = row.needed("dst_type").lower(), row.needed("dst_lev")
    if kind not in TYPES:
        raise row.error(near_miss("dst_type", kind, TYPES))
    distortion, directory, part = TYPES[kind]
    name = row.needed("image")
    reference = folder.spelled(f"src_imgs/{name}.png")
    return row.rated(
        image=folder.spelled(f"dst_imgs/{directory}/{name}.{part}.{level}.png"),
        score=row.score("dmos", CSIQ.range, "fetch the release's own file"),
        content=PurePosixPath(reference).stem,
        reference=reference,
        distortion=distortion,
        level=level,
    )


def _rows(folder: Folder) -> Iterator[Row]:
    """The rows below the header that name an image."""
    header: dict[str, int] = {}
    for number, cells in enumerate(_sheet(folder), start=1):
        texts = [_text(cell) for cell in cells]
        if header:
            row = Row(folder, BOOK, number, {name: texts[at] for name, at in header.items() if at < len(texts)})
            if row.text("image"):
                yield row
            continue
        texts = [text.strip().casefold() for text in texts]
        if set(COLUMNS) <= set(texts):
            header = {name: texts.index(name) for name in COLUMNS}
            doubled = [name for name in COLUMNS if texts.count(name) > 1]
            if doubled:
                raise folder.error(f"{BOOK}, row {number}: column {doubled[0]!r} appears twice; keep one")
    if not header:
        raise folder.error(f"{BOOK}: no row of sheet {SHEET!r} names the columns {', '.join(COLUMNS)}")


def _sheet(folder: Folder) -> list[tuple[Any, ...]]:
    path = folder.file(BOOK)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            return list(book[SHEET].iter_rows(values_only=True)) if SHEET in book.sheetnames else []
        finally:
            book.close()
    except Exception as error:  # what a damaged file raises depends on where the damage is
        raise folder.error(f"{BOOK} is not a readable workbook; fetch it again") from error


def _text(cell: Any) -> str:
    """A cell as text: 1600.0 is the name 1600, 3.0 the level 3."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
