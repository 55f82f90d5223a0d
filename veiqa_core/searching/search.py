"""The search itself: what is measured, chosen, and reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np

from ..contracts import FloatArray
from ..dataframes import data_frame
from ..datasets.rated_set import RatedSet
from ..errors import UsageError
from ..evaluation.columns import Predictions
from ..evaluation.figures import Figures, notes_on_intervals, notes_on_missing
from ..evaluation.provenance import content_notes, precision_notes, view_notes
from ..extension.registry import Part
from ..measuring.methods import check_view as check_view_of_methods
from ..measuring.networks import check_view
from ..measuring.table import Failure, Indices, Measurements, Progress
from ..recipes.recipe import Recipe, RecipeSet
from ..scoring.mapping import constant
from . import controls, costs, nested
from .candidates import Candidate, columns_of, methods_of, quantities_of
from .choice import NoChoiceError, Selection, choose, label
from .context import SearchContext
from .feasibility import split_viable
from .nested import Fold
from .settings import SearchSettings
from .trials import Trials
from .winners import Winner, winner


@attrs.frozen(slots=False, eq=False)
class Search:
    """The outcome of a search.

    Attributes:
        candidates: those that could be tried.
        table: what was measured, a column for each of their quantities.
        refused: those that could not, with the reason.
        costs: operations ``[C]`` of each candidate's networks for one image of ``cost_size``.
        held_out, held_out_by_type: figures of images under the choices that were made without their contents; None, or
            none, where there are too few contents.
        skipped: how many images without a type were left out.
    """

    space: str
    rated: RatedSet
    settings: SearchSettings
    candidates: Sequence[Candidate]
    refused: Mapping[str, str]
    table: Measurements
    costs: FloatArray
    cost_size: tuple[int, int]
    winners: Mapping[str | None, Winner]
    folds: tuple[Fold, ...]
    held_out: Figures | None
    held_out_by_type: Mapping[str, Figures]
    skipped: int
    notes: tuple[str, ...]
    versions: Mapping[str, Any]

    @property
    def best(self) -> Recipe | RecipeSet:
        """The recipe that won, or the set of those that won for each type."""
        return _together({kind: winner.recipe for kind, winner in self.winners.items()}, "best")

    @property
    def cheapest(self) -> Recipe | RecipeSet:
        """The same with the cheapest branches that are nearly as good."""
        return _together({kind: winner.cheap_recipe for kind, winner in self.winners.items()}, "cheapest")

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong with images that could not be read."""
        return tuple(self.table.unread.values())

    @cached_property
    def failures(self) -> Mapping[int, Failure]:
        """The candidates that failed on some image; all values of a method come of one call, and fail with it."""
        found = self.table.failures
        columns = enumerate(columns_of(self.candidates))
        return {place: found[own[0]] for place, own in columns if own[0] in found}

    @cached_property
    def degenerate(self) -> list[int]:
        """For each candidate of how many images something was remarked, such as a degenerate VEI."""
        starts = [columns[0] for columns in columns_of(self.candidates)]
        found: list[int] = np.logical_or.reduceat(self.table.flagged, starts, axis=1).sum(axis=0).tolist()
        return found

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain data, ready for JSON, as search.json holds it."""
        from .outputs import to_dict

        return to_dict(self)

    def to_frame(self) -> Any:
        """A row for each candidate, as results.csv holds them: a table of pandas or, where that is not installed, of
        polars.

        Raises:
            UsageError: neither library is installed.
        """
        from .outputs import rows

        return data_frame(list(rows(self)))


def search(
    space: str,
    candidates: Sequence[Candidate],
    rated: RatedSet,
    settings: SearchSettings,
    context: SearchContext,
    progress: Progress,
    *,
    per_distortion: bool = False,
) -> Search:
    """Search a dataset's images for the best of the candidates.

    Raises:
        UsageError: there is nothing to choose from, or the images are not such that contents can be kept apart.
    """
    rows_of = groups(rated, per_distortion)
    skipped = len(rated.images) - sum(len(rows) for rows in rows_of.values())
    _check_varied(rated, rows_of)
    check_view(settings.view, context.networks.values())
    check_view_of_methods(settings.view, methods_of(candidates))
    able, refused = split_viable(candidates, context)
    with context.executor(quantities_of(able)) as executor:
        trials = Trials.of(rated, able, executor, progress, settings.view)
        choices, unchosen = _choices(settings, trials, rows_of)
        folds, predictions = nested.predict(settings, trials, {kind: rows_of[kind] for kind in choices})
        made_with = executor.meter.versions(_parts(able, settings))
        sample = rated.read(trials.table.names[int(next(iter(choices.values())).rows[0])], settings.view)
        cost = costs.operations(executor.meter, sample)[[columns[0] for columns in columns_of(able)]]
    overall = nested.held_out(predictions, settings.seed) if predictions else None
    by_type = {
        kind: nested.held_out([part.of_type(kind) for part in predictions], settings.seed)
        for kind in sorted({t for part in predictions for t in part.types if t is not None})
    }
    reported = by_type if overall is None else {**by_type, "overall": overall}
    held = controls.control({kind: (able[s.chosen[0]].branch, s.rows) for kind, s in choices.items()}, trials, context)
    trials = attrs.evolve(trials, table=rated.hinted(trials.table))
    return Search(
        space=space,
        rated=rated,
        settings=settings,
        candidates=able,
        refused=refused,
        table=trials.table,
        costs=cost,
        cost_size=sample.size,
        winners={
            kind: winner(kind, selection, settings, trials, cost, held[kind]) for kind, selection in choices.items()
        },
        folds=folds,
        held_out=overall,
        held_out_by_type=by_type,
        skipped=skipped,
        notes=(
            *rated.remarks,
            *unchosen,
            *_notes(rated, skipped, choices, predictions),
            *view_notes(trials.table),
            *precision_notes(made_with),
            *notes_on_missing(reported),
            *notes_on_intervals(reported),
        ),
        versions=made_with,
    )


def groups(rated: RatedSet, per_distortion: bool) -> Mapping[str | None, Indices]:
    """The rows of each type, or of all images.

    Raises:
        UsageError: contents cannot be kept apart, or no image names its type where types are asked for.
    """
    nameless = [item.image for item in rated.images if item.content is None]
    if nameless and len(nameless) < len(rated.images):
        raise UsageError(
            f"{rated.name}: a search keeps contents apart, and no reference is named for {nameless[0]} but for others"
        )
    if not per_distortion:
        return {None: np.arange(len(rated.images), dtype=np.intp)}
    types = sorted({item.distortion for item in rated.images if item.distortion is not None})
    if not types:
        raise UsageError(f"--per-distortion: {rated.name} names no distortion types")
    return {
        kind: np.array([row for row, item in enumerate(rated.images) if item.distortion == kind], dtype=np.intp)
        for kind in types
    }


def _check_varied(rated: RatedSet, groups: Mapping[str | None, Indices]) -> None:
    """Find that nothing can be chosen before any image is measured."""
    quality = np.array([rated.ratings.quality(item) for item in rated.images], dtype=np.float64)
    if all(len(rows) > 1 and constant(quality[rows]) for rows in groups.values()):
        raise UsageError(f"{rated.root}: the ratings to choose by are all the same: no candidate agrees with them best")


def _choices(
    settings: SearchSettings, trials: Trials, groups: Mapping[str | None, Indices]
) -> tuple[Mapping[str | None, Selection], list[str]]:
    """What is chosen for each group, and of which groups nothing can be chosen, and why.

    Raises:
        UsageError: nothing can be chosen of any.
    """
    choices: dict[str | None, Selection] = {}
    failures: list[NoChoiceError] = []
    for kind, rows in groups.items():
        try:
            choices[kind] = choose(settings, trials, rows, label(kind))
        except NoChoiceError as error:
            failures.append(error)
    if not choices:
        raise failures[0]
    return choices, [f"nothing was chosen for {error}" for error in failures]


def _parts(candidates: Sequence[Candidate], settings: SearchSettings) -> list[Part]:
    used = [part for candidate in candidates for part in candidate.parts]
    return list(dict.fromkeys([*used, settings.strategy, settings.objective.mapper, settings.mapper_of_many]))


def _together(recipes: Mapping[str | None, Recipe], name: str) -> Recipe | RecipeSet:
    if None in recipes:
        return recipes[None]
    return RecipeSet(name, {str(kind): recipe for kind, recipe in recipes.items()})


def _notes(
    rated: RatedSet, skipped: int, choices: Mapping[str | None, Selection], predictions: Sequence[Predictions]
) -> list[str]:
    notes = content_notes([item.content for item in rated.images])
    if skipped:
        notes.append(f"{skipped} images name no distortion type and are left out")
    due = sum(len(selection.rows) for selection in choices.values())
    unpredicted = due - sum(len(part.names) for part in predictions)
    if unpredicted:
        notes.append(
            f"{unpredicted} of {due} images have no held-out prediction: too few contents, or what was chosen without "
            "them fails on them or could not be fitted"
        )
    return notes
