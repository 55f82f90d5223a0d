"""With what images are measured, and datasets measured with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import UsageError, brief
from ..extension.registry import Registry, installed
from ..store import Store, open_default
from .hearing import Hearing
from .veis import VeiChoice
from .workers import Workers

if TYPE_CHECKING:  # what is heavy is imported once all else is checked
    from ..datasets.rated_set import RatedSet
    from ..devices import Device
    from ..evaluation.measured import MeasuredSet
    from ..measuring.executors.executor import Executor
    from ..measuring.meter import Meter
    from ..measuring.vei_files import VeiFolder
    from ..recipes.resolution import ResolvedSet

Keep = Callable[[], AbstractContextManager[Store | None]]
"""Opens the store, once all else is checked."""


@attrs.frozen(kw_only=True)
class Means:
    """With what images are measured.

    Attributes:
        device: the device, the precision and the runtime by name, as for :meth:`.Device.find`.
    """

    registry: Registry
    device: tuple[Any, Any, str]
    workers: Workers
    keep: Keep
    hearing: Hearing
    veis: VeiChoice = attrs.field(factory=VeiChoice)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Means:
        """From the arguments of a function, by name; not all functions keep VEIs.

        Raises:
            UsageError: one is not what it should be.
        """
        device, precision, runtime = (given[name] for name in ("device", "precision", "runtime"))
        if not isinstance(runtime, str):
            raise UsageError(f"runtime must be a text, not {brief(runtime)}")
        return cls(
            registry=given["registry"] or installed(),
            device=(device, precision, runtime),
            workers=Workers.of(given["workers"], given["threads"], given["dask"]),
            keep=keeping(given["store"]),
            hearing=Hearing.of(given["progress"], given["note"]),
            veis=VeiChoice.of(given.get("keep_vei"), given.get("keep_vei_cap")),
        )

    def found(self) -> Device:
        """The device.

        Raises:
            UsageError: this machine has none such, or it does not go together with the others.
        """
        from ..devices import Device

        return Device.find(*self.device)

    def executor(self, meter: Meter, root: Path, veis: VeiFolder | None) -> Executor:
        """Who measures the images of a folder."""
        return self.workers.executor(meter, root, self.hearing.note, veis)

    def measured(self, sets: Sequence[RatedSet], several: Sequence[ResolvedSet], on: Device) -> list[list[MeasuredSet]]:
        """Every dataset measured with each of several sets of recipes, a list for each of these; those that see images
        alike share every stage.

        Raises:
            UsageError: a recipe cannot run, or no image of a set can be measured.
        """
        with self.veis.opened(self.hearing.warn, *(one.root for one in sets)) as folder, self.keep() as kept:
            return self._measured(sets, several, on, kept, folder)

    def _measured(
        self,
        sets: Sequence[RatedSet],
        several: Sequence[ResolvedSet],
        on: Device,
        kept: Store | None,
        folder: VeiFolder | None,
    ) -> list[list[MeasuredSet]]:
        from ..evaluation.measured import measure_each, quantities_of, seen_alike
        from ..measuring.meter import Meter

        self.workers.set_up()
        measured: list[list[MeasuredSet]] = [[] for _ in several]
        for places in seen_alike(several):
            recipes = [several[place] for place in places]
            meter = Meter(quantities_of(recipes), on, kept)
            for rated in sets:
                with self.executor(meter, rated.root, folder) as executor:
                    track = self.hearing.track(f"measuring {rated.name}", " images")
                    made = measure_each(rated, recipes, executor, track)
                for place, own in zip(places, made, strict=True):
                    measured[place].append(own)
        return measured


def keeping(store: Any) -> Keep:
    """What opens the store that an argument means: a store that is open, a file, True for the one that commands use,
    False or None for none.

    Raises:
        UsageError: it is nothing such.
    """
    if isinstance(store, Store):
        return lambda: nullcontext(store)
    if store is None or store is False:
        return nullcontext
    if store is True:
        return lambda: open_default() or nullcontext(None)
    if isinstance(store, str | Path):
        return lambda: Store(Path(store))
    raise UsageError(f"store must be a Store, a path, True or False, not {brief(store)}")
