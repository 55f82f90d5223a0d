"""With what images are measured, and datasets measured with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import attrs

from ..errors import UsageError, brief
from ..extension.registry import Registry
from ..store import Store, open_default
from .arguments import Arg
from .given import Place, path_of, registry_of, text_of
from .hearing import Hearing, HearingArguments
from .veis import VeiChoice
from .workers import WorkerArguments, Workers

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


class StoreArguments(TypedDict, total=False):
    """Where similarities are kept."""

    store: Annotated[
        Store | Place | bool | None,
        Arg(
            True,
            "where similarities are kept: True for the store of the commands, False for none, a file, or a "
            ":class:`veiqa_core.store.Store`",
        ),
    ]


class RegistryArguments(TypedDict, total=False):
    """The components."""

    registry: Annotated[Registry | None, Arg(None, "the components; default: everything installed")]


class DeviceArguments(TypedDict, total=False):
    """Where networks compute, in what precision, and by what."""

    device: Annotated[str, Arg("auto", "``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``")]
    precision: Annotated[str, Arg("float32", "what networks compute in: ``float32`` or ``bfloat16``")]
    runtime: Annotated[str, Arg("auto", "what makes forward passes: ``auto``, ``torch`` or ``onnxruntime``")]


class MeansArguments(
    StoreArguments, WorkerArguments, DeviceArguments, RegistryArguments, HearingArguments, total=False
):
    """With what images are measured."""


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
    def of(cls, given: MeansArguments, veis: VeiChoice | None = None) -> Means:
        """From arguments of a function.

        Args:
            veis: of a function that keeps VEIs.

        Raises:
            UsageError: one is not what it should be.
        """
        return cls(
            registry=registry_of(given["registry"]),
            device=(given["device"], given["precision"], text_of("runtime", given["runtime"])),
            workers=Workers.chosen(given),
            keep=keeping(given["store"]),
            hearing=Hearing.of(given),
            veis=veis or VeiChoice(),
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
    if isinstance(store, str | os.PathLike):
        file = path_of("store", store)
        return lambda: Store(file)
    raise UsageError(f"store must be a Store, a path, True or False, not {brief(store)}")
