"""Evaluation: how well a recipe's scores agree with people's, under a protocol that says what was fitted on what.

Every figure is reported with the mapping behind it (none, or a logistic of four or five parameters fitted to the
scores, as the field does before PLCC and RMSE) and whether that was fitted on the images that it is tested on.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from ..contracts import FloatArray, Prediction
from ..errors import FitError, VeiqaError
from ..extension.registry import Part, Registry
from ..images import display_name
from ..isolation.attempts import or_usage_error
from ..recipes.resolution import ResolvedRecipe
from ..scoring.fitted import FittedMapper
from ..scoring.mapping import fitted_mapper, unmapped, within
from . import splits
from .classification import TypeAccuracy, type_accuracy
from .columns import MAPPINGS, Columns, Predictions, headline_mapping
from .figures import Figures, figures, notes_on_intervals, notes_on_missing, notes_on_splits
from .measured import MeasuredSet
from .provenance import fit_label, foreign_ranges, method_notes, notes_on, training_notes
from .splits import Indices, Protocol, Split

Fits = Mapping[str | None, FittedMapper | None]


@attrs.frozen(eq=False)
class Evaluation:
    """The figures of one recipe or set on one dataset.

    Attributes:
        joined: the same images, and after them those of other datasets that mappers are fitted to.
        type_accuracy: how well the classifier predicts the types; None where it has none, and for sets.
        predictions: what they were taken from, for further analysis.
        by_split: the same beside the ratings, for each split; ``columns`` for all of them at once.
        notes: what a reader must know to use them rightly.
    """

    recipe: str
    measured: MeasuredSet
    joined: MeasuredSet
    protocol: Mapping[str, object]
    overall: Figures
    by_distortion: Mapping[str, Figures]
    type_accuracy: TypeAccuracy | None
    predictions: Sequence[Predictions]
    by_split: Sequence[Columns]
    columns: Columns
    notes: tuple[str, ...]

    @property
    def clusters(self) -> tuple[str, ...]:
        """What each tested image is kept together with, in the order of ``columns``."""
        return sum((part.clusters for part in self.predictions), ())

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        rated = self.measured.rated
        return {
            "n": self.overall.count,
            "overall": self.overall.to_dict(),
            "by_distortion": {kind: item.to_dict() for kind, item in self.by_distortion.items()},
            "type_accuracy": None if self.type_accuracy is None else self.type_accuracy.to_dict(),
            "protocol": dict(self.protocol),
            "recipe": self.recipe,
            "dataset": {
                "name": rated.name,
                "path": display_name(rated.root),
                "score_type": rated.ratings.score_type,
                "range": list(rated.ratings.range),
                "pseudo_rating": rated.ratings.pseudo_rating,
            },
            "skipped": dict(self.measured.skipped),
            "failed": dict(self.measured.failed),
            "flagged": self.measured.flagged,
            "notes": list(self.notes),
            "versions": dict(self.measured.versions),
        }


def evaluate(
    measured: MeasuredSet,
    protocol: Protocol,
    registry: Registry,
    *,
    trained_on: Sequence[MeasuredSet] = (),
    novelty: bool = False,
) -> Evaluation:
    """Evaluate measured images.

    Args:
        trained_on: other datasets, measured with the same recipes, to whose images mappers are fitted: alone under the
            protocol ``train``, under others that refit beside this dataset's own.
        novelty: whether predictions say how novel images are where no interval depends on it, too, which takes time.

    Raises:
        UsageError: the protocol does not go with the dataset: contents are not named, or the sides of a split share a
            content or an image.
    """
    joined = measured.joined(trained_on)
    table = joined.table
    run = _Run(joined, protocol, registry, novelty)
    parts = splits.made(
        protocol,
        labels=measured.table.labels,
        types=table.distortions,
        contents=table.contents,
        content_ids=[table.content_ids(index) for index in range(len(table))],
        names=table.names,
    )
    predictions = [run.predict(split) for split in parts]
    everything = np.arange(len(measured.table), dtype=np.intp)
    calibrated, own = run.calibrated, len(measured.table)
    one_scale = calibrated or len(joined.used) == 1
    own_unit = protocol.refits or not foreign_ranges(joined.used, measured)

    def figured(parts: Sequence[Predictions], tested: Indices, one_scale: bool) -> Figures:
        fit = fit_label(joined, tested, protocol, own) if calibrated else "not fitted"
        fits = {"none": fit, **dict.fromkeys(MAPPINGS[1:], "held-out" if protocol.refits else "in-sample")}
        return figures(
            parts,
            pooled=protocol.pooled,
            calibrated=calibrated,
            one_scale=one_scale,
            own_unit=own_unit,
            fits=fits,
            seed=protocol.seed,
        )

    def beside(part: Predictions) -> Columns:
        return Columns(part, headline_mapping(calibrated), one_scale, own_unit and calibrated)

    by_type: dict[str, Figures] = {}
    for kind in sorted({kind for part in predictions for kind in part.types if kind is not None}):
        of_type = np.flatnonzero([own == kind for own in measured.table.distortions])
        by_type[kind] = figured([part.of_type(kind) for part in predictions], of_type, one_scale=True)
    notes = [*measured.rated.remarks, *notes_on(measured, joined, calibrated, protocol)]
    notes += method_notes(measured, np.unique(np.concatenate([split.test for split in parts])))
    notes += training_notes(measured, trained_on)
    overall = figured(predictions, everything, one_scale)
    groups = {**by_type, "overall": overall}
    notes += [*notes_on_missing(groups), *notes_on_splits(groups), *notes_on_intervals(groups)]
    return Evaluation(
        recipe=measured.recipes.label,
        measured=measured,
        joined=joined,
        protocol=protocol.describe() | _trained(trained_on),
        overall=overall,
        by_distortion=by_type,
        type_accuracy=None
        if protocol.kind == "lodo"  # no classifier predicts a type that it has not seen
        else _types(run, joined, parts, predictions, fit_label(joined, everything, protocol, own)),
        predictions=predictions,
        by_split=[beside(part) for part in predictions],
        columns=beside(Predictions.pooled(predictions)),
        notes=(*notes, *run.refusals),
    )


class _Run:
    """Fits on one side of each split, and predicts the other."""

    def __init__(self, measured: MeasuredSet, protocol: Protocol, registry: Registry, novelty: bool) -> None:
        self._measured = measured
        self._table = measured.table
        self._used = measured.used
        self.refits = protocol.refits
        self._novelty = novelty
        self._ends = measured.rated.ratings.quality_range
        self._given: Fits = {}
        if not self.refits:
            self._given = {key: self._ready(recipe) for key, recipe in self._used.items()}
        self._logistics = {name: registry.part("mapper", f"veiqa:{name}") for name in MAPPINGS[1:]}
        self.refusals: list[str] = []

    @property
    def calibrated(self) -> bool:
        """Whether scores are on the scale of quality: every recipe's mapper is fitted, here or before."""
        if self.refits:
            return all(_fittable(recipe.mapper) for recipe in self._used.values())
        return all(recipe.state and self._given[key] is not None for key, recipe in self._used.items())

    def predict(self, split: Split) -> Predictions:
        """Scores of the tested images, mapped in each way."""
        table = self._table
        fits = self._fit(split.train) if self.refits else self._given
        fitted_on, _ = self._scores(fits, split.train, tested=False)
        tested, novelty = self._scores(fits, split.test, tested=True)
        types = tuple(table.distortions[index] for index in split.test)
        scales: Sequence[object] = [None] * len(table) if self.calibrated else self._measured.keys
        mapped = functools.partial(self._mapped, split, fitted_on.score, tested.score)
        return Predictions(
            quality=table.quality[split.test],
            types=types,
            clusters=tuple(table.clusters[index] for index in split.test),
            names=tuple(table.names[index] for index in split.test),
            raw=tested,
            novelty=novelty,
            mapped={name: mapped(part, scales) for name, part in self._logistics.items()},
            mapped_by_type={name: mapped(part, table.distortions) for name, part in self._logistics.items()},
        )

    def _fit(self, train: Indices) -> Fits:
        fits: dict[str | None, FittedMapper | None] = {}
        for key, recipe in self._used.items():
            rows = [index for index in train if self._measured.keys[index] == key]
            if recipe.mapper is None or not _fittable(recipe.mapper):
                fits[key] = self._ready(recipe)
            elif rows:
                try:
                    fits[key] = self._fitted(recipe.mapper, rows)
                except VeiqaError as error:
                    self._refuse(f"not fitted everywhere{'' if key is None else f', {key}'}: {error}")
            else:
                self._refuse(f"not fitted everywhere, {key}: there are no images to fit it on")
        return fits

    def _fitted(self, part: Part, rows: Sequence[int]) -> FittedMapper:
        contents, types = ([column[row] for row in rows] for column in (self._table.contents, self._table.distortions))
        similarities, quality = self._measured.similarities(rows), self._table.quality[rows]
        return FittedMapper.fit(part, similarities, quality, contents, types, self._ends)

    def _ready(self, recipe: ResolvedRecipe) -> FittedMapper | None:
        """A recipe's mapper as it is; None where it has none, or it is not fitted yet."""
        return FittedMapper.ready(recipe, self.scale(recipe))

    def _scores(self, fits: Fits, indices: Indices, tested: bool) -> tuple[Prediction, FloatArray]:
        """Scores of images under the mapper of their key, and their novelty; NaN where it could not be fitted.

        Of images that are not tested, the score alone is used.
        """
        columns = {name: np.full(len(indices), np.nan) for name in ("score", "low", "high", "novelty")}
        for key, recipe in self._used.items():
            at = np.array(
                [place for place, index in enumerate(indices) if self._measured.keys[index] == key], dtype=np.intp
            )
            fit = fits.get(key)
            if len(at) == 0 or (fit is None and self.refits and _fittable(recipe.mapper)):
                continue
            prediction, novelty = self._predicted(fit, self._measured.similarities(indices[at]), tested)
            for name in ("score", "low", "high"):
                columns[name][at] = getattr(prediction, name)
            if novelty is not None:
                columns["novelty"][at] = novelty
        novelties = columns.pop("novelty")
        return Prediction(**columns), novelties

    def _predicted(
        self, fit: FittedMapper | None, similarities: FloatArray, tested: bool
    ) -> tuple[Prediction, FloatArray | None]:
        if fit is None:
            return unmapped(similarities), None
        try:
            if not tested:
                return fit.plain(similarities), None
            return fit.predict(similarities, always=self._novelty)
        except VeiqaError as error:
            return or_usage_error(error)

    def scale(self, recipe: ResolvedRecipe) -> tuple[float, float] | None:
        """The worst and the best score of a recipe."""
        if not _fittable(recipe.mapper):
            return None
        if self.refits:
            return self._ends
        return None if recipe.fitted is None else recipe.fitted.range

    def _mapped(
        self, split: Split, train_scores: FloatArray, test_scores: FloatArray, part: Part, groups: Sequence[object]
    ) -> FloatArray:
        """Tested scores through a mapping fitted to the scores of the other side, group by group.

        On other images a curve may leave the scale far behind, so there it is held as the recipe's own scores are.
        """
        scale = self._ends if self.refits else None
        mapped = np.full(len(split.test), np.nan)
        for group in dict.fromkeys(groups[index] for index in split.test):
            rows = np.array([groups[index] == group for index in split.train]) & np.isfinite(train_scores)
            at = np.array([groups[index] == group for index in split.test]) & np.isfinite(test_scores)
            try:
                mapper = fitted_mapper(part, train_scores[rows, None], self._table.quality[split.train][rows])
            except FitError:
                continue  # too few points of this group: no figure
            if at.any():
                mapped[at] = within(mapper.predict(test_scores[at, None]), scale).score
        return mapped

    def _refuse(self, why: str) -> None:
        if why not in self.refusals:
            self.refusals.append(why)


def _types(
    run: _Run, joined: MeasuredSet, parts: Sequence[Split], predictions: Sequence[Predictions], fit: str
) -> TypeAccuracy | None:
    """How well types are predicted, where one recipe serves all images."""
    recipe = joined.used.get(None)
    if recipe is None:
        return None
    scores = [part.raw.score for part in predictions]
    return type_accuracy(joined, parts, scores, run.scale(recipe), run.refits, fit)


def _fittable(mapper: Part | None) -> bool:
    return mapper is not None and bool(mapper.traits["fitted"])


def _trained(trained_on: Sequence[MeasuredSet]) -> dict[str, object]:
    sets = [
        {"dataset": other.rated.name, "path": display_name(other.rated.root), "n": len(other.table)}
        for other in trained_on
    ]
    return {"train": sets} if sets else {}
