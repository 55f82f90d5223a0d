"""Tested predictions beside quality, and the figures of one set of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from ..contracts import FloatArray, Prediction
from ..measuring.table import Indices
from . import agreement
from .resampling import Clusters, Counts, bootstrap
from .sampled import SAMPLED_FIGURES, Sampled

MAPPINGS = ("none", "logistic4", "logistic5")
"""What is fitted to the scores before PLCC and RMSE."""

_UNCALIBRATED_MAPPING = "logistic5"
_SAMPLES = 1000
FEWEST_CONTENTS = 5
"""Fewer contents than this, drawn again and again, say nothing about others."""
OTHER_UNIT = "the scores are not in the unit of these ratings"

Values = dict[str, float | None]
Intervals = dict[str, tuple[float, float] | None]


def headline_mapping(calibrated: bool) -> str:
    """What the headline PLCC and RMSE are taken after."""
    return "none" if calibrated else _UNCALIBRATED_MAPPING


@attrs.frozen(eq=False)
class Predictions:
    """The tested images of one split.

    Attributes:
        quality: ``[n]``, higher being better.
        clusters: what each image is drawn together with in a bootstrap: its content.
        raw: the recipe's own scores.
        novelty: ``[n]``, how unlike the images fitted on each is; NaN where it is not known.
        mapped, mapped_by_type: these after mappings fitted to all images of one scale, or to those of one type; none
            where figures after a mapping are not wanted.
    """

    names: tuple[str, ...]
    quality: FloatArray
    types: tuple[str | None, ...]
    clusters: tuple[str, ...]
    raw: Prediction
    novelty: FloatArray
    mapped: Mapping[str, FloatArray]
    mapped_by_type: Mapping[str, FloatArray]

    def of_type(self, kind: str) -> Predictions:
        """The images of one type, with the mappings fitted to it."""
        at = np.array([place for place, type_ in enumerate(self.types) if type_ == kind], dtype=np.intp)
        return attrs.evolve(self, mapped=self.mapped_by_type).select(at)

    def select(self, at: Indices) -> Predictions:
        """Some of the images."""
        return Predictions(
            names=tuple(self.names[place] for place in at),
            quality=self.quality[at],
            types=tuple(self.types[place] for place in at),
            clusters=tuple(self.clusters[place] for place in at),
            raw=Prediction(self.raw.score[at], self.raw.low[at], self.raw.high[at]),
            novelty=self.novelty[at],
            mapped={name: values[at] for name, values in self.mapped.items()},
            mapped_by_type={name: values[at] for name, values in self.mapped_by_type.items()},
        )

    @classmethod
    def pooled(cls, parts: Sequence[Predictions]) -> Predictions:
        """Those of several splits as one."""

        def joined(arrays: Sequence[FloatArray]) -> FloatArray:
            return np.concatenate(arrays)

        raw = {name: joined([getattr(part.raw, name) for part in parts]) for name in ("score", "low", "high")}
        return cls(
            names=sum((part.names for part in parts), ()),
            quality=joined([part.quality for part in parts]),
            types=sum((part.types for part in parts), ()),
            clusters=sum((part.clusters for part in parts), ()),
            raw=Prediction(**raw),
            novelty=joined([part.novelty for part in parts]),
            mapped={name: joined([part.mapped[name] for part in parts]) for name in parts[0].mapped},
            mapped_by_type={
                name: joined([part.mapped_by_type[name] for part in parts]) for name in parts[0].mapped_by_type
            },
        )


class Columns:
    """Scores and quality side by side, without the images for which there is no score."""

    def __init__(self, part: Predictions, mapping: str, one_scale: bool, own_unit: bool) -> None:
        self._quality = part.quality
        self._scores = {"none": part.raw.score, **part.mapped}
        self._mapping = mapping
        self._ranked = "none" if one_scale else mapping
        self._own_unit = own_unit

    def values(self) -> Values:
        """The headline figures."""
        return {name: self._figure(name, self._mapping_of(name)) for name in agreement.FIGURES}

    def mapped_values(self) -> Values:
        """PLCC and RMSE after each mapping; without one there is no PLCC across scales."""
        found = {f"{name} {figure}": self._figure(figure, name) for name in self._scores for figure in ("plcc", "rmse")}
        if self._ranked != "none":
            found["none plcc"] = None
        return found

    def why_none(self, name: str) -> str | None:
        """Why a headline figure, or one after a mapping, does not exist; None where it does."""
        figure, mapping = ("rmse", name) if name in MAPPINGS else (name, self._mapping_of(name))
        if not self._exists(figure, mapping):
            return OTHER_UNIT
        scores, quality = self._known(mapping)
        reason = agreement.why_none(scores, quality)
        if mapping != "none" and len(scores) < len(self._known("none")[0]):
            reason = agreement.why_none(*self._known("none")) or f"{mapping} cannot be fitted to so few images"
        if figure == "rmse" and mapping == "none":
            return None if len(scores) else "no image has a score"
        return reason

    def intervals(self, clusters: Sequence[str], seed: int) -> Intervals:
        """Bootstrap intervals of the headline figures; none where too few contents have a score."""
        scored = np.isfinite(self._scores["none"])
        if len({cluster for cluster, there in zip(clusters, scored, strict=True) if there}) < FEWEST_CONTENTS:
            return dict.fromkeys(agreement.FIGURES)
        taken = {name: self._sampled(name, clusters) for name in agreement.FIGURES}

        def figures(counts: Counts) -> dict[str, FloatArray]:
            return {name: own(counts)[0] for name, own in taken.items()}

        return bootstrap(figures, clusters, times=_SAMPLES, seed=seed)

    @property
    def quality(self) -> FloatArray:
        """``[n]``, of all images."""
        return self._quality

    @property
    def raw_scores(self) -> FloatArray:
        """The recipe's own scores ``[n]``, NaN where there are none."""
        return self._scores["none"]

    def scores(self, figure: str) -> FloatArray | None:
        """Scores ``[n]`` as a headline figure takes them, NaN where there are none; None where it means nothing."""
        mapping = self._mapping_of(figure)
        return self._scores[mapping] if self._exists(figure, mapping) else None

    def _mapping_of(self, figure: str) -> str:
        """The mapping that a headline figure is taken after."""
        return self._mapping if figure in ("plcc", "rmse") else self._ranked

    def _figure(self, figure: str, mapping: str) -> float | None:
        return agreement.FIGURES[figure](*self._known(mapping)) if self._exists(figure, mapping) else None

    def _sampled(self, figure: str, clusters: Sequence[str]) -> Sampled:
        """What finds a headline figure of samples of all images."""
        mapping = self._mapping_of(figure)
        if not self._exists(figure, mapping):
            return lambda counts: np.full((1, len(counts)), np.nan)
        known = np.flatnonzero(np.isfinite(self._scores[mapping]))
        scores, quality = self._known(mapping)
        own = SAMPLED_FIGURES[figure](scores[None], quality, Clusters.of([clusters[place] for place in known.tolist()]))
        return lambda counts: own(counts[:, known])

    def _exists(self, figure: str, mapping: str) -> bool:
        """Whether a figure after a mapping means anything."""
        return figure != "rmse" or mapping != "none" or self._own_unit

    def _known(self, mapping: str) -> tuple[FloatArray, FloatArray]:
        """Scores and quality of the images that have a score after a mapping."""
        known = np.isfinite(self._scores[mapping])
        return self._scores[mapping][known], self._quality[known]
