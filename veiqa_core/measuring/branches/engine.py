"""The engine: carries out a plan of stages on one image after another.

Stages: PRIs, then for each extractor one forward (and at most one backward) pass of the input and of each PRI, VEIs,
and similarities. One image is the unit of work: every pass has a batch of one, so nothing that runs beside an image can
change its bits. A component that raises spoils its own branches only.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs
import torch
from torch import Tensor

from ...contracts import Network, Target, canonical
from ...devices import Device
from ...errors import ComponentError, OutOfMemoryError, VeiqaError
from ...extension.registry import Part
from ...images import Image
from ...images.shrinking import picture
from ...isolation.attempts import attempt, or_usage_error
from ...isolation.isolated import isolated
from ...recipes.recipe import Scale
from ...recipes.resolution import ResolvedBranch
from ..memory import SIZES
from ..networks import open_again, open_network
from ..runtimes.base import TORCH, ImagePass
from ..runtimes.compiled import CompiledNetwork, CompiledPass
from ..runtimes.eager import TorchPass
from ..runtimes.serving import compiled, served
from ..seals import seal_of
from . import plan as plans
from . import views
from .comparison import degenerate, prepare
from .plan import Comparison, Explanation, Pass, Plan, distinct
from .steps import Steps, Watch
from .tiled_image import TiledImage
from .tiling import WHOLE, Mosaic

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""

Targets = Mapping[str | int, Target]
Place = tuple[Part, str, int]
"""A piece of an image, by number, as one network sees it by one runtime."""
Keep = Literal["nothing", "pictures", "all"]

_SMALLER = (
    {"whole": WHOLE // 4, "side": 640},
    {"whole": WHOLE // 16, "side": 320},
    {"whole": WHOLE // 64, "side": 160, "margin": 128},
)
"""How images are cut where the device has too little memory for more."""


@attrs.frozen
class Measurement:
    """The outcome of one branch on one image: a similarity or an error, and remarks on the VEIs.

    Attributes:
        lasting: whether it may be kept; not where only want of memory made it what it is, nor where a component damaged
            a network on the way.
    """

    key: str
    similarity: float | None
    flags: tuple[str, ...] = ()
    error: VeiqaError | None = None
    lasting: bool = True


@attrs.frozen(eq=False)
class Outcome:
    """Everything computed on one image, and what was kept of it. Failed stages hold their error.

    Attributes:
        pris: the PRIs ``[1, 3, H, W]``; of an image that passes in tiles as they are shown.
        veis: the VEIs ``[1, h, w]``, as they are or as they are shown.
    """

    measurements: tuple[Measurement, ...]
    pris: Mapping[Part, Tensor | VeiqaError]
    veis: Mapping[Explanation, Tensor | VeiqaError]


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
        self._device = device
        self._borrowers: set[Part] = set()
        self._damaged = False
        parts = distinct(part for b in given for part in (b.pri, b.explainer, b.metric))
        self.components = {part: _create(part) for part in parts}
        named = [self._with_layer(branch) for branch in given]
        self.plan: Plan = plans.make(
            named,
            {part: network.default_layer for part, network in self.networks.items()},
            served(named, self.networks, device),
        )
        self._compared = {
            step: [item for item in self.plan.comparisons if item.x in step.explanations] for step in self.plan.passes
        }
        for step in self.plan.passes:
            if step.pri is None:
                self._try_out(step)

    @isolated()
    def measure(self, image: Image, keep: Keep = "all") -> Outcome:
        """All branches on one image; a failing stage leaves its error in the branches that need it.

        An image of more than :data:`.tiling.WHOLE` pixels passes in tiles, unless the network resizes it, and any image
        in smaller ones where the device has too little memory for more. A flag says so.

        Args:
            keep: what of PRIs and VEIs is kept: nothing, what is shown of them, or all of each VEI. Of big images
                nothing is least by far.
        """
        self._damaged = False
        outcome = self._measure(image, self._pieces(image), keep)
        for limits in _SMALLER:
            if not any(isinstance(item.error, OutOfMemoryError) for item in outcome.measurements):
                break
            if math.prod(image.size) <= limits["whole"]:
                continue  # it passes whole, as before
            outcome = self._measure(image, self._pieces(image, **limits), keep)
            outcome = _passing(outcome)
        SIZES.add(image.size)
        return _passing(outcome) if self._damaged else outcome

    def _pieces(self, image: Image, **limits: int) -> TiledImage:
        return TiledImage(image, self._generate, Steps(len(self.plan.passes), self.watch), **limits)

    def _measure(self, image: Image, tiled: TiledImage, keep: Keep) -> Outcome:
        targets: dict[Place, Targets | VeiqaError] = {}
        inputs: dict[Explanation, Tensor | VeiqaError] = {}
        veis: dict[Explanation, Tensor | VeiqaError] = {}
        measured: dict[str, Measurement] = {}
        for step in self.plan.passes:
            made = self._explain(step, tiled, targets)
            if step.pri is None:
                inputs |= made
            remarks = tiled.remarks(self.networks[step.extractor])
            for item in self._compared[step]:
                measured[item.key] = self._compare(item, image, made[item.x], inputs[item.y], remarks)
            if keep != "nothing":
                veis |= made if keep == "all" else {vei: _shown(item) for vei, item in made.items()}
        measurements = tuple(measured[item.key] for item in self.plan.comparisons)
        return Outcome(measurements, {} if keep == "nothing" else tiled.shown(self.plan.pris), veis)

    def compare_maps(self, branch: ResolvedBranch, x: Tensor, y: Tensor) -> float:
        """A branch's metric on two maps ``[1, h, w]``, the PRI's first, which are not scaled.

        Raises:
            ValueError: it is not finite.
        """
        return self._similarity(branch, x, y, "none", (x.shape[-2], x.shape[-1]))

    def _with_layer(self, branch: ResolvedBranch) -> ResolvedBranch:
        """The branch with its layer as a name, so that equal work has equal keys."""
        if branch.space == "input":
            return branch
        return attrs.evolve(branch, layer=views.layer_name(self.networks[branch.extractor], branch.layer))

    @isolated()
    def _try_out(self, step: Pass) -> None:
        """Find what cannot work on any image before the first one is read."""
        network = or_usage_error(self._sound(step.extractor))
        flat = torch.full((1, 3, network.min_size, network.min_size), 0.5)
        trial = or_usage_error(attempt(step.extractor, lambda: self._run(network, step, flat)))
        or_usage_error(self._blame(step.extractor, self._damage(step.extractor)))
        for vei in step.explanations:
            trial.choose_target(vei.target)
            check = getattr(self.components[vei.explainer], "check", None)
            if check is not None:
                self._borrowers.add(vei.explainer)
                or_usage_error(attempt(vei.explainer, functools.partial(check, network, vei.layer)))
                or_usage_error(self._blame(step.extractor, self._damage(step.extractor), vei.explainer))

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

    def _explain(
        self, step: Pass, tiled: TiledImage, targets: dict[Place, Targets | VeiqaError]
    ) -> Mapping[Explanation, Tensor | VeiqaError]:
        """The VEIs of one pass, put together where the image passes in tiles."""
        whole = {vei: Mosaic(tiled.size) for vei in step.explanations}
        failed: dict[Explanation, VeiqaError] = {}
        resized = self.networks[step.extractor].resize is not None
        for number, (tile, source) in enumerate(tiled.of(step.pri, together=resized)):
            for vei, made in self._explain_piece(step, source, targets, (step.extractor, step.runtime, number)).items():
                if isinstance(made, VeiqaError):
                    failed[vei] = made
                else:
                    whole[vei].add(tile, made)
            if len(failed) == len(whole):
                break
        return {vei: failed.get(vei) or mosaic.whole() for vei, mosaic in whole.items()}

    def _explain_piece(
        self,
        step: Pass,
        source: Tensor | VeiqaError,
        targets: dict[Place, Targets | VeiqaError],
        place: Place,
    ) -> Mapping[Explanation, Tensor | VeiqaError]:
        """The VEIs of a piece, whose activations are freed on return. Targets are chosen on the input's pass."""
        chosen = targets.get(place)
        if isinstance(chosen, VeiqaError):  # without the input's VEI there is nothing to compare
            return dict.fromkeys(step.explanations, chosen)
        if isinstance(source, VeiqaError):
            return dict.fromkeys(step.explanations, source)
        image_pass = self._pass(step, source)
        if isinstance(image_pass, VeiqaError):
            if step.pri is None:
                targets[place] = image_pass
            return dict.fromkeys(step.explanations, image_pass)
        if chosen is None:
            chosen = targets[place] = _targets(step, image_pass)
        return self._veis(step, source, image_pass, chosen)[0]

    def _veis(
        self,
        step: Pass,
        source: Tensor,
        image_pass: ImagePass | VeiqaError,
        targets: Targets,
        *,
        each: bool = False,
    ) -> tuple[Mapping[Explanation, Tensor | VeiqaError], bool]:
        """What the explainers make of a pass, and whether one damaged the network; it has failed then.

        The network is looked at after each explainer that ever asked for it, and at the end. Where it may have been
        one of several, they are asked again one by one; where none of them does it again, all of them have failed.

        Args:
            each: whether to look after each.
        """
        made: dict[Explanation, Tensor | VeiqaError] = {}
        unseen: list[Explanation] = []
        damaged = False
        for vei in step.explanations:
            if isinstance(image_pass, VeiqaError):
                made[vei] = image_pass
                continue
            view = views.PassView(image_pass, vei.layer, targets[vei.target], vei.uses)
            made[vei] = attempt(vei.explainer, functools.partial(self._vei, image_pass, view, vei))
            unseen.append(vei)
            if view.lent:
                self._borrowers.add(vei.explainer)
            if not (each or vei.explainer in self._borrowers or vei is step.explanations[-1]):
                continue
            damage = self._damage(step.extractor)
            if damage is not None:
                damaged = True
                image_pass = self._pass(step, source)
                itself = self._blame(step.extractor, self._damage(step.extractor))
                error = itself or self._blame(step.extractor, damage, *(vei.explainer for vei in unseen))
                made |= {vei: error for vei in unseen if error is not None}
                if len(unseen) > 1:
                    again, found = self._veis(
                        attrs.evolve(step, explanations=tuple(unseen)), source, image_pass, targets, each=True
                    )
                    made |= again if found else {}
                    image_pass = self._pass(step, source)
            unseen = []
        return made, damaged

    def _damage(self, extractor: Part) -> str | None:
        """What was done to a network since it was opened; None for nothing."""
        return seal_of(self.networks[extractor]).damage()

    def _blame(self, extractor: Part, damage: str | None, *suspects: Part) -> ComponentError | None:
        """Damage to a network as the error of the components that may have done it, or of its own forward pass."""
        if damage is None:
            return None
        if not suspects:
            return ComponentError(f"{extractor.registered.origin}: a forward pass of its network {damage} that network")
        origins = distinct(part.registered.origin for part in suspects)
        one = ": " if len(origins) == 1 else ": one of them "
        return ComponentError(f"{' and '.join(origins)}{one}{damage} the network {self.networks[extractor].name}")

    def _sound(self, extractor: Part) -> Network | VeiqaError:
        """A network as it was opened; opened again where something was done to it."""
        network = self.networks[extractor]
        if self._damage(extractor) is not None:
            self._damaged = True
            try:
                network = self.networks[extractor] = open_again(extractor, network, self._device)
            except VeiqaError as error:
                return error
        return network

    def _pass(self, step: Pass, source: Tensor) -> ImagePass | VeiqaError:
        network = self._sound(step.extractor)
        if isinstance(network, VeiqaError):
            return network
        return attempt(step.extractor, functools.partial(self._run, network, step, source))

    def _run(self, network: Network, step: Pass, images: Tensor) -> ImagePass:
        if step.runtime == TORCH:
            return TorchPass(
                network, images, activations=step.activations, gradients=step.gradients, pixels=step.pixels
            )
        made = compiled(network)
        if not isinstance(made, CompiledNetwork) or made.identity != step.runtime:
            raise ComponentError(f"its network, opened again, is not served as at first: {made}")
        return CompiledPass(network, made, images, step.activations)

    def _vei(self, image_pass: ImagePass, view: views.PassView, vei: Explanation) -> Tensor:
        given: Tensor = self.components[vei.explainer].explain(view)
        made = given.detach().cpu().clone()  # it may be the component's own, to be written into again
        if made.ndim != 3 or len(made) != 1:
            raise ValueError(f"gave a VEI of shape {tuple(made.shape)}; [N, h, w] is due")
        if not torch.isfinite(made).all():
            image_pass.check_finite()
            raise ValueError("gave a VEI that is not finite")
        return canonical(made)

    def _compare(
        self,
        comparison: Comparison,
        image: Image,
        x: Tensor | VeiqaError,
        y: Tensor | VeiqaError,
        remarks: tuple[str, ...],
    ) -> Measurement:
        key, branch = comparison.key, comparison.branch
        if isinstance(y, VeiqaError):
            return Measurement(key, None, error=y)
        if isinstance(x, VeiqaError):
            return Measurement(key, None, error=x)
        sides = (("the input's VEI", y), ("the PRI's VEI", x))
        flags = (*remarks, *(f"{key}: {side} is {problem}" for side, vei in sides if (problem := degenerate(vei))))

        width, height = image.size
        work = functools.partial(self._similarity, branch, x, y, branch.scale, (height, width))
        similarity = attempt(branch.metric, work)
        if isinstance(similarity, VeiqaError):
            return Measurement(key, None, flags, similarity)
        return Measurement(key, similarity, flags)

    def _similarity(self, branch: ResolvedBranch, x: Tensor, y: Tensor, scale: Scale, image: tuple[int, int]) -> float:
        minimum = branch.metric.traits.get("min_size", 1)
        pair = prepare(x, y, scale=scale, size=branch.size, image=image, min_size=minimum)
        value = float(self.components[branch.metric].compare(*pair))
        if not math.isfinite(value):
            raise ValueError(f"gave {value}")
        return value


def _passing(outcome: Outcome) -> Outcome:
    """What is not kept."""
    return attrs.evolve(outcome, measurements=tuple(attrs.evolve(m, lasting=False) for m in outcome.measurements))


def _shown(vei: Tensor | VeiqaError) -> Tensor | VeiqaError:
    return vei if isinstance(vei, VeiqaError) else picture(vei)


def _targets(step: Pass, image_pass: ImagePass) -> Targets:
    return {wanted: image_pass.choose_target(wanted) for wanted in {vei.target for vei in step.explanations}}


def _create(part: Part) -> Any:
    """The component.

    Raises:
        UsageError: it cannot be built, whatever the reason.
    """
    return or_usage_error(attempt(part, part.create))
