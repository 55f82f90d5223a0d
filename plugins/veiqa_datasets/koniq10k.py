"""KonIQ-10k, photographs with authentic distortions."""

from __future__ import annotations

from pathlib import Path

from veiqa_core.contracts import Ratings

from .files import Folder
from .plugin import Koniq10kParams
from .releases import KONIQ10K
from .tables import Row, read_rows

SCORES = "koniq10k_scores_and_distributions.csv"
SETS = "koniq10k_distributions_sets.csv"
RANGES = {"zscore": KONIQ10K.range, "mos": (1.0, 5.0)}


class Koniq10k:
    """Reads KonIQ-10k: a folder of images named by their size, and one or both of its two tables.

    ``koniq10k_scores_and_distributions.csv`` has ``MOS`` on the scale from 1 to 5 and ``MOS_zscore``.
    ``koniq10k_distributions_sets.csv`` has the authors' split in ``set``; its column ``MOS`` holds what the other table
    calls ``MOS_zscore``.

    Source: the dataset's home page and the authors' repository subpic/koniq; Hosu, Lin, Sziranyi and Saupe 2020.
    """

    def __init__(self, params: Koniq10kParams) -> None:
        self._scores = params.scores
        self._images = params.folder

    def read(self, root: Path) -> Ratings:
        """The images that the table lists, with the authors' split where the folder has it.

        Raises:
            DatasetError: the table is missing or not of the official form.
        """
        folder = Folder.of(KONIQ10K, root)
        sets = read_rows(folder, SETS, ("image_name", "set", "mos")) if folder.has(SETS) else []
        splits = {row.needed("image_name"): row.text("set") or None for row in sets}
        rows, column = self._table(folder, sets)
        scale = RANGES[self._scores]
        advice = "fetch the release's own file"
        images = []
        for row in rows:
            name = row.needed("image_name")
            image = folder.spelled(f"{self._images}/{name}")
            images.append(row.rated(image=image, score=row.score(column, scale, advice), split=splits.get(name)))
        return Ratings(images=tuple(images), score_type=KONIQ10K.score_type, range=scale)

    def _table(self, folder: Folder, sets: list[Row]) -> tuple[list[Row], str]:
        """The rows with the scores asked for, and the column that holds them."""
        if self._scores == "zscore" and sets and not folder.has(SCORES):
            return sets, "mos"
        column = "mos" if self._scores == "mos" else "mos_zscore"
        return read_rows(folder, SCORES, ("image_name", column)), column
