"""What recipes were made from, held against what they are tested on: labels and notes for honest figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from ..datasets import likeness
from ..images import display_name, viewed_size
from ..isolation.attempts import attempt
from ..measuring.branches.plan import distinct
from ..measuring.table import Measurements, Rows
from ..recipes.recipe import DEFAULT_PRECISION, Provenance
from ..recipes.resolution import ResolvedRecipe
from ..recipes.view import written_view
from . import splits
from .measured import MeasuredSet
from .splits import Indices, Protocol


def provenance_of(
    dataset: str, table: Measurements, rows: Rows, ends: tuple[float, float], precision: str, runtime: str | None
) -> Provenance:
    """What is recorded of the images that a recipe is fitted to or chosen on.

    Args:
        dataset: names of the datasets that the table's images are of.
        ends: of the range of quality.
        precision: what the networks computed in.
        runtime: what made the passes of the recipe's own branches.
    """
    contents = {table.contents[int(row)] for row in rows}
    return Provenance(
        dataset,
        len(rows),
        ends,
        tuple(sorted(table.seen_ids(rows))),
        precision,
        None if None in contents else len(contents),
        runtime,
    )


def precision_of(versions: Mapping[str, Any]) -> str:
    """What the networks computed in that figures were made with."""
    return str(versions.get("precision", DEFAULT_PRECISION))


def precision_notes(versions: Mapping[str, Any]) -> list[str]:
    """Figures that were made in another precision than usual say so."""
    own = precision_of(versions)
    return [] if own == DEFAULT_PRECISION else [f"computed in {own}: figures are not those of {DEFAULT_PRECISION}"]


def view_notes(table: Measurements) -> list[str]:
    """What is to be known of images that were judged at a smaller size than they have."""
    reduced = [sizes.judged for sizes in table.sizes if sizes is not None and sizes.reduced]
    if not reduced:
        return []
    longest = " or ".join(f"{view}" for view in sorted({max(size) for size in reduced}))
    return [f"{len(reduced)} of {len(table)} images were judged with their longer side reduced to {longest} pixels"]


def content_notes(contents: Sequence[str | None]) -> list[str]:
    """What is to be known of images whose contents are not named: each counts as one of its own in a bootstrap."""
    nameless = sum(content is None for content in contents)
    if not nameless:
        return []
    if nameless == len(contents):
        return ["this dataset names no references: every image counts as a content of its own"]
    return [f"{nameless} images name no reference: each counts as a content of its own"]


def foreign_ranges(used: Mapping[str | None, ResolvedRecipe], measured: MeasuredSet) -> list[tuple[float, float]]:
    """The ranges of quality that mappers were fitted to, where they are not this dataset's."""
    bases = [recipe.fitted for recipe in used.values() if recipe.fitted is not None]
    return [basis.range for basis in bases if basis.range != measured.rated.ratings.quality_range]


@attrs.frozen
class Overlap:
    """How many tested images show what a recipe was made from.

    Attributes:
        images: how many were tested.
        certain: by the identifiers of their contents, or their own pixels.
        named, alike: of the others by a content's name, or by its look, which different contents may share.
        possible: of the others by either.
        by_pixels: whether nothing but pixels is recorded of what some recipe was made from.
    """

    images: int
    certain: int
    named: int
    alike: int
    possible: int
    by_pixels: bool

    @property
    def label(self) -> str:
        """What figures of these images are, as far as that is known."""
        if self.images and self.certain == self.images:
            return "in-sample"
        counts = {"in-sample": self.certain, "perhaps in-sample": self.possible}
        found = [f"{what} for {count} of {self.images} images" for what, count in counts.items() if count]
        return (
            ", ".join(found) or f"held-out as far as {'identical pixels' if self.by_pixels else 'names and looks'} show"
        )

    @property
    def notes(self) -> list[str]:
        """What the label rests on."""
        notes = []
        if self.named:
            notes.append(f"{self.named} images show a content named like one that was fitted on")
        if self.alike:
            notes.append(f"{self.alike} images show a content that looks like one that was fitted on")
        if self.certain < self.images:
            unseen = "copies that were cropped or changed" if self.by_pixels else "crops under other names"
            notes.append(f"contents are known again by {_means(self.by_pixels)} only: {unseen} would not be noticed")
        return notes


