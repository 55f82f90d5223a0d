"""The LIVE image quality assessment database, release 2."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from veiqa_core.contracts import RatedImage, Ratings

from .files import Folder
from .mat import MatFile
from .plugin import LiveParams
from .releases import LIVE

PARTS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
"""Images in each folder, in the order in which the release's arrays join them (its readme)."""
SCORES = {"realigned": ("dmos_realigned.mat", "dmos_new"), "dmos": ("dmos.mat", "dmos")}
_PLACES = [
    (part, f"img{number}.bmp", distortion)
    for (part, size), distortion in zip(PARTS.items(), LIVE.distortions, strict=True)
    for number in range(1, size + 1)
]
_APART = "; dmos_realigned.mat is a download of its own there, and -p dataset.scores=dmos does without it"


class Live:
    """Reads LIVE release 2: the folder ``databaserelease2``, or one that holds it.

    Images whose ``orgs`` is 1 are copies of references, not rated ones, and are left out. Levels come from each
    folder's ``info.txt``: bits a pixel (JP2K, JPEG), sigma (WN, GB) or the receiver's SNR (FF).

    Source: the release's readme; Sheikh, Sabir and Bovik 2006 for the realigned scores.
    """

    def __init__(self, params: LiveParams) -> None:
        self._scores = params.scores

    def read(self, root: Path) -> Ratings:
        """The 779 distorted images.

        Raises:
            DatasetError: a .mat file is missing, unreadable or not of the release's size.
        """
        folder = Folder.of(LIVE, root)
        base = "databaserelease2/" if folder.has("databaserelease2/refnames_all.mat") else ""
        count = len(_PLACES)
        names = MatFile(folder, f"{base}refnames_all.mat").texts("refnames_all", count)
        references = [PurePosixPath(name) for name in names]
        file, variable = SCORES[self._scores]
        scored = MatFile(folder, base + file, _APART if self._scores == "realigned" else "")
        scores, copies = scored.numbers(variable, count), scored.numbers("orgs", count)
        levels = {part: _levels(folder, f"{base}{part}/info.txt") for part in PARTS}
        images = tuple(
            RatedImage(
                image=folder.spelled(f"{base}{part}/{name}"),
                score=score,
                content=reference.stem,
                reference=folder.spelled(f"{base}refimgs/{reference.name}"),
                distortion=distortion,
                level=levels[part].get(name),
            )
            for (part, name, distortion), reference, score, copy in zip(
                _PLACES, references, scores, copies, strict=True
            )
            if not copy
        )
        return Ratings(images=images, score_type=LIVE.score_type, range=LIVE.range)


def _levels(folder: Folder, name: str) -> dict[str, str]:
    """The parameter of each image as ``info.txt`` lists it: source, image, parameter; nothing without that file."""
    if not folder.has(name):
        return {}
    lines = (line.split() for line in folder.text(name).splitlines())
    return {line[1].lower(): line[2] for line in lines if len(line) == 3}
