"""Scores by which candidates are ranked and compared, one an image: of several values, those of a mapper of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..contracts import FloatArray
from ..errors import VeiqaError
from ..evaluation import splits
from ..evaluation.splits import Protocol
from ..measuring.table import Indices, Rows
from ..scoring.mapping import fitted_prediction
from .settings import SearchSettings
from .trials import Trials

_FOLDS = 5


def scores(settings: SearchSettings, trials: Trials, rows: Indices, candidates: Rows) -> FloatArray:
    """Scores ``[n, C]`` whose figures are the candidates' objectives; NaN columns for those that have none.

    Of one value they are what the objective makes of it; of several, predictions of contents left out of the fit.
    """
    found = values(settings, trials, rows, candidates)
    single = np.array([not trials.candidates[candidate].several for candidate in candidates], dtype=bool)
    if single.any():
        found[:, single] = settings.objective.scores(found[:, single], trials.table.quality[rows])
    return found


def values(settings: SearchSettings, trials: Trials, rows: Indices, candidates: Rows) -> FloatArray:
    """One value ``[n, C]`` of each candidate: its own, or where it has several, predictions of contents left out.

    Of images of a single content, which no other content can predict, images are left out instead.
    """
    found = np.empty((len(rows), len(candidates)))
    single = [place for place, one in enumerate(candidates) if not trials.candidates[one].several]
    found[:, single] = trials.values(rows, [int(candidates[place]) for place in single])
    for place, candidate in enumerate(candidates):
        if trials.candidates[candidate].several:
            contents = [trials.table.clusters[row] for row in rows]
            apart = contents if len(set(contents)) > 1 else [trials.table.names[row] for row in rows]
            found[:, place] = _predicted(settings, trials, rows, [int(candidate)], apart)
    return found


def left_out(settings: SearchSettings, trials: Trials, rows: Indices, candidates: Sequence[int]) -> FloatArray:
    """Scores ``[n]`` of images by candidates together, from a mapper fitted without their content; NaN where not."""
    return _predicted(settings, trials, rows, candidates, [trials.table.clusters[row] for row in rows])


def _predicted(
    settings: SearchSettings, trials: Trials, rows: Indices, candidates: Sequence[int], apart: Sequence[str]
) -> FloatArray:
    """Scores of images, each from a mapper fitted to those that are kept apart from it."""
    found = np.full(len(rows), np.nan)
    folds = min(_FOLDS, len(set(apart)))
    if folds < 2:
        return found
    part = settings.mapper(trials.names(candidates))
    given, quality = trials.values(rows, candidates), trials.table.quality[rows]
    if not np.isfinite(given).all():
        return found

    def made() -> FloatArray:
        for split in splits.by_content(Protocol("kfold", folds=folds, seed=settings.seed), apart):
            try:
                fold = fitted_prediction(part, given[split.train], quality[split.train], given[split.test])
                found[split.test] = fold.score
            except VeiqaError:
                continue
        return found

    if len(candidates) > 1:  # which are tried together once
        return made()
    return trials.kept.get((part, settings.seed, *candidates), rows, made)
