"""Where a search measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from ..contracts import Network
from ..devices import Device
from ..extension.registry import Part, Registry
from ..measuring.executors.executor import Executor
from ..measuring.meter import Meter
from ..measuring.quantity import Quantity
from ..store import Store


@attrs.frozen(eq=False)
class SearchContext:
    """What all measuring of a search shares.

    Attributes:
        networks: those that are open; others are added.
        store: where values are looked up and kept; None for nowhere.
        make_executor: makes what measures for a meter.
    """

    registry: Registry
    device: Device
    networks: dict[Part, Network]
    store: Store | None
    make_executor: Callable[[Meter], Executor]

    def executor(self, quantities: Sequence[Quantity]) -> Executor:
        """Who measures these quantities."""
        return self.make_executor(Meter(quantities, self.device, self.store, self.networks))
