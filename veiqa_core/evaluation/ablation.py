"""What each part of a recipe brings: its values left out, and alone, on images that are measured once.

Only mappers are refitted, on the other side of each split. A value of a kind, such as one PRI, is left out with all
branches that have it; alone it is the only value of its kind, and all other kinds stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

import attrs
import numpy as np

from ..contracts import FloatArray
from ..dataframes import data_frame
from ..errors import UsageError, VeiqaError
from ..recipes.resolution import ResolvedBranch, ResolvedRecipe, ResolvedSet
from ..scoring.fitted import FittedMapper
from . import splits
from .agreement import srocc
from .columns import FEWEST_CONTENTS
from .fit import fittable
from .measured import MeasuredSet
from .resampling import Clusters, Counts, drawn, interval
from .sampled import rank_correlations
from .splits import Protocol, Split

Kind = Literal["pri", "layer", "explainer", "metric", "method"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WHOLE = "whole recipe"
COLUMNS = (
    *("name", "kind", "value", "alone", "srocc", "difference", "low", "high"),
    *("values", "passes", "saved", "problem"),
)
"""The columns of rows."""

_SAMPLES = 1000


@attrs.frozen(eq=False)
class Variant:
    """A recipe of which something is left out.

    Attributes:
        kind: of what is left out; None for the whole recipe.
        value: which one, as keys name it.
        alone: whether all but this value of the kind are left out, rather than this one.
        recipe: what is left.
    """

    kind: Kind | None
    value: str
    alone: bool
    recipe: ResolvedRecipe

    @property
    def name(self) -> str:
        """What it is called."""
        if self.kind is None:
            return WHOLE
        return f"{self.kind} {self.value} alone" if self.alone else f"without {self.kind} {self.value}"

    @property
    def passes(self) -> int:
        """Passes an image takes: itself and each PRI through each network that looks at them."""
        inputs = {(branch.extractor, None) for branch in self.recipe.branches}
        return len(inputs | {(branch.extractor, branch.pri) for branch in self.recipe.branches})


@attrs.frozen
class Part:
    """What a variant reaches.

    Attributes:
        srocc: of its scores, over all tested images; None where its mapper could not be fitted.
        difference: that minus the whole recipe's, with its 95 % interval by a paired bootstrap by content.
        values: how many values of an image are mapped.
        passes, saved: passes an image takes, and how many fewer than the whole recipe.
        problem: why there is no figure.
    """

    name: str
    kind: str | None
    value: str
    alone: bool
    srocc: float | None
    difference: float | None
    interval: tuple[float, float] | None
    values: int
    passes: int
    saved: int
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        ends = None if self.interval is None else list(self.interval)
        return {**attrs.asdict(self), "interval": ends}


@attrs.frozen(eq=False)
class Ablation:
    """What the parts of a recipe bring on one dataset; the first is the whole recipe."""

    recipe: str
    measured: MeasuredSet
    protocol: Mapping[str, object]
    parts: tuple[Part, ...]
    contents: int

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why there are no intervals, and no figures of some parts."""
        few = [f"no intervals from fewer than {FEWEST_CONTENTS} contents"] if self.contents < FEWEST_CONTENTS else []
        failed = [f"{part.name}: cannot be refitted: {part.problem}" for part in self.parts if part.problem is not None]
        advice = ["another mapper may take what is left, such as ridge: --set mapper=ridge"] if failed else []
        return (*few, *failed, *advice)

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong with images that could not be measured."""
        return tuple(self.measured.failed.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "recipe": self.recipe,
            "dataset": self.measured.rated.name,
            "n": len(self.measured.table),
            "contents": self.contents,
            "protocol": dict(self.protocol),
            "parts": [part.to_dict() for part in self.parts],
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for each part."""
        for part in self.parts:
            low, high = part.interval or (None, None)
            row = attrs.asdict(part) | {"low": low, "high": high}
            yield {name: row[name] for name in COLUMNS}

    def to_frame(self) -> Any:
        """A row for each part, as a table of pandas or, where that is not installed, of polars.

        Raises:
            UsageError: neither library is installed.
        """
        return data_frame(list(self.rows()), COLUMNS)


def single(recipes: ResolvedSet) -> ResolvedRecipe:
    """The recipe that is taken apart.

    Raises:
        UsageError: there is one for each type, or none that can be refitted.
    """
    recipe = recipes.recipes.get(None)
    if recipe is None:
        raise UsageError(f"recipe set {recipes.name!r} has a recipe for each type: name one recipe")
    fittable(recipe)
    return recipe


def variants(recipe: ResolvedRecipe, kinds: Sequence[Kind] = ()) -> list[Variant]:
    """The whole recipe, then each value of the kinds (default: all) left out and alone, where there are several.

    A single method is left out as well, where there are branches.

    Raises:
        UsageError: a kind that is named has one value only, or none, or nothing can be left out.
    """
    found = [Variant(None, "", False, recipe)]
    for kind in kinds or KINDS:
        own = list(_of_kind(recipe, kind))
        if kinds and not own:
            raise UsageError(
                f"--drop {kind}: recipe {recipe.name!r} has no second {kind}, so none can be left out; name another "
                "kind, or none for all that can be"
            )
        found += own
    if len(found) == 1:
        raise UsageError(f"recipe {recipe.name!r} has one value only: there is nothing to leave out")
    return found


