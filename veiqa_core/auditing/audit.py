"""An audit: the images of a folder, what was found in each, and as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from ..dataframes import data_frame
from ..files.urls import is_url
from .look import Levels, Seen
from .problems import KINDS, Finding, Limits, findings

Row = dict[str, Any]

HEADER = (
    *("image", "problems", "details", "score", "novelty", "width", "height", "format", "profile"),
    *("bright", "dark", "contrast", "entropy", "digest", "looks", "no_photo", "suffix_fits", "wide_profile", "error"),
)
"""The columns of rows; of an image that can be read they hold all that is known of it."""
TEXTS = frozenset({"image", "format", "profile", "digest", "looks", "no_photo", "error"})
LISTS = frozenset({"problems", "details"})
FLAGS = frozenset({"suffix_fits", "wide_profile"})


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
        scores: by the source of the image, where a recipe scored it.
        problems: folders that cannot be listed.
    """

    images: list[Seen]
    limits: Limits
    scores: dict[str, Scored] = attrs.field(factory=dict)
    problems: list[str] = attrs.field(factory=list)

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
            yield row(image, own, self.scores.get(image.source))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: the rows as ``veiqa audit --format json`` has them, how many images have each
        kind of problem, the limits, and what could not be listed.
        """
        return {
            "images": list(self.rows()),
            "found": {name: number for name, _, number in self.explained()},
            "limits": dict(self.limits),
            "problems": list(self.problems),
        }

    def to_frame(self) -> Any:
        """A row for each image, as a table of pandas or, where that is not installed, of polars.

        Raises:
            UsageError: neither library is installed.
        """
        return data_frame(list(self.rows()), HEADER)


def row(image: Seen, found: Sequence[Finding] | None = None, scored: Scored | None = None) -> Row:
    """The row of an image; None in place of its problems where they are not known yet."""
    made: Row = dict.fromkeys(HEADER)
    made |= {"image": image.name, "error": image.error}
    if found is not None:
        made |= {"problems": [item.kind for item in found], "details": [item.detail for item in found]}
    if scored is not None:
        made |= {"score": scored.score, "novelty": scored.novelty}
    if image.error is None:
        levels = image.levels
        made["width"], made["height"] = image.size
        made |= {"format": image.format, "profile": image.profile, "bright": levels.bright, "dark": levels.dark}
        made |= {"contrast": levels.contrast, "entropy": levels.entropy, "digest": image.digest, "looks": image.looks}
        made |= {"no_photo": image.kind, "suffix_fits": image.fits, "wide_profile": image.wide}
    return made


def seen(made: Mapping[str, Any], source: str) -> Seen:
    """The image of a row, which is read by a source."""
    url = source if is_url(source) else None
    if made["digest"] is None:
        return Seen(made["image"], made["error"], url=url)
    levels = Levels(*(float(made[name]) for name in ("dark", "bright", "contrast", "entropy")))
    return Seen(
        name=made["image"],
        url=url,
        size=(int(made["width"]), int(made["height"])),
        digest=made["digest"],
        looks=made["looks"],
        kind=made["no_photo"],
        levels=levels,
        format=made["format"],
        fits=made["suffix_fits"],
        profile=made["profile"],
        wide=made["wide_profile"],
    )
