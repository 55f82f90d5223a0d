"""What a search will cost, counted before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from ..contracts import Network
from ..devices import Device
from ..extension.registry import Part
from ..measuring.branches import plan as plans
from ..measuring.branches.plan import Plan
from ..measuring.runtimes.serving import Served
from .candidates import Candidate, branches_of, quantities_of

BYTES_A_VALUE = 30
"""What a value takes in the store on disk, with its share of the indexes (see docs/store.md)."""


@attrs.frozen
class Census:
    """Counts of a search: its candidates, and for one image its distinct stages.

    Attributes:
        forward, backward: passes through networks.
        sweeps: for each explainer that runs the network by itself, how many maps it makes; each takes as many passes as
            the explainer's parameters say.
        values: that are measured of an image.
        images: how many images are measured at most.
        missing: for each network whose weights are not there, how to get them.
    """

    candidates: int
    values: int
    pris: int
    forward: int
    backward: int
    sweeps: Mapping[str, int]
    veis: int
    comparisons: int
    images: int
    missing: Mapping[str, str]
    methods: int = 0

    @property
    def disk(self) -> int:
        """How many bytes the store takes for all values."""
        return self.values * self.images * BYTES_A_VALUE

    def lines(self) -> list[str]:
        """The counts, a line each."""
        each = [
            ("PRIs", self.pris),
            ("forward passes", self.forward),
            ("backward passes", self.backward),
            *((f"{name} sweeps", count) for name, count in self.sweeps.items()),
            ("VEIs", self.veis),
            ("comparisons of VEIs", self.comparisons),
            *([("methods", self.methods)] if self.methods else []),
        ]
        width = max(len(what) for what, _ in each)
        return [
            f"{self.candidates} combinations, {self.images} images; stages, each run once:",
            f"  {'':<{width}}  {'an image':>10}  {'in all':>12}",
            *(f"  {what:<{width}}  {count:>10}  {count * self.images:>12}" for what, count in each),
            f"  {self.disk / 1e6:.1f} MB in the store",
            *(f"missing weights: {name}: {why}" for name, why in self.missing.items()),
        ]


def count(
    candidates: Sequence[Candidate],
    networks: Mapping[Part, Network],
    images: int,
    missing: Mapping[str, str],
    device: Device,
) -> Census:
    """Count the stages of candidates on a number of images, every network being one that a compiled runtime serves."""
    defaults = {part: network.default_layer for part, network in networks.items()}
    served = {part: Served("compiled", frozenset(network.layers)) for part, network in networks.items()}
    plan = plans.make(branches_of(candidates), defaults, served if device.may_compile else {})
    return Census(
        candidates=len(candidates),
        values=len(quantities_of(candidates)),
        pris=len(plan.pris),
        forward=len(plan.passes),
        backward=sum(step.backward for step in plan.passes),
        sweeps=_sweeps(plan),
        veis=sum(len(step.explanations) for step in plan.passes),
        comparisons=len(plan.comparisons),
        images=images,
        missing=missing,
        methods=sum(candidate.branch is None for candidate in candidates),
    )


def _sweeps(plan: Plan) -> Mapping[str, int]:
    """Maps of explainers that call the network themselves."""
    return Counter(vei.explainer.key for step in plan.passes for vei in step.explanations if "forward" in vei.uses)
