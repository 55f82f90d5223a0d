"""Several competitors on the same images and splits, and which of them can be told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from ..dataframes import data_frame
from ..errors import UsageError, near_miss
from ..extension.registry import Registry
from . import rows
from .agreement import FIGURES
from .columns import FEWEST_CONTENTS
from .differences import Pair, over_samples, over_splits
from .evaluate import Evaluation, evaluate
from .ladder import Ladder
from .measured import MeasuredSet
from .resampling import Track, untracked
from .splits import Protocol


@attrs.frozen(eq=False)
class Comparison:
    """Competitors on one dataset.

    Attributes:
        evaluations: by the competitor's name, all over the same images.
        pairs: every two of them; none where there is one.
        notes: on the comparison; those on a competitor are its evaluation's.
    """

    evaluations: Mapping[str, Evaluation]
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]

    @property
    def first(self) -> Evaluation:
        """Of the first competitor, whose dataset and protocol are those of all."""
        return next(iter(self.evaluations.values()))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "competitors": {name: own.to_dict() for name, own in self.evaluations.items()},
            "pairs": [pair.to_dict() for pair in self.pairs],
            "notes": list(self.notes),
        }


@attrs.frozen(eq=False)
class Study:
    """Competitors on one or several datasets.

    Attributes:
        problems: what went wrong with images that could not be measured, those that were fitted on among them.
        ladders: of each competitor that has some, by its name.
    """

    datasets: tuple[Comparison, ...]
    problems: tuple[str, ...] = ()
    ladders: Mapping[str, Sequence[Ladder]] = attrs.field(factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the competitors."""
        return tuple(self.datasets[0].evaluations)

    @property
    def single(self) -> Evaluation | None:
        """The one evaluation, where there is one competitor and one dataset."""
        return self.datasets[0].first if len(self.datasets) == len(self.names) == 1 else None

    def means(self) -> dict[str, dict[str, float | None]]:
        """Of each competitor the mean of its correlations over the datasets, weighted by their numbers of images.

        As the field does since Wang and Li, IEEE Trans. Image Processing 20(5), 2011. Errors have other units in other
        datasets, so there is no mean of those.
        """
        return {
            name: {figure: self._mean(name, figure) for figure in FIGURES if figure != "rmse"} for name in self.names
        }

    def _mean(self, name: str, figure: str) -> float | None:
        own = [one.evaluations[name].overall for one in self.datasets]
        values = [each.values[figure] for each in own]
        if any(value is None for value in values):
            return None
        return float(np.average([value for value in values if value is not None], weights=[each.count for each in own]))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON, as ``veiqa evaluate --format json`` writes it.

        Of one competitor on one dataset it is the evaluation's; of more there is a list ``datasets``.
        """
        if self.single is not None:
            return self.single.to_dict()
        means = {"mean_weighted_by_images": self.means()} if len(self.datasets) > 1 else {}
        return {"datasets": [one.to_dict() for one in self.datasets], **means}

    def to_frame(self, what: str = "figures") -> Any:
        """A table of pandas or, where that is not installed, of polars.

        Args:
            what: ``figures``: a row for each dataset, competitor and type, and for all types; ``differences``: for
                each two competitors; ``predictions``: for each tested image.

        Raises:
            UsageError: there is no such table, or neither library is installed.
        """
        makers = {"figures": rows.figures, "differences": rows.differences, "predictions": rows.predictions}
        if what not in makers:
            raise UsageError(f"to_frame: {near_miss('table', what, makers)}")
        return data_frame(list(makers[what](self)))


def compare(
    measured: Mapping[str, MeasuredSet],
    protocol: Protocol,
    registry: Registry,
    *,
    trained_on: Mapping[str, Sequence[MeasuredSet]] | None = None,
    novelty: bool = False,
    track: Callable[[str, str], Track] = lambda label, unit: untracked,
) -> Comparison:
    """Evaluate competitors on the same images of a dataset, and look at every two of them.

    Args:
        measured: one dataset as each competitor measured it, by the competitor's name.
        trained_on, novelty: as for :func:`.evaluate.evaluate`, the former by the competitor's name.
        track: makes what shows progress from what is done and what the items are.

    Raises:
        UsageError: no image was measured by all of them, or as for :func:`.evaluate.evaluate`.
    """
    shared, left_out = _shared(measured)
    dataset = next(iter(shared.values())).rated.name
    evaluations = {
        name: evaluate(
            own, protocol, registry, trained_on=() if trained_on is None else trained_on[name], novelty=novelty
        )
        for name, own in track(f"evaluating {dataset}", " competitors")(shared.items(), len(shared))
    }
    notes = [f"{left_out} images are left out, which not every competitor could score"] if left_out else []
    if protocol.pooled:
        shown = track(f"comparing on {dataset}", " samples")
        pairs, few = over_samples(evaluations, protocol.seed, shown), _few(evaluations)
        notes += [f"no intervals and p values of differences from fewer than {FEWEST_CONTENTS} contents"] * few
    else:
        pairs = over_splits(evaluations)
        notes += [f"--split {protocol.kind}: differences are medians over the splits, with quartiles; no test"]
    return Comparison(evaluations, pairs, tuple(notes) if len(evaluations) > 1 else ())


def _shared(measured: Mapping[str, MeasuredSet]) -> tuple[dict[str, MeasuredSet], int]:
    """What every competitor measured, and how many images some did not."""
    everything = [set(own.table.names) for own in measured.values()]
    common = set.intersection(*everything)
    if not common:
        raise UsageError(f"no image was scored by all competitors: {', '.join(measured)}")
    left_out = len(set.union(*everything) - common)
    if not left_out:
        return dict(measured), 0
    kept = {}
    for name, own in measured.items():
        rows = [row for row, image in enumerate(own.table.names) if image in common]
        kept[name] = attrs.evolve(own, table=own.table.select(rows))
    return kept, left_out


def _few(evaluations: Mapping[str, Evaluation]) -> bool:
    return any(own.overall.contents < FEWEST_CONTENTS for own in evaluations.values())
