"""A dataset's images with their similarities, column by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from ..contracts import FloatArray
from ..datasets.rated_set import Progress, RatedSet
from ..errors import ImageError, UsageError
from ..measuring.similarities import Measured, Measurer
from ..recipes.resolution import ResolvedSet


@attrs.frozen(eq=False)
class Table:
    """Measured images.

    Attributes:
        names: files, relative to the dataset's folder.
        quality: ``[N]``, higher being better.
        distortions: canonical types, or None.
        contents: identifiers of the contents, or None.
        digests: of the pixels.
        labels: the splits of the dataset's authors, or None.
        keys: under which key of the recipes each image was measured.
        oriented: for each image its similarities ``[B]``, larger being more similar.
        hints: by what else the content of each may be known again (see :meth:`.RatedSet.hints_of`).
    """

    names: tuple[str, ...]
    quality: FloatArray
    distortions: tuple[str | None, ...]
    contents: tuple[str | None, ...]
    digests: tuple[str, ...]
    labels: tuple[str | None, ...]
    keys: tuple[str | None, ...]
    oriented: tuple[FloatArray, ...]
    hints: tuple[frozenset[str], ...] = attrs.field(
        default=attrs.Factory(lambda self: (frozenset(),) * len(self.names), takes_self=True)
    )

    def __len__(self) -> int:
        return len(self.names)

    def content_ids(self, index: int) -> set[str]:
        """By what an image is known again in other sets and splits: its content's identifier and its own pixels."""
        content = self.contents[index]
        return {f"sha256:{self.digests[index]}"} | (set() if content is None else {content})

    def similarities(self, indices: Sequence[int]) -> FloatArray:
        """``[n, B]`` of images measured under one key."""
        return np.stack([self.oriented[index] for index in indices])

    def joined(self, other: Table) -> Table:
        """This table's images, then the other's."""
        columns = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in attrs.fields(Table)
            if field.name != "quality"
        }
        return Table(quality=np.concatenate([self.quality, other.quality]), **columns)


@attrs.frozen(eq=False)
class MeasuredSet:
    """The outcome of measuring a dataset.

    Attributes:
        skipped: how many images of each type no recipe is for.
        failed: what went wrong with the images that could not be measured, by name.
        flagged: how many images have a degenerate VEI in some branch.
        versions: what they were measured with.
    """

    rated: RatedSet
    table: Table
    skipped: Mapping[str, int]
    failed: Mapping[str, str]
    flagged: int
    versions: Mapping[str, Any]

    def joined(self, others: Iterable[MeasuredSet]) -> Table:
        """The table, then those of other datasets, their quality brought from its declared range to this one's."""
        table = self.table
        low, high = self.rated.ratings.quality_range
        for other in others:
            from_low, from_high = other.rated.ratings.quality_range
            if (low, high) == (from_low, from_high):
                table = table.joined(other.table)
                continue
            scaled = low + (other.table.quality - from_low) * ((high - low) / (from_high - from_low))
            table = table.joined(attrs.evolve(other.table, quality=scaled))
        return table


def check_covered(sets: Iterable[RatedSet], recipes: ResolvedSet) -> None:
    """Find sets without an image that a recipe is for, before any set is measured.

    Raises:
        UsageError: there is one.
    """
    for rated in sets:
        held = {item.distortion for item in rated.images}
        if not any(map(recipes.covers, held)):
            have = ", ".join(sorted(kind or "unknown" for kind in held))
            raise UsageError(
                f"recipe set {recipes.name!r} is for {', '.join(recipes.types)}; {rated.root} holds {have}"
            )


def measure(rated: RatedSet, recipes: ResolvedSet, measurer: Measurer, progress: Progress = iter) -> MeasuredSet:
    """Measure every image that a recipe is for.

    Raises:
        UsageError: there is none, or every one failed.
    """
    wanted = [item for item in rated.images if recipes.covers(item.distortion)]
    skipped = Counter(item.distortion or "unknown" for item in rated.images if not recipes.covers(item.distortion))
    check_covered([rated], recipes)
    tasks = [(item.image, recipes.key(item.distortion)) for item in wanted]
    measured = {item.name: item for _, item in zip(progress(wanted), measurer.measure(tasks), strict=True)}
    failed = {item.image: _failure(measured[item.image]) for item in wanted if measured[item.image].oriented is None}
    rows = [item for item in wanted if item.image not in failed]
    if not rows:
        raise UsageError(f"{rated.root}: no image could be measured; the first: {next(iter(failed.values()))}")
    done = [measured[item.image] for item in rows]
    table = Table(
        names=tuple(item.image for item in rows),
        quality=np.array([rated.ratings.quality(item) for item in rows], dtype=np.float64),
        distortions=tuple(item.distortion for item in rows),
        contents=tuple(rated.content_of(item) for item in rows),
        digests=tuple(item.digest or "" for item in done),
        labels=tuple(item.split for item in rows),
        keys=tuple(recipes.key(item.distortion) for item in rows),
        oriented=tuple(item.oriented for item in done if item.oriented is not None),
        hints=tuple(rated.hints_of(item) for item in rows),
    )
    flagged = sum(bool(item.flags) for item in done)
    return MeasuredSet(rated, table, dict(skipped), failed, flagged, measurer.versions)


def _failure(item: Measured) -> str:
    return str(item.error) if isinstance(item.error, ImageError) else f"{item.name}: {item.error}"
