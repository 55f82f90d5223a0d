"""Folders of rated images: read by a dataset component, checked, and identified by their content."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import attrs
import numpy as np

from ..api.parameters import describe
from ..contracts import RatedImage, Ratings
from ..errors import DatasetError, ImageError
from ..extension.registry import Part
from ..images import Image
from ..images import read as read_image
from ..isolation.attempts import attempt, or_usage_error
from ..measuring.quantity import Quantity
from ..measuring.table import Measurements
from ..recipes.view import View
from . import likeness

Progress = Callable[[Iterable[RatedImage]], Iterator[RatedImage]]
_SHOWN = 3
_NARROW = 0.1  # of the declared range: scores that span less are likely on another


@attrs.frozen(slots=False, eq=False)
class RatedSet:
    """The rated images of a folder.

    Attributes:
        name: the dataset's key: its name, with the parameters that differ from their defaults.
        family: what distinguishes its contents' names from those of other sets: the dataset's name, or for sets of
            one's own a name made from the folder.
        root: the folder.
        ratings: images and scores as released, every image file being there.
        remarks: what a reader of figures should know.
    """

    name: str
    family: str
    root: Path
    ratings: Ratings
    remarks: tuple[str, ...] = ()

    @property
    def images(self) -> tuple[RatedImage, ...]:
        """The rated images."""
        return self.ratings.images

    def read(self, name: str, view: View = None) -> Image:
        """Decode one of its images or references.

        Args:
            view: the most pixels that its longer side has where it is judged; None for its native size.

        Raises:
            ImageError: it cannot be read.
        """
        return read_image(self.root / name, name, view)

    def measurements(self, quantities: Iterable[Quantity]) -> Measurements:
        """A table of its images under some quantities, none of them measured yet."""
        return Measurements(
            names=tuple(item.image for item in self.images),
            quality=np.array([self.ratings.quality(item) for item in self.images], dtype=np.float64),
            quantities=tuple(quantities),
            distortions=tuple(item.distortion for item in self.images),
            contents=tuple(map(self.content_of, self.images)),
            labels=tuple(item.split for item in self.images),
        )

    def hinted(self, table: Measurements) -> Measurements:
        """The table with the hints of its images, for which references are read, or the images themselves."""
        items = {item.image: item for item in self.images}
        return attrs.evolve(table, hints=tuple(self.hints_of(items[name]) for name in table.names))

    @cached_property
    def contents(self) -> Mapping[str, str]:
        """For each content's name an identifier that is the same in every copy of the dataset and in others that show
        the same picture: the digest of the reference's pixels, or else the dataset's and the content's names."""
        return {content: identifier for content, (identifier, _) in self._pictures.items()}

    def content_of(self, item: RatedImage) -> str | None:
        """The identifier of an image's content; None where the dataset names none."""
        return None if item.content is None else self.contents[item.content]

    def hints_of(self, item: RatedImage) -> frozenset[str]:
        """By what else an image's content may be known again (see :mod:`.likeness`): what it is called, and how its
        reference looks, or where there is none the image."""
        called = likeness.name(item.image if item.content is None else item.content)
        looks = None if item.content is None else self._pictures[item.content][1]
        if looks is None:
            with contextlib.suppress(ImageError):
                looks = likeness.look(self.read(item.image))
        return frozenset([called] if looks is None else [called, looks])

    @cached_property
    def _pictures(self) -> Mapping[str, tuple[str, str | None]]:
        """For each content's name its identifier, and how its reference looks."""
        references = {item.content: item.reference for item in self.images if item.content is not None}
        return {content: self._picture(content, reference) for content, reference in references.items()}

    def _picture(self, content: str, reference: str | None) -> tuple[str, str | None]:
        by_name = f"{self.family}:{content}"
        if reference is None:
            return by_name, None
        try:
            picture = self.read(reference)
        except ImageError:
            return by_name, None
        return f"sha256:{picture.digest}", likeness.look(picture)


