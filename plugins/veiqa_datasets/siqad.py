"""SIQAD, the screen image quality assessment database."""

from __future__ import annotations

from pathlib import Path

from veiqa_core.api import NoParams
from veiqa_core.contracts import RatedImage, Ratings

from .files import Folder
from .mat import MatFile
from .releases import SIQAD

LEVELS = 7


class Siqad:
    """Reads SIQAD: ``references/cimR.bmp``, ``DistortedImages/cimR_T_L.bmp`` and ``DMOS_SIQAD.mat``.

    The variable ``DMOS`` has one column a reference R, and in it types T and levels L, the levels running fastest.

    Source: Yang, Fang and Lin 2015.
    """

    def __init__(self, params: NoParams) -> None:
        pass

    def read(self, root: Path) -> Ratings:
        """The 980 distorted images.

        Raises:
            DatasetError: the .mat file is missing, unreadable or not of the release's size.
        """
        folder = Folder.of(SIQAD, root)
        scores = iter(MatFile(folder, "DMOS_SIQAD.mat").numbers("DMOS", SIQAD.images))
        images = [
            RatedImage(
                image=folder.spelled(f"DistortedImages/cim{reference}_{number}_{level}.bmp"),
                score=next(scores),
                content=f"cim{reference}",
                reference=folder.spelled(f"references/cim{reference}.bmp"),
                distortion=distortion,
                level=str(level),
            )
            for reference in range(1, SIQAD.images // (len(SIQAD.distortions) * LEVELS) + 1)
            for number, distortion in enumerate(SIQAD.distortions, start=1)
            for level in range(1, LEVELS + 1)
        ]
        return Ratings(images=tuple(images), score_type=SIQAD.score_type, range=SIQAD.range)
