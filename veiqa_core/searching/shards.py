"""A search in shards: each measures its part of the images into a store of its own, and one run merges them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import attrs

from ..contracts import SearchTask
from ..datasets.rated_set import RatedSet
from ..errors import UsageError
from ..measuring.methods import check_view as check_view_of_methods
from ..measuring.networks import check_view
from ..measuring.table import Measurements, Progress
from ..store import Store
from .candidates import Candidate, methods_of, quantities_of
from .choice import Dialogue
from .context import SearchContext
from .feasibility import split_viable
from .settings import SearchSettings
from .trials import Trials

_NAME = re.compile(r"shard-(\d{1,9})-of-(\d{1,9})\.sqlite", re.ASCII)


@attrs.frozen
class Shard:
    """Which part of the images, from 1.

    Raises:
        UsageError: there is no such part.
    """

    number: int
    of: int

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise UsageError(f"--shard takes I/N with I from 1 to N, not {self.number}/{self.of}")

    @classmethod
    def read(cls, text: str) -> Shard:
        """From ``I/N``."""
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
        if found is None:
            raise UsageError(f"--shard takes I/N, such as 2/8, not {text!r}")
        return cls(int(found[1]), int(found[2]))

    def store(self, folder: Path) -> Path:
        """The file of this shard's values."""
        return folder / f"shard-{self.number}-of-{self.of}.sqlite"


def measure(
    candidates: Sequence[Candidate],
    rated: RatedSet,
    settings: SearchSettings,
    context: SearchContext,
    progress: Progress,
    shard: Shard,
) -> Measurements:
    """Measure what the strategy proposes on a shard's images, and choose nothing.

    Raises:
        UsageError: the strategy goes by figures, for which it needs all images.
    """
    check_view(settings.view, context.networks.values())
    check_view_of_methods(settings.view, methods_of(candidates))
    able, _ = split_viable(candidates, context)
    proposed = _proposed(settings, able)
    with context.executor(quantities_of(able)) as executor:
        trials = Trials.of(rated, able, executor, progress, settings.view)
        trials.fill(range(shard.number - 1, len(rated.images), shard.of), proposed)
    return trials.table


def merge(folder: Path, store: Store) -> tuple[int, int]:
    """Take the values of all shards in a folder into a store: how many shards, and how many values were new.

    Raises:
        UsageError: there are none, or some are missing.
    """
    found = {path: match for path in sorted(folder.glob("shard-*.sqlite")) if (match := _NAME.fullmatch(path.name))}
    if not found:
        raise UsageError(f"--merge: {folder} holds no shards; --shard I/N makes them")
    counts = {int(match[2]) for match in found.values()}
    if len(counts) > 1:
        listed = ", ".join(f"of {count}" for count in sorted(counts))
        raise UsageError(f"--merge: {folder} holds shards {listed}; remove those of another run")
    missing = sorted(set(range(1, counts.pop() + 1)) - {int(match[1]) for match in found.values()})
    if missing:
        raise UsageError(f"--merge: {folder} lacks shard {', '.join(map(str, missing))}; run what is missing first")
    return len(found), sum(store.absorb(path) for path in found)


def _proposed(settings: SearchSettings, candidates: Sequence[Candidate]) -> tuple[int, ...]:
    task = SearchTask([dict(candidate.coordinates) for candidate in candidates], settings.budget, settings.seed, None)
    dialogue = Dialogue(settings.strategy, task)
    proposal = dialogue.next(None)
    if proposal is None or proposal.share < 1 or dialogue.next({}) is not None:
        raise UsageError(
            f"--shard: strategy {settings.strategy.registered.label} goes by figures of all images, which no shard "
            "has: use exhaustive or random"
        )
    return proposal.candidates
