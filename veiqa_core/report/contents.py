"""What a report shows, as it is collected while results come in."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set

import attrs
import numpy as np

from ..scorer import Scorer
from .rows import Row, Spool


@attrs.frozen(eq=False)
class Contents:
    """What a page is made of.

    Attributes:
        rows: a :class:`Row` as plain data for each image.
        scores: of each image; NaN where it has none.
        failed: numbers of the images that failed.
        types: how many images each distortion type is the likeliest of.
        filled: the fields of :class:`Row` that some image has something in.
        articles: by the number of the image, worst first, where :attr:`article` finds its details.
        article: markup.
        incomplete: why something is missing; None where nothing is.
    """

    scorer: Scorer
    rows: Spool
    scores: array[float]
    failed: array[int]
    types: Counter[str]
    filled: Set[str]
    articles: Mapping[int, int]
    article: Callable[[int], str]
    incomplete: str | None

    @property
    def scored(self) -> bool:
        """Whether the recipe gives scores."""
        return self.scorer.recipe.mapper is not None

    def row(self, number: int) -> Row:
        """The row of an image."""
        return Row(**self.rows.get(number - 1))

    def worst_first(self) -> Iterator[Row]:
        """The rows of all images; those without a score last, in the order they came."""
        return (self.row(int(place) + 1) for place in np.argsort(np.asarray(self.scores), kind="stable"))
