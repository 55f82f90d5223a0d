"""Rated images, as a dataset gives them. Light: no numpy, no torch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import attrs

from ..files.names import on_disk
from ..files.paths import is_file

ScoreType = Literal["mos", "dmos"]


def _inside(instance: object, field: attrs.Attribute[Any], name: Any) -> None:
    """A dataset's files lie in its folder."""
    if name is None:
        return
    path = PurePosixPath(str(name))
    if not str(name) or path.is_absolute() or ".." in path.parts or "\0" in str(name):
        raise ValueError(f"{field.name} {name!r} is not a path within the dataset's folder")


def _finite(instance: object, field: attrs.Attribute[Any], value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{field.name} {value!r} is not a finite number")


@attrs.frozen(kw_only=True)
class RatedImage:
    """One image and how people rated it.

    Attributes:
        image: its file, relative to the dataset's folder, with forward slashes.
        score: as released, before any flip.
        content: what all images of one scene share, usually the reference's name; None where the dataset names none.
        reference: the file of its reference, or None.
        distortion: the type of distortion by canonical name (:data:`veiqa_core.api.DISTORTIONS`), or None.
        level: the severity, as the dataset gives it.
        split: the part that the dataset's authors put it in, such as ``"test"``, or None.

    Raises:
        ValueError: a path leaves the dataset's folder, or the score is not finite.
    """

    image: str = attrs.field(validator=_inside)
    score: float = attrs.field(validator=_finite)
    content: str | None = None
    reference: str | None = attrs.field(default=None, validator=_inside)
    distortion: str | None = None
    level: str | None = None
    split: str | None = None


@attrs.frozen(kw_only=True)
class Ratings:
    """The rated images of a dataset, and what their scores mean.

    Attributes:
        score_type: ``"mos"``: higher is better; ``"dmos"``: lower is better.
        range: lowest and highest possible score as released.
        pseudo_rating: where the scores are not people's: what computed them, such as ``"vsi"``.
        remarks: what a reader of figures should know, such as an assumed score type.

    Raises:
        ValueError: an image is there twice.
    """

    images: tuple[RatedImage, ...]
    score_type: ScoreType
    range: tuple[float, float]
    pseudo_rating: str | None = None
    remarks: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        names = Counter(item.image for item in self.images)
        twice = next((name for name, count in names.items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"image {twice!r} is rated twice")

    def quality(self, image: RatedImage) -> float:
        """The image's score with higher being better: MOS as it is, DMOS as highest possible score - DMOS."""
        return image.score if self.score_type == "mos" else self.range[1] - image.score

    @property
    def quality_range(self) -> tuple[float, float]:
        """Lowest and highest possible :meth:`quality`."""
        low, high = self.range
        return (low, high) if self.score_type == "mos" else (0.0, high - low)

    def only(self, distortions: Sequence[str]) -> Ratings:
        """The images of the given types."""
        return attrs.evolve(self, images=tuple(item for item in self.images if item.distortion in distortions))

    def missing_files(self, root: Path) -> list[str]:
        """The images and references that are not in the folder, without repetitions, in order."""
        named = (name for item in self.images for name in (item.image, item.reference) if name is not None)
        return [name for name in dict.fromkeys(named) if not is_file(on_disk(root / name))]
