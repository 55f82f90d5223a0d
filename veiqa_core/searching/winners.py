"""The winner of a choice: how it stands among the others and its controls, and the recipe that it gives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import attrs
import numpy as np

from ..contracts import FloatArray
from ..errors import VeiqaError
from ..measuring.table import Indices
from ..recipes.recipe import Recipe
from ..recipes.resolution import written
from ..scoring.mapping import fitted_mapper, predicted
from . import certainty
from .candidates import branches_of, methods_of
from .certainty import ChanceLevel, Ranking
from .choice import Selection
from .controls import Controlled
from .scores import scores as scores_of
from .scores import values as values_of
from .settings import SearchSettings
from .trials import Trials

_COMPARED = 100  # candidates, best first, that the winner is compared with


@attrs.frozen(eq=False)
class ControlFigure:
    """A control beside the winner, on the same images.

    Attributes:
        figure: its objective; None where there is none.
        behind: 95 % bootstrap interval of the winner's objective minus its own.
        reason: why there is none.
    """

    name: str
    summary: str
    figure: float | None
    behind: tuple[float, float] | None
    reason: str | None


@attrs.frozen(eq=False)
class Winner:
    """What was chosen for the images of one type, or for all.

    Attributes:
        selection: on all of these images.
        ranking: of the best single candidates.
        values: ``[n]``, of the best of them: its own or, where it has several, predictions of contents left out.
        ranked: how many candidates were measured on all of these images and have a figure.
        cheapest: of those within one standard error of the best, the one that costs least.
        scores: ``[n]``, of the recipe fitted to these very images.
        recipe, cheap_recipe: with the branches chosen, and with the cheapest, fitted to these images.
    """

    kind: str | None
    selection: Selection
    ranking: Ranking
    values: FloatArray
    ranked: int
    cheapest: int
    chance: ChanceLevel | None
    controls: tuple[ControlFigure, ...]
    scores: FloatArray
    recipe: Recipe
    cheap_recipe: Recipe


def winner(
    kind: str | None,
    selection: Selection,
    settings: SearchSettings,
    trials: Trials,
    cost: FloatArray,
    controlled: Iterable[Controlled],
) -> Winner:
    """Everything that is reported of the winner of a selection."""
    table, rows, objective = trials.table, selection.rows, settings.objective
    quality, contents = table.quality[rows], [table.clusters[row] for row in rows]
    ranked = _ranked(selection.figures)
    compared = ranked[:_COMPARED]
    scores = scores_of(settings, trials, rows, compared)
    values = values_of(settings, trials, rows, ranked)
    ranking = certainty.ranking(objective, scores, quality, contents, compared, settings.seed)
    cheapest = _cheapest(ranked, selection.figures, ranking.error, cost)
    name = "best" if kind is None else f"best-{kind}"
    recipe, fitted = _recipe(name, selection.chosen, settings, trials, rows)
    cheap, _ = _recipe(name.replace("best", "cheapest"), (cheapest,), settings, trials, rows)
    return Winner(
        kind=kind,
        selection=selection,
        ranking=ranking,
        values=values[:, 0],
        ranked=len(ranked),
        cheapest=cheapest,
        chance=certainty.chance_level(values, quality, settings.seed),
        controls=tuple(_beside(item, scores[:, 0], quality, contents, settings) for item in controlled),
        scores=fitted,
        recipe=recipe,
        cheap_recipe=cheap,
    )


def _cheapest(ranked: Indices, found: FloatArray, error: float, cost: FloatArray) -> int:
    """Of the candidates within one standard error of the best the one that costs least, and of equals the best.

    Source: Breiman et al., Classification and Regression Trees, 1984, section 3.4.3.
    """
    margin = error if math.isfinite(error) else 0.0
    near = ranked[found[ranked] >= found[ranked[0]] - margin]
    return int(min(near, key=lambda column: cost[column]))


def _beside(
    item: Controlled, winner: FloatArray, quality: FloatArray, contents: Sequence[str], settings: SearchSettings
) -> ControlFigure:
    """A control's figure, and how far it is behind the winner."""
    if item.values is None:
        return ControlFigure(item.name, item.summary, None, None, item.reason)
    own = settings.objective.scores(item.values[:, None], quality)
    figure = float(settings.objective.figures(own, quality)[0])
    if not np.isfinite(figure):
        return ControlFigure(item.name, item.summary, None, None, "it failed on some image, or is the same everywhere")
    both = np.stack([winner, own[:, 0]], axis=1)
    ranking = certainty.ranking(settings.objective, both, quality, contents, np.arange(2, dtype=np.intp), settings.seed)
    low, high = ranking.behind[1]
    return ControlFigure(item.name, item.summary, figure, (float(low), float(high)), None)


def _recipe(
    name: str,
    chosen: Sequence[int],
    settings: SearchSettings,
    trials: Trials,
    rows: Indices,
) -> tuple[Recipe, FloatArray]:
    """A recipe fitted to all images, and its scores of them; not fitted where they do not determine a mapping."""
    chosen = sorted(chosen, key=lambda one: trials.candidates[one].branch is None)  # the order of a recipe
    part, provenance = settings.mapper(trials.names(chosen)), trials.provenance(rows, chosen)
    similarities, quality = trials.values(rows, chosen), trials.table.quality[rows]
    taken = [trials.candidates[one] for one in chosen]
    branches, methods = tuple(branch.written for branch in branches_of(taken)), tuple(map(written, methods_of(taken)))
    recipe = Recipe(name, branches, written(part), chosen=provenance, view=settings.view, methods=methods)
    try:
        mapper = fitted_mapper(part, similarities, quality)
        scores = predicted(part, mapper, similarities).score
    except VeiqaError:
        return recipe, np.full(len(rows), np.nan)
    return attrs.evolve(recipe, state=mapper.state(), fitted=provenance), scores


def _ranked(found: FloatArray) -> Indices:
    """The candidates with a figure, best first, equals in the order of the space."""
    known = np.flatnonzero(np.isfinite(found))
    return known[np.argsort(-found[known], kind="stable")]
