"""Which runtime makes which passes.

What an explainer asks for decides, and the network and its layer: never what else is measured beside it.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping

import attrs

from ...contracts import Network
from ...devices import Device
from ...errors import OutOfMemoryError, UsageError, is_out_of_memory, one_line
from ...extension.registry import Part
from ...isolation.isolated import isolated
from ...recipes.resolution import ResolvedBranch
from ..seals import seal_of
from .compiled import NAME, CompiledNetwork
from .graphs import compile_network
from .onnx_export import NotServed


@attrs.frozen
class Served:
    """What a runtime other than torch gives of a network.

    Attributes:
        runtime: what decides its bits beside the weights.
        layers: whose maps it gives.
    """

    runtime: str
    layers: frozenset[str]


def asks_activations_only(branch: ResolvedBranch) -> bool:
    """Whether a branch's explainer needs no more than a forward pass gives."""
    return set(branch.explainer.traits["uses"]) <= {"activations"}


def served(branches: Iterable[ResolvedBranch], networks: Mapping[Part, Network], device: Device) -> dict[Part, Served]:
    """What ONNX Runtime gives of the networks of branches, the layers of which are names.

    Raises:
        UsageError: it was named, and cannot give the activations that some branch asks for.
        OutOfMemoryError: there is too little memory to find out.
    """
    found: dict[Part, Served] = {}
    if not device.may_compile:
        return found
    for branch in branches:
        part = branch.extractor
        if not asks_activations_only(branch):
            continue
        network = networks[part]
        made = compiled(network)
        if isinstance(made, CompiledNetwork):
            found[part] = Served(made.identity, made.layers)
        if device.runtime == NAME:
            _check(branch, network, made)
    return found


def compiled(network: Network) -> CompiledNetwork | NotServed:
    """A network as ONNX Runtime carries it out, made when it is first asked for; or why it cannot."""
    found = _FOUND.get(network)
    if found is None:
        found = _FOUND[network] = _compiled(network)
    return found


def remarks(networks: Iterable[Network], device: Device) -> tuple[str, ...]:
    """A line for each network that was to be served by ONNX Runtime and is not."""
    found = [(network, _FOUND.get(network)) for network in networks] if device.may_compile else []
    return tuple(
        f"{network.origin}: torch makes its passes, which takes longer: {why}"
        for network, why in found
        if isinstance(why, NotServed)
    )


@isolated()
def _compiled(network: Network) -> CompiledNetwork | NotServed:
    try:
        made = compile_network(network)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # of a network that cannot be tried out: torch's passes report it where it matters
        if is_out_of_memory(error):  # which decides nothing for later
            raise OutOfMemoryError(
                f"{network.origin}: too little memory to make its graph ready: {one_line(error)}"
            ) from error
        return NotServed(str(error) if isinstance(error, NotServed) else f"it cannot be tried out: {one_line(error)}")
    damage = seal_of(network).damage()
    return made if damage is None else NotServed(f"a forward pass {damage} it")


def _check(branch: ResolvedBranch, network: Network, made: CompiledNetwork | NotServed) -> None:
    if isinstance(made, NotServed):
        raise UsageError(f"runtime {NAME!r} cannot serve {network.origin}: {made}; leave the runtime out, or say torch")
    layer = network.default_layer if branch.layer is None else str(branch.layer)
    if layer not in made.layers:
        raise UsageError(
            f"runtime {NAME!r} gives the maps of listed layers, and {network.origin} does not list {layer!r}; leave "
            "the runtime out, or say torch"
        )


_FOUND: weakref.WeakKeyDictionary[Network, CompiledNetwork | NotServed] = weakref.WeakKeyDictionary()
