"""Datasets measured with recipes, for the commands and benchmarks that compare them with ratings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..results.progress import progress
from .options.workers import WorkerOptions

if TYPE_CHECKING:
    from ..datasets.rated_set import RatedSet
    from ..devices import Device
    from ..evaluation.measured import MeasuredSet
    from ..measuring.vei_files import VeiFolder
    from ..recipes.resolution import ResolvedSet
    from ..store import Store


def measured_sets(
    sets: Sequence[RatedSet],
    recipes: ResolvedSet,
    device: Device,
    store: Store | None,
    options: WorkerOptions,
    veis: VeiFolder | None = None,
) -> list[MeasuredSet]:
    """Every set measured by the executor that the options mean, with one set of networks.

    Args:
        store: where similarities are looked up and kept; None for nowhere.
        veis: where VEIs are kept; None for nowhere.

    Raises:
        UsageError: a recipe cannot run, or no image of a set can be measured.
    """
    (measured,) = measured_by_each(sets, [recipes], device, store, options, veis)
    return measured


def measured_by_each(
    sets: Sequence[RatedSet],
    several: Sequence[ResolvedSet],
    device: Device,
    store: Store | None,
    options: WorkerOptions,
    veis: VeiFolder | None = None,
) -> list[list[MeasuredSet]]:
    """The same for several sets of recipes, a list for each; those that see images alike share every stage.

    Raises:
        UsageError: as for :func:`measured_sets`.
    """
    from ..evaluation.measured import measure_each, quantities_of, seen_alike
    from ..measuring.meter import Meter

    options.set_up()
    measured: list[list[MeasuredSet]] = [[] for _ in several]
    for places in seen_alike(several):
        recipes = [several[place] for place in places]
        meter = Meter(quantities_of(recipes), device, store)
        for rated in sets:
            with options.executor(meter, rated.root, veis) as executor:
                made = measure_each(rated, recipes, executor, progress(f"measuring {rated.name}", " images"))
            for place, own in zip(places, made, strict=True):
                measured[place].append(own)
    return measured
