"""The staged engine: for a set of branches, each distinct stage runs once an image.

Stages: PRIs, then for each extractor one forward (and at most one backward) pass of the input and of each PRI, VEIs,
and similarities. One image is the unit of work: every pass has a batch of one, so nothing that runs beside an image can
change its bits. A component that raises spoils its own branches only.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import attrs
import torch
from torch import Tensor

from . import views
from .comparison import degenerate, prepare
from .contracts import FeatureExtractor, Network, Target
from .errors import ComponentError, UsageError, VeiqaError, one_line
from .images import Image
from .recipe import ResolvedBranch
from .registry import Part

T = TypeVar("T")


@attrs.frozen
class Explanation:
    """What one VEI is: of which image (None: the input itself), through which network, by which explainer."""

    pri: Part | None
    extractor: Part
    explainer: Part
    layer: str


@attrs.frozen
class Measurement:
    """The outcome of one branch on one image: a similarity or an error, and remarks on the VEIs."""

    key: str
    similarity: float | None
    flags: tuple[str, ...] = ()
    error: VeiqaError | None = None


@attrs.frozen(eq=False)
class Outcome:
    """Everything computed on one image. Failed stages hold their error."""

    measurements: tuple[Measurement, ...]
    pris: Mapping[Part, Tensor | VeiqaError]
    veis: Mapping[Explanation, Tensor | VeiqaError]


class Engine:
    """Opens the components that a set of branches needs and measures images with them.

    Raises:
        UsageError: weights are missing, a layer or class is unknown, or components do not go together.
    """

    def __init__(self, branches: Iterable[ResolvedBranch], device: torch.device) -> None:
        self.device = device
        given = tuple(branches)
        self._networks = {part: _open(part, device) for part in _distinct(branch.extractor for branch in given)}
        parts = _distinct(part for b in given for part in (b.pri, b.explainer, b.metric))
        self._components = {part: _create(part) for part in parts}
        self.branches = tuple(self._with_layer(branch) for branch in given)
        for extractor, network in self._networks.items():
            self._try_out(network, [branch for branch in self.branches if branch.extractor == extractor])

    @property
    def networks(self) -> Mapping[Part, Network]:
        """The opened networks by extractor."""
        return self._networks

    def measure(self, image: Image) -> Outcome:
        """All branches on one image; a failing stage leaves its error in the branches that need it."""
        pris = {part: self._generate(part, image) for part in _distinct(branch.pri for branch in self.branches)}
        veis: dict[Explanation, Tensor | VeiqaError] = {}
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            for extractor in self._networks:
                veis.update(self._explain_all(extractor, image, pris))
            measurements = tuple(self._compare(branch, image, veis) for branch in self.branches)
        return Outcome(measurements, pris, veis)

    def explanation(self, branch: ResolvedBranch, pri: Part | None) -> Explanation:
        """Which VEI a branch compares: the PRI's, or the input's where ``pri`` is None."""
        layer = branch.layer if isinstance(branch.layer, str) else self._networks[branch.extractor].default_layer
        return Explanation(pri, branch.extractor, branch.explainer, layer)

    def _with_layer(self, branch: ResolvedBranch) -> ResolvedBranch:
        """The branch with its layer as a name, so that equal work has equal keys."""
        if branch.space == "input":
            return branch
        return attrs.evolve(branch, layer=views.layer_name(self._networks[branch.extractor], branch.layer))

    def _try_out(self, network: Network, branches: Sequence[ResolvedBranch]) -> None:
        """Find what cannot work on any image before the first one is read."""
        side = network.min_size
        trial = self._pass(network, torch.full((1, 3, side, side), 0.5), branches)
        for branch in branches:
            trial.choose_target(_wanted_target(branch.explainer))
            check = getattr(self._components[branch.explainer], "check", None)
            if check is not None:
                check(network, self.explanation(branch, None).layer)

    def _generate(self, part: Part, image: Image) -> Tensor | VeiqaError:
        def work() -> Tensor:
            pri: Tensor = self._components[part].generate(image.pixels, [image.seed])
            if pri.shape != image.pixels.shape or pri.dtype != torch.float32:
                raise ValueError(f"gave {pri.dtype} {tuple(pri.shape)} for an image of {tuple(image.pixels.shape)}")
            return pri

        return _attempt(part, work)

    def _explain_all(
        self, extractor: Part, image: Image, pris: Mapping[Part, Tensor | VeiqaError]
    ) -> dict[Explanation, Tensor | VeiqaError]:
        """The VEIs of the input and its PRIs through one network; targets are chosen on the input."""
        branches = [branch for branch in self.branches if branch.extractor == extractor]
        veis: dict[Explanation, Tensor | VeiqaError] = {}
        targets: dict[str | int, Target] = {}
        sources: list[tuple[Part | None, Tensor | VeiqaError]] = [(None, image.pixels)]
        sources += [(pri, pris[pri]) for pri in _distinct(branch.pri for branch in branches)]
        for pri, images in sources:
            concerned = [branch for branch in branches if pri is None or branch.pri == pri]
            veis.update(self._explain(extractor, images, pri, concerned, targets))
        return veis

    def _explain(
        self,
        extractor: Part,
        images: Tensor | VeiqaError,
        pri: Part | None,
        branches: Sequence[ResolvedBranch],
        targets: dict[str | int, Target],
    ) -> dict[Explanation, Tensor | VeiqaError]:
        """The VEIs of one image through one network: one pass, freed on return."""
        network = self._networks[extractor]
        image_pass: views.ImagePass | VeiqaError
        if isinstance(images, VeiqaError):
            image_pass = images
        else:
            image_pass = _attempt(extractor, lambda: self._pass(network, images, branches))
        veis: dict[Explanation, Tensor | VeiqaError] = {}
        for explanation in _distinct(self.explanation(branch, pri) for branch in branches):
            if isinstance(image_pass, VeiqaError):
                veis[explanation] = image_pass
                continue
            wanted = _wanted_target(explanation.explainer)
            if wanted not in targets:
                targets[wanted] = image_pass.choose_target(wanted)
            uses = explanation.explainer.traits["uses"]
            view = views.PassView(image_pass, explanation.layer, targets[wanted], uses)
            veis[explanation] = _attempt(explanation.explainer, functools.partial(self._vei, explanation, view))
        return veis

    def _pass(self, network: Network, images: Tensor, branches: Sequence[ResolvedBranch]) -> views.ImagePass:
        """A pass that keeps what the explainers of these branches declare to use."""
        uses = [(set(branch.explainer.traits["uses"]), self.explanation(branch, None).layer) for branch in branches]
        return views.ImagePass(
            network,
            images,
            activations={layer for used, layer in uses if "activations" in used},
            gradients={layer for used, layer in uses if "gradients" in used},
            pixels=any("input_gradients" in used for used, _ in uses),
        )

    def _vei(self, explanation: Explanation, view: views.PassView) -> Tensor:
        vei: Tensor = self._components[explanation.explainer].explain(view).detach()
        if vei.ndim != 3 or len(vei) != 1:
            raise ValueError(f"gave a VEI of shape {tuple(vei.shape)}; [N, h, w] is due")
        if not torch.isfinite(vei).all():
            raise ValueError("gave a VEI that is not finite")
        return vei

    def _compare(
        self, branch: ResolvedBranch, image: Image, veis: Mapping[Explanation, Tensor | VeiqaError]
    ) -> Measurement:
        x, y = veis[self.explanation(branch, branch.pri)], veis[self.explanation(branch, None)]
        for vei in (y, x):
            if isinstance(vei, VeiqaError):
                return Measurement(branch.key, None, error=vei)
        assert isinstance(x, Tensor)
        assert isinstance(y, Tensor)
        sides = (("the input's VEI", y), ("the PRI's VEI", x))
        flags = tuple(f"{branch.key}: {side} is {problem}" for side, vei in sides if (problem := degenerate(vei)))

        def work() -> float:
            width, height = image.size
            minimum = branch.metric.traits.get("min_size", 1)
            pair = prepare(x, y, scale=branch.scale, size=branch.size, image=(height, width), min_size=minimum)
            value = float(self._components[branch.metric].compare(*pair))
            if value != value or value in (float("inf"), float("-inf")):
                raise ValueError(f"gave {value}")
            return value

        similarity = _attempt(branch.metric, work)
        if isinstance(similarity, VeiqaError):
            return Measurement(branch.key, None, flags, similarity)
        return Measurement(branch.key, similarity, flags)


def find_device(name: str) -> torch.device:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``mps`` means here.

    Raises:
        UsageError: this machine has no such device.
    """
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if present[kind]))
    if not present.get(name, False):
        here = ", ".join(kind for kind in present if present[kind])
        raise UsageError(f"device {name!r} is not there; this machine has: {here}")
    return torch.device(name)


