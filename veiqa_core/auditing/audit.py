"""An audit: the images of a folder, what was found in each, and as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import attrs

from .look import Seen
from .problems import KINDS, Finding, Limits, findings

Row = dict[str, Any]

TEXTS = frozenset({"image", "problems", "details", "format", "profile", "error"})
HEADER = (
    *("image", "problems", "details", "score", "novelty", "width", "height", "format", "profile"),
    *("bright", "dark", "contrast", "entropy", "error"),
)
"""The columns of rows."""


@attrs.frozen
class Scored:
    """What a recipe says of an image.

    Attributes:
        digits: how many decimals the score deserves.
    """

    score: float | None
    novelty: float | None
    digits: int = 1


@attrs.define(eq=False, slots=False)
class Audit:
    """Images, and what is found in them.

    Attributes:
        images: in their order.
        limits: beyond which problems are found.
        scores: by the name of the image, where a recipe scored it.
    """

    images: list[Seen]
    limits: Limits
    scores: dict[str, Scored] = attrs.field(factory=dict)

    @cached_property
    def findings(self) -> list[list[Finding]]:
        """Of each image, in the order of the kinds."""
        novelty = {name: scored.novelty for name, scored in self.scores.items()}
        return findings(self.images, self.limits, novelty)

    @cached_property
    def counts(self) -> Counter[str]:
        """How many images have each kind of problem."""
        return Counter(finding.kind for own in self.findings for finding in own)

    @property
    def troubled(self) -> int:
        """How many images have some problem."""
        return sum(map(bool, self.findings))

    def explained(self) -> list[tuple[str, str, int]]:
        """Each kind that was found: its name, what it means, and how many images have it."""
        return [
            (name, kind.explained(self.limits.get(name)), self.counts[name])
            for name, kind in KINDS.items()
            if self.counts[name]
        ]

    def rows(self) -> Iterator[Row]:
        """A row for each image."""
        for image, own in zip(self.images, self.findings, strict=True):
            yield self._row(image, own)

    def _row(self, image: Seen, own: Sequence[Finding]) -> Row:
        row: Row = dict.fromkeys(HEADER)
        scored = self.scores.get(image.name, Scored(None, None))
        row |= {"image": image.name, "problems": [item.kind for item in own], "details": [item.detail for item in own]}
        row |= {"score": scored.score, "novelty": scored.novelty, "error": image.error}
        if image.error is None:
            width, height = image.size
            levels = image.levels
            row |= {"width": width, "height": height, "format": image.format, "profile": image.profile}
            row |= {"bright": levels.bright, "dark": levels.dark}
            row |= {"contrast": levels.contrast, "entropy": levels.entropy}
        return row
