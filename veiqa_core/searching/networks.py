"""The networks of a space, opened once: with their weights or, for planning, untrained where these are missing."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ..api import parameters as params
from ..contracts import Network
from ..devices import Device
from ..errors import UsageError, WeightsError
from ..extension.registry import Part
from ..measuring.networks import open_network

_UNTRAINED = "random:0"


def opened(parts: Iterable[Part], device: Device) -> dict[Part, Network]:
    """Networks with their weights.

    Raises:
        UsageError: weights are missing, of every network that lacks them, a line in all.
    """
    networks, missing = for_planning(parts, device)
    if missing:
        raise WeightsError("; ".join(f"{name}: {why}" for name, why in missing.items()))
    return networks


def for_planning(parts: Iterable[Part], device: Device) -> tuple[dict[Part, Network], dict[str, str]]:
    """Networks, untrained where weights are missing, and for these what is missing.

    Raises:
        UsageError: a network cannot be opened at all.
    """
    networks: dict[Part, Network] = {}
    missing: dict[str, str] = {}
    for part in parts:
        try:
            networks[part] = open_network(part, device)
        except WeightsError as error:
            missing[part.key] = str(error)
            networks[part] = open_network(_untrained(part, error), device)
    return networks, missing


def _untrained(part: Part, error: WeightsError) -> Part:
    """The same network with random weights, which has the same layers."""
    if all(info.name != "weights" for info in params.describe(part.registered.component.params)):
        raise error
    try:
        return attrs.evolve(part, params=attrs.evolve(part.params, weights=_UNTRAINED))
    except (ValueError, UsageError):
        raise error from None