def _means(by_pixels: bool) -> str:
    return "identical pixels" if by_pixels else "identical pixels, names, and how their pictures look"


def overlap(measured: MeasuredSet, tested: Indices, known: Mapping[str | None, frozenset[str]]) -> Overlap:
    """How many tested images show what is known, by the key of their recipe, to have been used."""
    table = measured.table
    certain, named, alike = (np.zeros(len(table), dtype=bool) for _ in range(3))
    for key, content_ids in known.items():
        rows = [int(index) for index in tested if measured.keys[index] == key]
        certain[rows] = [not content_ids.isdisjoint(table.content_ids(row)) for row in rows]
        hints = [table.hints[row] for row in rows]
        named[rows], alike[rows] = likeness.named_alike(hints, content_ids), likeness.look_alike(hints, content_ids)
    named, alike = named & ~certain, alike & ~certain
    by_pixels = not all(any(map(likeness.is_hint, content_ids)) for content_ids in known.values())
    return Overlap(
        images=len(tested),
        certain=int(certain.sum()),
        named=int(named.sum()),
        alike=int(alike.sum()),
        possible=int((named | alike).sum()),
        by_pixels=by_pixels,
    )


def _known(bases: Mapping[str | None, Provenance | None]) -> dict[str | None, frozenset[str]]:
    return {key: frozenset() if basis is None else frozenset(basis.seen_ids) for key, basis in bases.items()}


def fit_overlap(measured: MeasuredSet, tested: Indices, protocol: Protocol, own: int) -> Overlap | None:
    """What mappers were fitted on beside the tested images, where they were fitted elsewhere and that is recorded.

    Args:
        own: how many of the first rows are of the dataset that is tested; the others are fitted on as well.
    """
    if not protocol.refits:
        if any(measured.used[measured.keys[index]].fitted is None for index in tested):
            return None
        return overlap(measured, tested, _known({key: recipe.fitted for key, recipe in measured.used.items()}))
    if own == len(measured.table):
        return None
    others = {key: [row for row in measured.rows(key) if row >= own] for key in measured.used}
    return overlap(measured, tested, {key: measured.table.seen_ids(rows) for key, rows in others.items()})


def fit_label(measured: MeasuredSet, tested: Indices, protocol: Protocol, own: int) -> str:
    """Whether mappers are fitted on the contents that they are tested on; ``own`` as for :func:`fit_overlap`."""
    shared = fit_overlap(measured, tested, protocol, own)
    if shared is not None:
        return shared.label
    return "held-out" if protocol.refits else "fitted elsewhere, on contents not recorded"


def notes_on(measured: MeasuredSet, joined: MeasuredSet, calibrated: bool, protocol: Protocol) -> list[str]:
    """What is to be known of the recipes and the protocol.

    Args:
        joined: the images, then those of other datasets that are fitted on.
    """
    table, used = measured.table, joined.used
    notes = content_notes(table.contents)
    everything = np.arange(len(table), dtype=np.intp)
    chosen = overlap(measured, everything, _known({key: recipe.chosen for key, recipe in used.items()}))
    if chosen.certain or chosen.possible:
        counts = {"": chosen.certain, "perhaps ": chosen.possible}
        where = " and ".join(f"{how}on contents of {count}" for how, count in counts.items() if count)
        notes.append(
            f"the branches were chosen {where} of these images, so the figures flatter the recipe; "
            "unbiased ones come from the search that chose them"
        )
    if calibrated and not protocol.refits and foreign_ranges(used, measured):
        low, high = foreign_ranges(used, measured)[0]
        notes.append(f"fitted to scores from {low:g} to {high:g}, not this dataset's: no RMSE, no share in intervals")
    if calibrated and not protocol.refits:
        notes += _foreign_precisions(used, measured) + _foreign_runtimes(used, measured)
        notes += _foreign_views(used, measured)
    shared = fit_overlap(joined, everything, protocol, len(table)) if calibrated else None
    notes += [] if shared is None else shared.notes
    if not calibrated:
        notes += _uncalibrated_notes(used, protocol)
    if protocol.kind == "lodo":
        notes += ["each type was left out of the fits that it is tested with; the recipe's networks may know it"]
        out = sum(kind is None for kind in table.distortions)
        notes += [f"{out} images of no named type are fitted on only"] if out else []
    if protocol.kind == "list":
        out = sum(label not in splits.SIDES for label in table.labels)
        notes += [f"{out} images are on neither side of the list"] if out else []
    return notes + view_notes(table) + precision_notes(measured.versions)


