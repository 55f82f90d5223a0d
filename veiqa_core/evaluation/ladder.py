"""Ladders: photos made worse step by step, and whether a recipe's score falls with every step.

No ratings are needed: of one photo and one kind of distortion, a stronger one never looks better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs
import numpy as np

from ..datasets import distort
from ..datasets.distort import Distortion, Level
from ..errors import UsageError, VeiqaError
from ..extension.registry import Registry
from ..files.paths import display_name
from ..files.urls import Located
from ..images import Image, read
from ..scorer import Scorer
from .agreement import krocc

LEVELS = 5
"""Steps of a ladder where no other number is asked for."""
TAU = 0.85
"""Below this rank correlation with severity a score is reported not to fall."""
ABOVE = 3.0
"""By more points than this no distorted photo should score above the photo itself."""


@attrs.frozen
class Rung:
    """A photo at one severity.

    Attributes:
        severity: from 0, the mildest, to 1; None for the photo as it is.
        made_by: the generators with their parameters; empty for the photo as it is.
        score: on the recipe's scale.
        likely: the most likely type of distortion; None where the recipe predicts none.
    """

    severity: float | None
    made_by: str
    score: float
    likely: str | None


@attrs.frozen
class Ladder:
    """One photo under one kind of distortion.

    Attributes:
        rungs: the photo as it is, then from the mildest to the strongest.
    """

    photo: str
    distortion: str
    rungs: tuple[Rung, ...]

    @property
    def tau(self) -> float:
        """Kendall's rank correlation (tau-b) of the score with severity, turned: 1 where every step lowers the score, 0
        where none changes it."""
        scores = np.array([rung.score for rung in self.rungs])
        found = krocc(scores, -np.arange(len(scores), dtype=np.float64))
        return 0.0 if found is None else found

    @property
    def above(self) -> float:
        """By how many points the best of the distorted photos scores above the photo; negative where all lie below."""
        return max(rung.score for rung in self.rungs[1:]) - self.rungs[0].score


@attrs.frozen
class Summary:
    """The ladders of one kind of distortion.

    Attributes:
        scores: the mean of each rung over the photos.
        tau, lowest_tau: median and smallest :attr:`Ladder.tau`.
        above: the largest :attr:`Ladder.above`, with its photo.
        likely: the type that is predicted most often at the strongest severity; None where none is.
    """

    distortion: str
    photos: int
    scores: tuple[float, ...]
    tau: float
    lowest_tau: float
    above: tuple[float, str]
    likely: str | None

    @property
    def falls(self) -> bool:
        """Whether the score falls as it should, and stays below that of the photo."""
        return self.tau >= TAU and self.above[0] <= ABOVE


def every_distortion(registry: Registry) -> tuple[Distortion, ...]:
    """Those of all generators that declare a strength and have what they need."""
    items = [item for item in registry.of_kind("pri") if "strength" in item.component.traits and not item.missing]
    return tuple(distort.find(item.ref, registry) for item in items)


def distortions_of(names: Iterable[str], registry: Registry) -> tuple[Distortion, ...]:
    """Those that are named, each once; all that have a strength where none is.

    Raises:
        UsageError: one is unknown.
    """
    return tuple(distort.find(name, registry) for name in dict.fromkeys(names)) or every_distortion(registry)


def scored(scorer: Scorer) -> Callable[[Image], tuple[float, str | None]]:
    """What scores an image, with its most likely type of distortion.

    Raises:
        UsageError: the recipe has no mapper that gives a score.
    """

    def score(image: Image) -> tuple[float, str | None]:
        result = scorer.score(image.pixels)
        if result.score is None:
            raise UsageError(f"recipe {scorer.recipe.label} gives similarities and no score: fit it, or name another")
        types = result.distortion
        return result.score, max(types, key=types.__getitem__) if types else None

    return score


def ladders(
    photo: Image,
    distortions: Iterable[Distortion],
    levels: Sequence[Level],
    score: Callable[[Image], tuple[float, str | None]],
    seed: int = 0,
) -> Iterator[Ladder | VeiqaError]:
    """A photo's ladder under each distortion, or why there is none.

    Raises:
        VeiqaError: the photo itself cannot be scored.
    """
    pristine = distort.eight_bit(photo)
    foot = Rung(None, "", *score(pristine))
    for distortion in distortions:
        try:
            worse = [distort.degrade(pristine, distortion, level, seed) for level in levels]
            rungs = [
                Rung(level.value, made.made_by, *score(made.image)) for level, made in zip(levels, worse, strict=True)
            ]
        except VeiqaError as error:
            yield error
            continue
        yield Ladder(photo.name, distortion.name, (foot, *rungs))


def of_photos(
    files: Iterable[Located], distortions: Sequence[Distortion], levels: Sequence[Level], scorer: Scorer, seed: int = 0
) -> Iterator[Ladder | VeiqaError]:
    """For each file and distortion the ladder, or why there is none.

    Raises:
        UsageError: as for :func:`scored`.
    """
    for path in files:
        try:
            for one in ladders(read(path), distortions, levels, scored(scorer), seed):
                yield type(one)(f"{display_name(path)}: {one}") if isinstance(one, VeiqaError) else one
        except UsageError:
            raise
        except VeiqaError as error:
            yield from [error] * len(distortions)


def summaries(found: Iterable[Ladder]) -> list[Summary]:
    """One for each kind of distortion, in the order in which they come."""
    by_kind: dict[str, list[Ladder]] = {}
    for ladder in found:
        by_kind.setdefault(ladder.distortion, []).append(ladder)
    return [_summary(kind, own) for kind, own in by_kind.items()]


def _summary(kind: str, own: Sequence[Ladder]) -> Summary:
    taus = [ladder.tau for ladder in own]
    likely = Counter(name for ladder in own if (name := ladder.rungs[-1].likely) is not None)
    return Summary(
        distortion=kind,
        photos=len(own),
        scores=tuple(np.mean([[rung.score for rung in ladder.rungs] for ladder in own], axis=0).tolist()),
        tau=float(np.median(taus)),
        lowest_tau=min(taus),
        above=max((ladder.above, ladder.photo) for ladder in own),
        likely=likely.most_common(1)[0][0] if likely else None,
    )
