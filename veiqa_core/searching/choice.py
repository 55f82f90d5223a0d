"""Choosing: a strategy says what to measure, the best candidate wins, and further ones are added greedily."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from ..contracts import FloatArray, Proposal, SearchTask
from ..errors import ComponentError, UsageError, unwrap
from ..extension.registry import Part
from ..files.paths import file_stem
from ..isolation.attempts import attempt, or_usage_error
from ..measuring.table import Indices, Measurements, Rows
from .scores import left_out, scores
from .settings import SearchSettings
from .trials import Trials


@attrs.frozen(eq=False)
class Selection:
    """What was chosen on some images.

    Attributes:
        rows: the images.
        chosen: the candidates of the recipe, the best single one first.
        path: the objective with the first of them, with two, ...; beyond the first, of predictions of images that the
            mapper was not fitted on.
        alone: the objective of such predictions with the first alone, which those with more compare with; NaN where no
            more were asked for.
        figures: the objective ``[C]`` of every candidate that was measured on all these images, else NaN.
    """

    rows: Indices
    chosen: tuple[int, ...]
    path: tuple[float, ...]
    alone: float
    figures: FloatArray


class NoChoiceError(UsageError):
    """These images give no candidate a figure."""


def choose(settings: SearchSettings, trials: Trials, rows: Indices, name: str) -> Selection:
    """Choose on some images.

    Args:
        name: of this choice, for the strategy's own files.

    Raises:
        NoChoiceError: no candidate has a figure.
        UsageError: the strategy cannot do it.
    """
    measured = _explored(settings, trials, rows, name)
    table = trials.table
    rows = table.usable(rows)
    figures = np.full(len(trials.candidates), np.nan)
    figures[measured] = _objectives(settings, trials, rows, measured)
    if not np.isfinite(figures).any():
        raise NoChoiceError(f"{name}: {_nothing_works(trials, measured)}")
    best = int(np.nanargmax(figures))
    alone = math.nan
    further: list[tuple[int, float]] = []
    if settings.branches > 1:
        alone, further = _further(settings, trials, rows, best, np.flatnonzero(np.isfinite(figures)))
    chosen, path = zip((best, float(figures[best])), *further, strict=True)
    return Selection(rows, chosen, path, alone, figures)


def label(kind: str | None) -> str:
    """What the images of a type, or all, are called in names of files."""
    return "all" if kind is None else kind


def _objectives(settings: SearchSettings, trials: Trials, rows: Indices, candidates: Rows) -> FloatArray:
    """The objective of candidates on images."""
    found = scores(settings, trials, rows, candidates)
    return settings.objective.figures(found, trials.table.quality[rows])


def _further(
    settings: SearchSettings, trials: Trials, rows: Indices, best: int, pool: Indices
) -> tuple[float, list[tuple[int, float]]]:
    """The objective of the best one alone, and branches that help it with what they bring, as long as one helps."""
    of_best = left_out(settings, trials, rows, [best])
    alone = reached = float(settings.objective.figures(of_best[:, None], trials.table.quality[rows])[0])
    if not np.isfinite(reached):
        return alone, []
    found: list[tuple[int, float]] = []
    while len(found) + 1 < min(settings.branches, len(pool)):
        helper = _next(settings, trials, rows, [best, *(one for one, _ in found)], pool)
        if helper is None or helper[1] <= reached:
            break
        found.append(helper)
        reached = helper[1]
    return alone, found


def _next(
    settings: SearchSettings, trials: Trials, rows: Indices, chosen: Sequence[int], pool: Indices
) -> tuple[int, float] | None:
    """The candidate that helps those chosen most, and the objective with it."""
    others = [int(one) for one in pool if one not in chosen]
    found = np.stack([left_out(settings, trials, rows, [*chosen, one]) for one in others], axis=1)
    figures = settings.objective.figures(found, trials.table.quality[rows])
    if not np.isfinite(figures).any():
        return None
    place = int(np.nanargmax(figures))
    return others[place], float(figures[place])


def _explored(settings: SearchSettings, trials: Trials, rows: Indices, name: str) -> Indices:
    """Let the strategy have measured what it proposes; those measured on all images."""
    task = SearchTask(
        candidates=[dict(candidate.coordinates) for candidate in trials.candidates],
        budget=settings.budget,
        seed=settings.seed,
        folder=None if settings.folder is None else settings.folder / file_stem(name),
    )
    table = trials.table
    order = _order(table, rows, settings.seed)
    whole: set[int] = set()
    dialogue = Dialogue(settings.strategy, task)
    proposal = dialogue.next(None)
    while proposal is not None:
        some = table.usable(_first(table, rows, order, proposal.share))
        trials.fill(some, proposal.candidates)
        some = table.usable(some)
        if proposal.share == 1:
            whole.update(proposal.candidates)
        figures = _objectives(settings, trials, some, proposal.candidates)
        answers = {c: float(f) for c, f in zip(proposal.candidates, figures, strict=True) if np.isfinite(f)}
        proposal = dialogue.next(answers)
    if not whole:
        raise UsageError(f"{settings.strategy.registered.origin}: measured no candidate on all images")
    return np.array(sorted(whole), dtype=np.intp)


class Dialogue:
    """A strategy's proposals and the answers to them."""

    def __init__(self, part: Part, task: SearchTask) -> None:
        self._part = part
        self._count = len(task.candidates)
        strategy: Any = or_usage_error(attempt(part, part.create))
        self._proposals = or_usage_error(attempt(part, lambda: strategy.propose(task)))

    def next(self, answers: Mapping[int, float] | None) -> Proposal | None:
        """The next proposal after the answers to the last one; None once there is none.

        Raises:
            VeiqaError: the strategy failed.
        """
        return unwrap(attempt(self._part, lambda: self._step(answers)))

    def _step(self, answers: Mapping[int, float] | None) -> Proposal | None:
        try:
            proposal = next(self._proposals) if answers is None else self._proposals.send(answers)
        except StopIteration:
            return None
        if not isinstance(proposal, Proposal) or not self._sound(proposal):
            raise ComponentError(f"proposes {proposal!r}")
        return Proposal(tuple(proposal.candidates), proposal.share)

    def _sound(self, proposal: Proposal) -> bool:
        some = bool(proposal.candidates) and 0 < proposal.share <= 1
        return some and all(0 <= candidate < self._count for candidate in proposal.candidates)


def _order(table: Measurements, rows: Indices, seed: int) -> list[str]:
    """The contents in the order in which shares of them are taken."""
    contents = sorted({table.clusters[row] for row in rows})
    return [contents[place] for place in np.random.default_rng(seed).permutation(len(contents))]


def _first(table: Measurements, rows: Indices, order: Sequence[str], share: float) -> Indices:
    taken = set(order[: max(1, round(share * len(order)))])
    return np.array([row for row in rows if table.clusters[row] in taken], dtype=np.intp)


def _nothing_works(trials: Trials, candidates: Indices) -> str:
    table = trials.table
    failures = table.failures
    reasons = [failures[column].reason for column in trials.columns(candidates) if column in failures]
    if reasons:
        return f"no candidate could be measured on every image; the first: {reasons[0]}"
    if len(table.unread) == len(table):
        return f"{trials.rated.root}: no image can be read; the first: {next(iter(table.unread.values()))}"
    return "no candidate has a figure: too few images, or similarities or ratings that are all the same"
