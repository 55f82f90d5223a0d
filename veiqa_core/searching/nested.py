"""Choice and report on different contents: each fold is predicted by what was chosen and fitted without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from ..errors import VeiqaError
from ..evaluation import splits
from ..evaluation.columns import MAPPINGS, Predictions
from ..evaluation.figures import Figures, figures
from ..evaluation.splits import Protocol
from ..measuring.table import Indices
from ..scoring.mapping import fitted_prediction
from .choice import NoChoiceError, Selection, choose, label
from .settings import SearchSettings
from .trials import Kept, Trials


@attrs.frozen
class Fold:
    """What was chosen without the contents of one fold."""

    kind: str | None
    number: int
    chosen: tuple[int, ...]


def predict(
    settings: SearchSettings, trials: Trials, groups: Mapping[str | None, Indices]
) -> tuple[tuple[Fold, ...], list[Predictions]]:
    """Choices without the contents of each fold, and what they predict for these."""
    table = trials.table
    folds: list[Fold] = []
    predictions: list[Predictions] = []
    for kind, rows in groups.items():
        rows = table.usable(rows)
        contents = [table.clusters[row] for row in rows]
        parts = min(settings.folds, len(set(contents)))
        if parts < 2:
            continue
        protocol = Protocol("kfold", folds=parts, seed=settings.seed)
        for number, split in enumerate(splits.by_content(protocol, contents), 1):
            train, test = rows[split.train], rows[split.test]
            try:
                own = attrs.evolve(trials, kept=Kept())  # nobody else asks for what is predicted for these images
                selection = choose(settings, own, train, f"{label(kind)}-without-{number}")
            except NoChoiceError:  # too few images, or ratings that are all the same
                continue
            folds.append(Fold(kind, number, selection.chosen))
            trials.fill(test, selection.chosen)
            test = table.usable(test)
            prediction = _predicted(settings, trials, selection, test)
            if prediction is not None:
                predictions.append(prediction)
    return tuple(folds), predictions


def _predicted(settings: SearchSettings, trials: Trials, selection: Selection, rows: Indices) -> Predictions | None:
    """What a selection predicts for images; None where it can for none of them."""
    table = trials.table
    known = rows[np.isfinite(trials.values(rows, selection.chosen)).all(axis=1)]
    if len(known) == 0:
        return None
    part = settings.mapper(trials.names(selection.chosen))
    try:
        fitted_on, tested = (trials.values(some, selection.chosen) for some in (selection.rows, known))
        raw = fitted_prediction(part, fitted_on, table.quality[selection.rows], tested)
    except VeiqaError:
        return None
    return Predictions(
        names=tuple(table.names[row] for row in known),
        quality=table.quality[known],
        types=tuple(table.distortions[row] for row in known),
        clusters=tuple(table.clusters[row] for row in known),
        raw=raw,
        novelty=np.full(len(known), np.nan),
        mapped={},
        mapped_by_type={},
    )


def held_out(predictions: Sequence[Predictions], seed: int) -> Figures:
    """The figures of what was predicted, over all folds at once."""
    return figures(
        predictions,
        pooled=True,
        calibrated=True,
        one_scale=True,
        own_unit=True,
        fits=dict.fromkeys(MAPPINGS, "held-out"),
        seed=seed,
    )