def _foreign_views(used: Mapping[str | None, ResolvedRecipe], measured: MeasuredSet) -> list[str]:
    """Of the recipes that were fitted to images seen larger or smaller than some of these."""
    pairs = set()
    for key, recipe in used.items():
        sizes = [one for row in measured.rows(key) if (one := measured.table.sizes[row]) is not None]
        if any(viewed_size(one.given, recipe.fitted_view) != one.judged for one in sizes):
            pairs.add((str(written_view(recipe.fitted_view)), str(written_view(recipe.view))))
    return [f"fitted with the view {fitted}, evaluated with the view {own}" for fitted, own in sorted(pairs)]


def _foreign_precisions(used: Mapping[str | None, ResolvedRecipe], measured: MeasuredSet) -> list[str]:
    own = precision_of(measured.versions)
    other = {recipe.fitted.precision for recipe in used.values() if recipe.fitted is not None} - {own}
    return [f"fitted in {precision}, evaluated in {own}" for precision in sorted(other)]


def _foreign_runtimes(used: Mapping[str | None, ResolvedRecipe], measured: MeasuredSet) -> list[str]:
    pairs = {(recipe.fitted.runtime, measured.runtimes.get(key)) for key, recipe in used.items() if recipe.fitted}
    differing = sorted((fitted, own) for fitted, own in pairs if fitted and own and fitted != own)
    return [f"fitted by {fitted}, evaluated by {own}" for fitted, own in differing]


def _uncalibrated_notes(used: Mapping[str | None, ResolvedRecipe], protocol: Protocol) -> list[str]:
    notes = []
    unfitted = [str(key) for key, recipe in used.items() if not recipe.state]
    if not protocol.refits and len(unfitted) < len(used):
        notes.append(f"fitted in part only, and reported as if it were not: no fitted mapper for {', '.join(unfitted)}")
    if len(used) > 1:
        notes.append("the types' scores have no common scale: overall, all figures are after logistic5, type by type")
    several = any(recipe.width > 1 for recipe in used.values())
    what = "minus the mean similarity of the branches" if several else "minus the similarity"
    if any(recipe.methods for recipe in used.values()):
        what = "minus the mean of all values, oriented" if several else "the method's value, the way it says is better"
    how = "" if protocol.refits else "; 'veiqa fit' or --split loco fits one"
    return [*notes, f"no mapper is fitted: ranked by {what}; PLCC and RMSE are after the mapping named{how}"]


def method_notes(measured: MeasuredSet, tested: Indices) -> list[str]:
    """What is to be known of methods that were trained on rated images: which of the tested ones they have seen."""
    notes = []
    for method in distinct(part for recipe in measured.used.values() for part in recipe.methods):
        made = attempt(method, method.create)  # which the measuring did as well; its failure was reported there
        seen = frozenset(getattr(made, "seen_ids", ()))
        if not seen:
            continue
        shared = overlap(measured, tested, dict.fromkeys(measured.used, seen))
        counts = {"": shared.certain, "perhaps ": shared.possible}
        where = " and ".join(f"{how}on contents of {count}" for how, count in counts.items() if count)
        if where:
            notes.append(f"{method.registered.label} was trained {where} of {shared.images} images, which flatters it")
        else:
            notes.append(f"{method.registered.label} was trained on other contents, as far as names and looks show")
    return notes


def training_notes(measured: MeasuredSet, trained_on: Sequence[MeasuredSet]) -> list[str]:
    """What is to be known of the other datasets."""
    return [note for other in trained_on for note in _notes_on_other(measured, other)]


def _notes_on_other(measured: MeasuredSet, other: MeasuredSet) -> list[str]:
    rated = other.rated
    where = f"fitted on {rated.name} in {display_name(rated.root)}"
    notes = [f"{where}: {remark}" for remark in rated.remarks]
    if other.skipped or other.failed:
        skipped = sum(other.skipped.values())
        notes.append(f"{where}: {skipped} images skipped, as no recipe is for their type; {len(other.failed)} failed")
    if rated.ratings.quality_range != measured.rated.ratings.quality_range:
        low, high = rated.ratings.quality_range
        notes.append(f"{where}: its scores from {low:g} to {high:g} were brought to this dataset's range")
    return notes
