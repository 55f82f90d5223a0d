"""The engine: carries out a plan of stages on one image after another.

Stages: PRIs, then for each extractor one forward (and at most one backward) pass of the input and of each PRI, VEIs,
and similarities. One image is the unit of work: every pass has a batch of one, and pairs of VEIs are compared together
only by metrics that then give the same bits. So nothing that runs beside a branch or an image can change its bits. A
component that raises spoils its own branches only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import torch
from torch import Tensor

from ...contracts import Network, canonical
from ...devices import Device
from ...errors import OutOfMemoryError, VeiqaError
from ...extension.registry import Part
from ...images import Image
from ...images.shrinking import picture
from ...isolation.attempts import attempt, or_usage_error
from ...isolation.isolated import isolated
from ...recipes.resolution import ResolvedBranch
from ..memory import SIZES
from ..networks import open_network
from ..runtimes.serving import served
from . import plan as plans
from .comparer import Comparer, similarities
from .comparison import prepare
from .outcome import Outcome, passing
from .passes import Passes, Place, Targets
from .plan import Explanation, Plan, distinct
from .steps import Steps, Watch
from .tiled_image import TiledImage
from .tiling import WHOLE
from .views import with_layer_name

NUMERICAL_VERSION = 1
"""Raised when what is computed here or in ``passes`` changes, so that kept values are computed again."""

Keep = Literal["nothing", "pictures", "all"]

_SMALLER = (
    {"whole": WHOLE // 4, "side": 640},
    {"whole": WHOLE // 16, "side": 320},
    {"whole": WHOLE // 64, "side": 160, "margin": 128},
)
"""How images are cut where the device has too little memory for more."""


class Engine:
    """Opens the components that a set of branches needs and measures images with them.

    Args:
        networks: networks that are already open; those that are opened are added, so that engines can share them.

    Attributes:
        networks: the opened networks by extractor.
        components: the other components of the branches.
        plan: the stages.
        watch: is called with how far the image at hand is; None for nobody.

    Raises:
        UsageError: weights are missing, a layer or class is unknown, or components do not go together.
    """

    def __init__(
        self,
        branches: Iterable[ResolvedBranch],
        device: Device,
        networks: dict[Part, Network] | None = None,
    ) -> None:
        given = tuple(branches)
        self.networks = {} if networks is None else networks
        for part in distinct(branch.extractor for branch in given):
            if part not in self.networks:
                self.networks[part] = open_network(part, device)
        self.watch: Watch | None = None
        parts = distinct(part for b in given for part in (b.pri, b.explainer, b.metric))
        self.components = {part: _create(part) for part in parts}
        named = [with_layer_name(branch, self.networks[branch.extractor]) for branch in given]
        self.plan: Plan = plans.make(
            named,
            {part: network.default_layer for part, network in self.networks.items()},
            served(named, self.networks, device),
        )
        self._compared = {
            step: [item for item in self.plan.comparisons if item.x in step.explanations] for step in self.plan.passes
        }
        self._passes = Passes(self.networks, self.components, device)
        for step in self.plan.passes:
            if step.pri is None:
                self._passes.try_out(step)

    @isolated()
    def measure(self, image: Image, keep: Keep = "all") -> Outcome:
        """All branches on one image; a failing stage leaves its error in the branches that need it.

        An image of more than :data:`.tiling.WHOLE` pixels passes in tiles, unless the network resizes it, and any image
        in smaller ones where the device has too little memory for more. A flag says so.

        Args:
            keep: what of PRIs and VEIs is kept: nothing, what is shown of them, or all of each VEI. Of big images
                nothing is least by far.
        """
        self._passes.damaged = False
        outcome = self._measure(image, self._pieces(image), keep)
        for limits in _SMALLER:
            if not any(isinstance(item.error, OutOfMemoryError) for item in outcome.measurements):
                break
            if math.prod(image.size) <= limits["whole"]:
                continue  # it passes whole, as before
            outcome = self._measure(image, self._pieces(image, **limits), keep)
            outcome = passing(outcome)
        SIZES.add(image.size)
        return passing(outcome) if self._passes.damaged else outcome

    def _pieces(self, image: Image, **limits: int) -> TiledImage:
        return TiledImage(image, self._generate, Steps(len(self.plan.passes), self.watch), **limits)

    def _measure(self, image: Image, tiled: TiledImage, keep: Keep) -> Outcome:
        targets: dict[Place, Targets | VeiqaError] = {}
        inputs: dict[Explanation, Tensor | VeiqaError] = {}
        veis: dict[Explanation, Tensor | VeiqaError] = {}
        width, height = image.size
        comparer = Comparer(self.components, (height, width))
        for step in self.plan.passes:
            made = self._passes.explain(step, tiled, targets)
            if step.pri is None:
                inputs |= made
            remarks = tiled.remarks(self.networks[step.extractor])
            for item in self._compared[step]:
                comparer.add(item, made[item.x], inputs[item.y], remarks)
            comparer.compare(everything=False)
            if keep != "nothing":
                veis |= made if keep == "all" else {vei: _shown(item) for vei, item in made.items()}
        comparer.compare(everything=True)
        measurements = tuple(comparer.measurements[item.key] for item in self.plan.comparisons)
        return Outcome(measurements, {} if keep == "nothing" else tiled.shown(self.plan.pris), veis)

    def compare_maps(self, branch: ResolvedBranch, x: Tensor, y: Tensor) -> float:
        """A branch's metric on two maps ``[1, h, w]``, the PRI's first, which are not scaled.

        Raises:
            ValueError: it is not finite.
        """
        least = branch.metric.traits.get("min_size", 1)
        pair = prepare(x, y, scale="none", size=branch.size, image=(x.shape[-2], x.shape[-1]), min_size=least)
        return similarities(self.components[branch.metric], [pair])[0]

    def _generate(self, part: Part, image: Image) -> Tensor | VeiqaError:
        def work() -> Tensor:
            made: Tensor = self.components[part].generate(image.pixels.clone(), [image.seed])
            pri = made.clone()  # it may be the component's own, to be written into again
            if pri.shape != image.pixels.shape or pri.dtype != torch.float32:
                raise ValueError(f"gave {pri.dtype} {tuple(pri.shape)} for an image of {tuple(image.pixels.shape)}")
            low, high = pri.aminmax()
            if not (low >= 0 and high <= 1):  # nor where either is NaN
                raise ValueError(f"gave values from {float(low)} to {float(high)}; [0, 1] is due")
            return canonical(pri)

        return attempt(part, work)


def _shown(vei: Tensor | VeiqaError) -> Tensor | VeiqaError:
    return vei if isinstance(vei, VeiqaError) else picture(vei)


def _create(part: Part) -> Any:
    """The component.

    Raises:
        UsageError: it cannot be built, whatever the reason.
    """
    return or_usage_error(attempt(part, part.create))
