"""Where a search measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from ..contracts import Network
from ..devices import Device
from ..extension.registry import Part, Registry
from ..measuring.crews import Crew
from ..measuring.meter import Meter, Quantity
from ..store import Store


@attrs.frozen(eq=False)
class Bench:
    """What all measuring of a search shares.

    Attributes:
        networks: those that are open; others are added.
        store: where values are looked up and kept; None for nowhere.
        hire: who measures what a meter is for.
    """

    registry: Registry
    device: Device
    networks: dict[Part, Network]
    store: Store | None
    hire: Callable[[Meter], Crew]

    def crew(self, quantities: Sequence[Quantity]) -> Crew:
        """Who measures these quantities."""
        return self.hire(Meter(quantities, self.device, self.store, self.networks))