def _wanted_target(explainer: Part) -> str | int:
    """The target that an explainer's parameters ask for; those without the parameter do not look at it."""
    wanted: str | int = getattr(explainer.params, "target", "top")
    return wanted


def _distinct(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))


def _strict() -> bool:
    return os.environ.get("VEIQA_STRICT") == "1"


def _create(part: Part) -> Any:
    """The component.

    Raises:
        UsageError: it cannot be built, whatever the reason.
    """
    return _or_usage_error(_attempt(part, part.create))


def _open(part: Part, device: torch.device) -> Network:
    extractor: FeatureExtractor = _create(part)
    return _or_usage_error(_attempt(part, lambda: extractor.open(device)))


def _or_usage_error(result: T | VeiqaError) -> T:
    if isinstance(result, VeiqaError):
        raise result if isinstance(result, UsageError) else UsageError(str(result)) from result
    return result


def _attempt(part: Part, work: Callable[[], T]) -> T | VeiqaError:
    """The result of a component's work, or its error with the component named."""
    try:
        return work()
    except ComponentError as error:
        return ComponentError(f"{part.registered.origin}: {error}")
    except VeiqaError as error:
        return error
    except Exception as error:
        if _strict():
            raise
        return ComponentError(f"{part.registered.origin} failed: {one_line(error)}")
