"""KADID-10k, the Konstanz artificially distorted image quality database."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from veiqa_core.api import NoParams
from veiqa_core.contracts import RatedImage, Ratings

from .files import Folder
from .releases import KADID10K
from .tables import Row, read_rows

FILE = "dmos.csv"
_NAME = re.compile(r"I\d\d_(\d\d)_0?(\d)\.png", re.IGNORECASE | re.ASCII)


class Kadid10k:
    """Reads KADID-10k: ``images/I01.png``, ``images/I01_01_01.png`` and ``dmos.csv``.

    The column named ``dmos`` holds mean opinion scores: 5 is a difference that cannot be seen, 1 a very annoying one.
    So higher is better, and these scores are not flipped.

    Source: the dataset's home page, which states the direction and lists the 25 types; Lin, Hosu and Saupe 2019.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def read(self, root: Path) -> Ratings:
        """The images that the table lists.

        Raises:
            DatasetError: the table is missing or not of the official form.
        """
        folder = Folder.of(KADID10K, root)
        images = tuple(_rated(folder, row) for row in read_rows(folder, FILE, ("dist_img", "ref_img", "dmos")))
        return Ratings(images=images, score_type=KADID10K.score_type, range=KADID10K.range)


def _rated(folder: Folder, row: Row) -> RatedImage:
    name, reference = row.needed("dist_img"), row.needed("ref_img")
    match = _NAME.fullmatch(name)
    kind = int(match[1]) if match else 0
    if match is None or not 1 <= kind <= len(KADID10K.distortions):
        raise row.error(f"column 'dist_img' holds {name!r}, not a name such as I01_25_05.png")
    return row.rated(
        image=folder.spelled(f"images/{name}"),
        score=row.score("dmos", KADID10K.range, "fetch the release's own file"),
        content=PurePosixPath(reference).stem,
        reference=folder.spelled(f"images/{reference}"),
        distortion=KADID10K.distortions[kind - 1],
        level=match[2],
    )
