"""What is found in a folder of images that were looked at: each kind of problem with its limit."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import attrs
import numpy as np

from ..datasets import likeness
from ..errors import UsageError, near_miss
from ..files.paths import display_name
from ..files.values import parse_number
from .look import Levels, Seen

_ENOUGH = 10  # images of which some can be unlike the others
_MOST_NAMED = 3  # partners that a finding names


@attrs.frozen
class Kind:
    """A kind of problem.

    Attributes:
        meaning: what is found, with the limit in braces.
        limit: beyond which it is found, where nothing else is said; None for what needs none.
    """

    meaning: str
    limit: float | None = None

    def explained(self, limit: float | None) -> str:
        """The meaning with a limit."""
        return self.meaning if limit is None else self.meaning.format(f"{limit:g}")


KINDS: Mapping[str, Kind] = {
    "unreadable": Kind("cannot be decoded"),
    "duplicate": Kind("has exactly the pixels of another, in whatever file"),
    "near-duplicate": Kind(
        "looks like another: their difference hashes differ in at most {} of 256 places", likeness.ALIKE
    ),
    "dark": Kind("99 % of its pixels have a luma of at most {} (0 is black, 1 white)", 0.3),
    "bright": Kind("95 % of its pixels have a luma of at least {}", 0.95),
    "low-contrast": Kind("98 % of its pixels lie within a range of luma of {}", 0.25),
    "low-information": Kind("its levels of luma have an entropy of at most {} bits, of 8", 2.0),
    "odd-size": Kind("its size is beyond {} interquartile ranges of the folder's sizes, on a scale of ratios", 3.0),
    "odd-shape": Kind("its longer side over its shorter one is beyond {} interquartile ranges of the folder's", 3.0),
    "wrong-suffix": Kind("its suffix is that of another format"),
    "lost-profile": Kind("it has no colour profile, and at least {} of the folder have one that is not sRGB", 0.5),
    "no-photo": Kind("a drawing, a screenshot, a page of text, a mask, or too small"),
    "unfamiliar": Kind("unlike all that the recipe was fitted on, with a novelty above {}", 1.0),
}
"""By name, in the order in which they are reported."""

_LEAST_RATIO = 2.0
"""Sizes and shapes are no outliers within this ratio of the quartiles, however alike the others are."""

Limits = Mapping[str, float]


@attrs.frozen
class Finding:
    """A problem of an image."""

    kind: str
    detail: str


def limits(given: Iterable[str]) -> dict[str, float]:
    """All limits, of which some are given as ``KIND=VALUE``.

    Raises:
        UsageError: one is not, or its kind has none.
    """
    made = {name: kind.limit for name, kind in KINDS.items() if kind.limit is not None}
    for text in given:
        name, _, value = text.partition("=")
        if name not in made:
            raise UsageError(f"--limit {near_miss('limit', name, made)}")
        try:
            made[name] = parse_number(value)
        except ValueError as error:
            raise UsageError(f"--limit takes KIND=VALUE, such as dark=0.3; {text!r} {error}") from None
    return made


def kinds(texts: Iterable[str]) -> frozenset[str]:
    """The kinds in lists with commas between.

    Raises:
        UsageError: one is unknown.
    """
    names = [name.strip() for text in texts for name in text.split(",")]
    for name in names:
        if name not in KINDS:
            raise UsageError(f"--fail-on: {near_miss('kind of problem', name, KINDS)}")
    return frozenset(names)


def findings(
    images: Sequence[Seen], limits: Limits, novelty: Mapping[str, float | None] | None = None
) -> list[list[Finding]]:
    """The problems of each image, in the order of :data:`KINDS`.

    Args:
        novelty: of images that a recipe scored, by source.
    """
    found: list[list[Finding]] = [[] for _ in images]
    readable = [place for place, image in enumerate(images) if image.error is None]
    for place, image in enumerate(images):
        if image.error is not None:
            found[place].append(Finding("unreadable", image.error))
    checks = (_duplicates, _near_duplicates, _levels, _sizes, _shapes, _suffixes, _profiles, _no_photos)
    for check in checks:
        for own, finding in check([images[place] for place in readable], limits):
            found[readable[own]].append(finding)
    for place, image in enumerate(images):
        value = None if novelty is None else novelty.get(image.source)
        if value is not None and value > limits["unfamiliar"]:
            found[place].append(Finding("unfamiliar", f"novelty {value:.2f}"))
    return found


Found = Iterator[tuple[int, Finding]]


def _duplicates(images: Sequence[Seen], limits: Limits) -> Found:
    by_digest: dict[str, list[int]] = defaultdict(list)
    for place, image in enumerate(images):
        by_digest[image.digest].append(place)
    for group in by_digest.values():
        for place in group if len(group) > 1 else ():
            names = [images[other].name for other in group if other != place]
            yield place, Finding("duplicate", f"the same pixels as {_named(names)}")


def _near_duplicates(images: Sequence[Seen], limits: Limits) -> Found:
    partners: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for one, other, places in likeness.near([image.looks for image in images], int(limits["near-duplicate"])):
        if images[one].digest != images[other].digest:
            partners[one].append((places, images[other].name))
            partners[other].append((places, images[one].name))
    for place, others in partners.items():
        others.sort()
        nearest = f" ({others[0][0]} of 256 places differ)"
        yield place, Finding("near-duplicate", f"looks like {_named([name for _, name in others])}{nearest}")


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(map(display_name, names[:_MOST_NAMED]))
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED:,} more"


def _levels(images: Sequence[Seen], limits: Limits) -> Found:
    for place, image in enumerate(images):
        levels: Levels = image.levels
        if levels.bright <= limits["dark"]:
            yield place, Finding("dark", f"99 % of pixels are at most {levels.bright:.2f}")
        if levels.dark >= limits["bright"]:
            yield place, Finding("bright", f"95 % of pixels are at least {levels.dark:.2f}")
        if levels.contrast <= limits["low-contrast"]:
            yield place, Finding("low-contrast", f"98 % of pixels lie within {levels.contrast:.2f}")
        if levels.entropy <= limits["low-information"]:
            yield place, Finding("low-information", f"{levels.entropy:.1f} bits")


def _sizes(images: Sequence[Seen], limits: Limits) -> Found:
    return _outliers(images, "odd-size", limits["odd-size"], lambda width, height: math.sqrt(width * height))


def _shapes(images: Sequence[Seen], limits: Limits) -> Found:
    return _outliers(images, "odd-shape", limits["odd-shape"], lambda *size: max(size) / min(size))


def _outliers(images: Sequence[Seen], kind: str, factor: float, of: Callable[[int, int], float]) -> Found:
    """Images beyond Tukey's fences (Exploratory Data Analysis, 1977) of logarithms, in which ratios are distances."""
    if len(images) < _ENOUGH:
        return
    values = np.log2([of(*image.size) for image in images])
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    reach = max(factor * (high - low), math.log2(_LEAST_RATIO))
    for place in np.nonzero((values < low - reach) | (values > high + reach))[0].tolist():
        width, height = images[place].size
        ratio = 2 ** float(values[place] - middle)
        times = f"{ratio:.3g} times" if ratio >= 1 else f"1/{1 / ratio:.3g} of"
        side = "the usual side" if kind == "odd-size" else "the usual ratio of its sides"
        yield place, Finding(kind, f"{width}x{height}, {times} {side}")


def _suffixes(images: Sequence[Seen], limits: Limits) -> Found:
    for place, image in enumerate(images):
        if not image.fits:
            yield place, Finding("wrong-suffix", f"holds {image.format}")


def _profiles(images: Sequence[Seen], limits: Limits) -> Found:
    """Images without a profile in a folder where most have a wide one: such a profile is easily lost on the way."""
    wide = Counter(image.profile for image in images if image.wide and image.profile is not None)
    if len(images) < _ENOUGH or wide.total() < limits["lost-profile"] * len(images):
        return
    usual = wide.most_common(1)[0][0]
    for place, image in enumerate(images):
        if image.profile is None and image.format is not None:
            yield place, Finding("lost-profile", f"no profile; {wide.total():,} of {len(images):,} have {usual}")


def _no_photos(images: Sequence[Seen], limits: Limits) -> Found:
    for place, image in enumerate(images):
        if image.kind is not None:
            yield place, Finding("no-photo", image.kind)
