"""Rated images one by one, for programs: what is known of each, and its pixels where they are asked for."""

from __future__ import annotations

from pathlib import Path

import attrs
from torch import Tensor

from ..contracts import RatedImage
from ..recipes.view import read_view
from .rated_set import RatedSet


@attrs.frozen(eq=False)
class RatedPicture:
    """An image of a dataset, and what people said of it.

    Attributes:
        name: its path in the dataset's folder.
        path: its file.
        rating: the score as released; higher is better for MOS and worse for DMOS.
        quality: the same, higher being better.
        type: the distortion type; None where the dataset names none.
        content: what it shows, as the dataset calls it; None where the dataset names none.
        reference: the file of its original; None where the dataset names none.
        split: to which part its authors assigned it; None where they did not.
    """

    name: str
    path: Path
    rating: float
    quality: float
    type: str | None
    content: str | None
    reference: Path | None
    split: str | None
    _of: RatedSet = attrs.field(repr=False)

    @classmethod
    def of(cls, rated: RatedSet, item: RatedImage) -> RatedPicture:
        """From what a dataset's reader gives."""
        return cls(
            name=item.image,
            path=rated.root / item.image,
            rating=float(item.score),
            quality=float(rated.ratings.quality(item)),
            type=item.distortion,
            content=item.content,
            reference=None if item.reference is None else rated.root / item.reference,
            split=item.split,
            of=rated,
        )

    def pixels(self, view: int | str = "native") -> Tensor:
        """The image ``[3, H, W]``, float32 RGB in [0, 1], decoded anew each time, as recipes see it.

        Args:
            view: the most pixels of its longer side.

        Raises:
            ImageError: it cannot be read.
            UsageError: the view is none.
        """
        return self._of.read(self.name, read_view(view, "view")).pixels[0]
