"""What recipes were made from, held against what they are tested on: labels and notes for honest figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..images import display_name
from ..recipe import DEFAULT_PRECISION, Basis
from ..resolution import ResolvedRecipe
from . import splits
from .measured import MeasuredSet, Table
from .splits import Indices, Protocol

Used = Mapping[str | None, ResolvedRecipe]
"""The recipes that some image is measured with, by key."""


def precision_of(versions: Mapping[str, Any]) -> str:
    """What the networks computed in that figures were made with."""
    return str(versions.get("precision", DEFAULT_PRECISION))


def precision_notes(versions: Mapping[str, Any]) -> list[str]:
    """Figures that were made in another precision than usual say so."""
    own = precision_of(versions)
    return [] if own == DEFAULT_PRECISION else [f"computed in {own}: figures are not those of {DEFAULT_PRECISION}"]


def content_notes(contents: Sequence[str | None]) -> list[str]:
    """What is to be known of images whose contents are not named: each counts as one of its own in a bootstrap."""
    nameless = sum(content is None for content in contents)
    if not nameless:
        return []
    if nameless == len(contents):
        return ["this dataset names no references: every image counts as a content of its own"]
    return [f"{nameless} images name no reference: each counts as a content of its own"]


_KNOWN_AGAIN = "scenes are known again by identical pixels only"


def foreign_ranges(used: Used, measured: MeasuredSet) -> list[tuple[float, float]]:
    """The ranges of quality that mappers were fitted to, where they are not this dataset's."""
    bases = [recipe.fitted for recipe in used.values() if recipe.fitted is not None]
    return [basis.range for basis in bases if basis.range != measured.rated.ratings.quality_range]


def fit_label(used: Used, table: Table, tested: Indices, protocol: Protocol) -> str:
    """Whether the recipes' own mappers were fitted on the contents that they are tested on."""
    if protocol.refits:
        return "held-out"
    if any(used[table.keys[index]].fitted is None for index in tested):
        return "fitted elsewhere, on contents not recorded"
    shared = _shared(table, tested, {key: recipe.fitted for key, recipe in used.items()})
    if shared == 0:
        return "held-out"
    return "in-sample" if shared == len(tested) else f"in-sample for {shared} of {len(tested)} images"


def _shared(table: Table, tested: Indices, bases: Mapping[str | None, Basis | None]) -> int:
    """How many images, or their contents, their own recipe was made from."""
    known = {key: set() if basis is None else set(basis.known) for key, basis in bases.items()}
    return sum(bool(table.marks(index) & known[table.keys[index]]) for index in tested)


def notes_on(used: Used, measured: MeasuredSet, calibrated: bool, protocol: Protocol) -> list[str]:
    """What is to be known of the recipes and the protocol."""
    table = measured.table
    notes = content_notes(table.contents)
    everything = np.arange(len(table), dtype=np.intp)
    shared = _shared(table, everything, {key: recipe.chosen for key, recipe in used.items()})
    if shared:
        notes.append(
            f"the branches were chosen on contents of {shared} of these images, so the figures flatter the recipe; "
            "unbiased ones come from the search that chose them"
        )
    if calibrated and not protocol.refits and foreign_ranges(used, measured):
        low, high = foreign_ranges(used, measured)[0]
        notes.append(f"fitted to scores from {low:g} to {high:g}, not this dataset's: no RMSE, no share in intervals")
    if calibrated and not protocol.refits:
        notes += _foreign_precisions(used, measured)
        if fit_label(used, table, everything, protocol).startswith(("held-out", "in-sample for")):
            notes.append(f"held-out: {_KNOWN_AGAIN}, so crops or copies of what was fitted on would not be noticed")
    if not calibrated:
        notes += _uncalibrated_notes(used, protocol)
    if protocol.kind == "list":
        out = sum(label not in splits.SIDES for label in table.labels)
        notes += [f"{out} images are on neither side of the list"] if out else []
    return notes + precision_notes(measured.versions)


def _foreign_precisions(used: Used, measured: MeasuredSet) -> list[str]:
    own = precision_of(measured.versions)
    other = {recipe.fitted.precision for recipe in used.values() if recipe.fitted is not None} - {own}
    return [f"fitted in {precision}, evaluated in {own}" for precision in sorted(other)]


def _uncalibrated_notes(used: Used, protocol: Protocol) -> list[str]:
    notes = []
    unfitted = [str(key) for key, recipe in used.items() if not recipe.state]
    if not protocol.refits and len(unfitted) < len(used):
        notes.append(f"fitted in part only, and told as if it were not: no fitted mapper for {', '.join(unfitted)}")
    if len(used) > 1:
        notes.append("the types' scores have no common scale: overall, all figures are after logistic5, type by type")
    several = any(len(recipe.branches) > 1 for recipe in used.values())
    what = "minus the mean similarity of the branches" if several else "minus the similarity"
    how = "" if protocol.refits else "; 'veiqa fit' or --split loco fits one"
    return [*notes, f"no mapper is fitted: ranked by {what}; PLCC and RMSE are after the mapping named{how}"]


def training_notes(measured: MeasuredSet, trained_on: Sequence[MeasuredSet]) -> list[str]:
    """What is to be known of the other datasets."""
    notes = [note for other in trained_on for note in _notes_on_other(measured, other)]
    if trained_on:
        notes.append(f"{_KNOWN_AGAIN}: the same photograph in another crop is not")
    return notes


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
