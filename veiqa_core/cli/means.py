"""With what a command measures: its options, progress on standard error, and a store that says what a stop leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..functions.hearing import Hearing
from ..functions.means import Means
from ..functions.veis import VeiChoice
from ..results.progress import progress
from .common import resumable
from .options.dataset import StoreOptions, interruption_note
from .options.recipe import DeviceOptions
from .options.workers import WorkerOptions
from .printing import note, say

if TYPE_CHECKING:
    from ..extension.registry import Registry
    from ..store import Store


def hearing() -> Hearing:
    """What a command shows."""
    return Hearing(note, lambda text: say(f"warning: {text}"), progress)


def means(
    registry: Registry,
    store: StoreOptions,
    workers: WorkerOptions,
    device: DeviceOptions,
    veis: VeiChoice | None = None,
) -> Means:
    """With what is measured."""

    @contextmanager
    def keep() -> Iterator[Store | None]:
        with store.opened() as kept, resumable(interruption_note(kept)):
            yield kept

    return Means(
        registry=registry,
        device=(device.device, device.precision, device.runtime),
        workers=workers,
        keep=keep,
        hearing=hearing(),
        veis=veis or VeiChoice(),
    )