def load(part: Part, root: Path, distortions: Sequence[str] = ()) -> RatedSet:
    """Read a folder with a dataset component.

    Args:
        distortions: keep only these types; none keeps all.

    Raises:
        DatasetError: the folder is not this dataset or lacks images, with what is missing and where it can be had.
    """
    home = f"{part.key}: {part.traits['home']}"
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "no such folder"
        raise DatasetError(f"{root}: {what}; {home}")
    reader = or_usage_error(attempt(part, part.create))
    ratings = or_usage_error(attempt(part, lambda: reader.read(root)))
    if not isinstance(ratings, Ratings):
        raise DatasetError(f"{part.registered.origin} gives {type(ratings).__name__} where Ratings are due")
    if distortions:
        ratings = _only(ratings, distortions, root)
    if not ratings.images:
        raise DatasetError(f"{root}: holds no rated images; {home}")
    missing = ratings.missing_files(root)
    rated = {item.image for item in ratings.images}
    lost = [name for name in missing if name in rated]
    if lost:
        raise DatasetError(f"{root}: {len(lost)} of {len(rated)} rated images are missing: {_some(lost)}; {home}")
    remarks = [*ratings.remarks, *_oddities(part, ratings, whole=not distortions)]
    if missing:
        remarks.append(f"{len(missing)} references are missing: {_some(missing)}")
    if ratings.pseudo_rating is not None:
        remarks.append(f"the scores are not people's: they stand in for them, computed by {ratings.pseudo_rating}")
    return RatedSet(part.key, _family(part, root), root, ratings, tuple(remarks))


def _family(part: Part, root: Path) -> str:
    if part.traits["score_type"] != "file":
        return part.registered.label
    return f"{part.registered.label}-{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:12]}"


def findings(rated: RatedSet, progress: Progress = iter) -> list[str]:
    """What is wrong with a set, a line each: files that do not decode, duplicates, contents in several splits."""
    found: list[str] = []
    by_digest: dict[str, list[RatedImage]] = defaultdict(list)
    for item in progress(rated.images):
        try:
            by_digest[rated.read(item.image).digest].append(item)
        except ImageError as error:
            found.append(str(error))
    for name in dict.fromkeys(item.reference for item in rated.images if item.reference is not None):
        try:
            rated.read(name)
        except ImageError as error:
            found.append(f"reference {error}")
    found += [
        f"the same pixels: {', '.join(item.image for item in same)}" for same in by_digest.values() if len(same) > 1
    ]
    return found + list(_shared_contents(rated)) + list(_shared_duplicates(by_digest.values()))


def _shared_contents(rated: RatedSet) -> Iterator[str]:
    splits: dict[str, set[str]] = defaultdict(set)
    names: dict[str, str] = {}
    for item in rated.images:
        content = rated.content_of(item)
        if content is not None and item.split is not None:
            splits[content].add(item.split)
            names[content] = item.content or content
    for content, shared in splits.items():
        if len(shared) > 1:
            yield f"content {names[content]!r} is in several splits: {', '.join(sorted(shared))}"


def _shared_duplicates(groups: Iterable[Sequence[RatedImage]]) -> Iterator[str]:
    for same in groups:
        shared = {item.split for item in same if item.split is not None}
        if len(shared) > 1:
            yield f"the same pixels are in several splits ({', '.join(sorted(shared))}): {same[0].image}"


def _only(ratings: Ratings, distortions: Sequence[str], root: Path) -> Ratings:
    kept = ratings.only(distortions)
    held = {item.distortion for item in kept.images}
    absent = [name for name in distortions if name not in held]
    if absent:
        known = sorted({item.distortion for item in ratings.images if item.distortion is not None})
        raise DatasetError(f"{root}: holds no images of type {absent[0]!r}; its types: {', '.join(known) or 'none'}")
    return kept


def _oddities(part: Part, ratings: Ratings, whole: bool) -> Iterator[str]:
    due = part.traits.get("images")
    if whole and due is not None and len(ratings.images) != due:
        yield f"{len(ratings.images)} images; the release has {due}"
    low, high = ratings.range
    beyond = [item.score for item in ratings.images if not low <= item.score <= high]
    if beyond:
        ends = f"from {min(beyond):.4g} to {max(beyond):.4g}"
        yield f"{len(beyond)} scores lie outside the declared range of {low:g} to {high:g}: {ends}"
    scores = [item.score for item in ratings.images]
    levels = len(set(scores))
    if 1 < len(scores) > levels and levels <= 2:
        values = " and ".join(f"{score:g}" for score in sorted(set(scores)))
        yield f"the {len(scores)} scores take {'one value' if levels == 1 else 'two values'} only, {values}"
    share = (max(scores) - min(scores)) / (high - low)
    if 0 < share < _NARROW:
        advice = ": --range?" if "range" in {info.name for info in describe(part.registered.component.params)} else ""
        yield f"scores span {100 * share:.2g} % of the declared range {low:g} to {high:g}{advice}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
