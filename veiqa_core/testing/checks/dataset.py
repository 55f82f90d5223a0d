"""Datasets; with a folder in the official layout, what it holds is checked, too."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from ...contracts import Ratings
from ...errors import DatasetError
from ..kit import CheckFailed, NotHere, Subject, require

FOUNDATION: tuple[str, ...] = ()


def check_missing_files_are_named(of: Subject) -> None:
    """A folder that is not there, and an empty one, are refused with a DatasetError that names what is missing."""
    with tempfile.TemporaryDirectory() as empty:
        for root in (Path(empty), Path(empty) / "not there"):
            try:
                of.make().read(root)
            except DatasetError as error:
                require("\n" not in str(error).strip(), "says what is missing in more than one line")
                continue
            raise CheckFailed(f"reads {'an empty folder' if root.exists() else 'a folder that is not there'}")


def check_ratings(of: Subject) -> None:
    """A folder in its layout gives ratings whose files are there, with finite scores within the declared range."""
    if of.data is None:
        raise NotHere("no folder in its layout was given")
    ratings = of.make().read(of.data)
    require(isinstance(ratings, Ratings), f"reads {type(ratings).__name__} where Ratings are due")
    require(ratings.images, "finds no image in the folder given")
    missing = ratings.missing_files(of.data)
    require(not missing, f"names files that are not there: {', '.join(missing[:3])}")
    low, high = ratings.quality_range
    for image in ratings.images:
        quality = ratings.quality(image)
        within = math.isfinite(quality) and low <= quality <= high
        require(within, f"{image.image}: quality {quality:g} is not within {low:g} to {high:g}")
    require(len({image.image for image in ratings.images}) == len(ratings.images), "names an image twice")
