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
    from ..evaluation.measured import measure
    from ..measuring.meter import Meter
    from ..measuring.quantity import quantities

    options.set_up()
    meter = Meter(quantities(recipes), device, store)
    measured = []
    for rated in sets:
        with options.executor(meter, rated.root, veis) as executor:
            measured.append(measure(rated, recipes, executor, progress(f"measuring {rated.name}", " images")))
    return measured
