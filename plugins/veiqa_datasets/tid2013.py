"""TID2013, the Tampere image database."""

from __future__ import annotations

import re
from pathlib import Path

from veiqa_core.api import NoParams
from veiqa_core.contracts import RatedImage, Ratings

from .files import Folder
from .releases import TID2013
from .tables import Row

FILE = "mos_with_names.txt"
_NAME = re.compile(r"(i\d\d)_(\d\d)_(\d)\.bmp", re.IGNORECASE | re.ASCII)


class Tid2013:
    """Reads TID2013: ``reference_images/I01.BMP``, ``distorted_images/i01_01_1.bmp`` and ``mos_with_names.txt``.

    Case varies within the release itself (``I01_11_1.BMP`` beside ``i01_11_2.bmp``, ``i25.bmp`` beside ``I24.BMP``), so
    files are found whatever their case, and a scene is named in upper case.

    Source: the release's readme, table of the 24 types; Ponomarenko et al. 2015.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def read(self, root: Path) -> Ratings:
        """The images that the list names.

        Raises:
            DatasetError: the list is missing or not of the official form.
        """
        folder = Folder.of(TID2013, root)
        lines = enumerate(folder.text(FILE).splitlines(), start=1)
        images = tuple(_rated(folder, number, line.split()) for number, line in lines if line.strip())
        if not images:
            raise folder.error(f"{FILE} names no image; fetch the release's own file")
        return Ratings(images=images, score_type=TID2013.score_type, range=TID2013.range)


def _rated(folder: Folder, number: int, words: list[str]) -> RatedImage:
    row = Row(folder, FILE, number, dict(zip(("mos", "image"), words, strict=False)))
    match = _NAME.fullmatch(row.text("image"))
    kind = int(match[2]) if match else 0
    if match is None or len(words) != 2 or not 1 <= kind <= len(TID2013.distortions):
        raise row.error(f"{' '.join(words)!r} is not a score and a name such as i01_24_5.bmp")
    scene = match[1].upper()
    return row.rated(
        image=folder.spelled(f"distorted_images/{match[0]}"),
        score=row.score("mos", TID2013.range, "fetch the release's own file"),
        content=scene,
        reference=folder.spelled(f"reference_images/{scene}.BMP"),
        distortion=TID2013.distortions[kind - 1],
        level=match[3],
    )