def _of_kind(recipe: ResolvedRecipe, kind: Kind) -> Iterator[Variant]:
    methods = [method.key for method in recipe.methods]
    values = methods if kind == "method" else [_value(branch, kind) for branch in recipe.branches]
    different = list(dict.fromkeys(values))
    for value in different if len(different) > 1 or kind == "method" else ():
        for alone in (False, True):
            if kind == "method":
                kept = tuple(method for method in recipe.methods if (method.key == value) == alone)
                branches = recipe.branches
            else:
                kept = recipe.methods
                branches = tuple(branch for branch in recipe.branches if (_value(branch, kind) == value) == alone)
            less = len(branches) + len(kept) < len(recipe.branches) + len(recipe.methods)
            if less and (branches or kept):
                yield Variant(kind, value, alone, _cut(recipe, branches, kept))


def _cut(recipe: ResolvedRecipe, branches: tuple[ResolvedBranch, ...], methods: tuple[Any, ...]) -> ResolvedRecipe:
    """What is left of a recipe, not fitted."""
    return ResolvedRecipe(recipe.name, branches, recipe.mapper, {}, view=recipe.view, methods=methods)


def _value(branch: ResolvedBranch, kind: str) -> str:
    """What a branch has of a kind; layers of several networks are told apart."""
    if kind == "layer":
        return f"{branch.extractor.key}@{branch.layer}" if branch.layer is not None else branch.extractor.key
    key: str = getattr(branch, kind).key
    return key


def ablate(measured: MeasuredSet, wanted: Sequence[Variant], protocol: Protocol) -> Ablation:
    """Refit every variant, and hold it against the first.

    Args:
        measured: with the whole recipe.
        wanted: as :func:`variants` gives them.
        protocol: one that refits, and tests each image once.

    Raises:
        UsageError: the protocol does neither, or as for :func:`.splits.made`.
    """
    if protocol.kind not in ("loco", "kfold", "list"):
        raise UsageError(
            f"--split {protocol.kind}: parts are refitted, and each image tested once: loco, kfold or list"
        )
    table = measured.table
    made = splits.made(
        protocol,
        labels=table.labels,
        types=table.distortions,
        contents=table.contents,
        content_ids=[table.content_ids(row) for row in range(len(table))],
        names=table.names,
    )
    tested = np.concatenate([split.test for split in made])
    quality = table.quality[tested]
    scores: dict[int, FloatArray] = {}
    problems: dict[int, str] = {}
    for place, variant in enumerate(wanted):
        try:
            scores[place] = _scores(measured, variant.recipe, made)
        except VeiqaError as error:
            problems[place] = str(error)
    if 0 in problems:
        raise UsageError(f"recipe {wanted[0].recipe.name!r} cannot be refitted: {problems[0]}")
    clusters = [table.clusters[row] for row in tested]
    ends = _intervals(scores, quality, clusters, protocol.seed)
    whole = srocc(scores[0], quality)
    most = wanted[0].passes
    parts = []
    for place, variant in enumerate(wanted):
        own = srocc(scores[place], quality) if place in scores else None
        parts.append(
            Part(
                *(variant.name, variant.kind, variant.value, variant.alone, own),
                difference=None if own is None or whole is None or place == 0 else own - whole,
                interval=ends.get(place),
                values=variant.recipe.width,
                passes=variant.passes,
                saved=most - variant.passes,
                problem=problems.get(place),
            )
        )
    return Ablation(measured.recipes.label, measured, protocol.describe(), tuple(parts), len(set(clusters)))


def _scores(measured: MeasuredSet, recipe: ResolvedRecipe, made: Sequence[Split]) -> FloatArray:
    """Scores of the tested images of all splits."""
    part, table = fittable(recipe), measured.table
    own = attrs.evolve(measured, recipes=ResolvedSet(recipe.name, {None: recipe}))
    ends = measured.rated.ratings.quality_range
    found = []
    for split in made:
        contents, types = ([column[row] for row in split.train] for column in (table.contents, table.distortions))
        fitted = FittedMapper.fit(
            part, own.similarities(split.train), table.quality[split.train], contents, types, ends
        )
        found.append(fitted.plain(own.similarities(split.test), finite=True).score)
    return np.concatenate(found)


def _intervals(
    scores: Mapping[int, FloatArray], quality: FloatArray, clusters: Sequence[str], seed: int
) -> dict[int, tuple[float, float] | None]:
    """Of each variant's SROCC minus the first's, all of them in the same samples."""
    if len(set(clusters)) < FEWEST_CONTENTS:
        return {}

    sampled = rank_correlations(np.array(list(scores.values())), quality, Clusters.of(clusters))

    def differences(counts: Counts) -> dict[str, FloatArray]:
        found = dict(zip(scores, sampled(counts), strict=True))
        return {str(place): own - found[0] for place, own in found.items() if place > 0}

    return {int(place): interval(own) for place, own in drawn(differences, clusters, times=_SAMPLES, seed=seed).items()}
