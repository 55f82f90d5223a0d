"""Passes: an image through a network, and the VEIs that are made of it; what damages a network is found out."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import torch
from torch import Tensor

from ...contracts import ExplainerOfTargets, Network, Target, canonical
from ...devices import Device
from ...errors import ComponentError, VeiqaError
from ...extension.registry import Part
from ...isolation.attempts import attempt, or_usage_error
from ...isolation.isolated import isolated
from ..networks import open_again
from ..runtimes.base import TORCH, ImagePass
from ..runtimes.compiled import CompiledNetwork, CompiledPass
from ..runtimes.eager import TorchPass
from ..runtimes.serving import compiled
from ..seals import seal_of
from .plan import Explanation, Pass, distinct
from .tiled_image import TiledImage
from .tiling import Mosaic
from .views import PassView

Targets = Mapping[str | int, Target]
Place = tuple[Part, str, int]
"""A piece of an image, by number, as one network sees it by one runtime."""


class Passes:
    """Carries out passes, each as a batch of one image, and makes the VEIs that are wanted of it.

    Args:
        networks: the opened networks by extractor; one that was damaged is replaced there.
        explainers: the explainers of the passes.

    Attributes:
        damaged: whether a network had to be opened again since this was last set to False.
    """

    def __init__(self, networks: dict[Part, Network], explainers: Mapping[Part, Any], device: Device) -> None:
        self.damaged = False
        self._networks = networks
        self._explainers = explainers
        self._device = device
        self._borrowers: set[Part] = set()

    @isolated()
    def try_out(self, step: Pass) -> None:
        """Find what cannot work on any image before the first one is read."""
        network = or_usage_error(self._sound(step.extractor))
        flat = torch.full((1, 3, network.min_size, network.min_size), 0.5)
        trial = or_usage_error(attempt(step.extractor, lambda: self._run(network, step, flat)))
        or_usage_error(self._blame(step.extractor, self._damage(step.extractor)))
        for vei in step.explanations:
            trial.choose_target(vei.target)
            check = getattr(self._explainers[vei.explainer], "check", None)
            if check is not None:
                self._borrowers.add(vei.explainer)
                or_usage_error(attempt(vei.explainer, functools.partial(check, network, vei.layer)))
                or_usage_error(self._blame(step.extractor, self._damage(step.extractor), vei.explainer))

    def explain(
        self, step: Pass, tiled: TiledImage, targets: dict[Place, Targets | VeiqaError]
    ) -> Mapping[Explanation, Tensor | VeiqaError]:
        """The VEIs of one pass, put together where the image passes in tiles."""
        whole = {vei: Mosaic(tiled.size) for vei in step.explanations}
        failed: dict[Explanation, VeiqaError] = {}
        resized = self._networks[step.extractor].resize is not None
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
        groups = tuple((vei,) for vei in step.explanations) if each else step.groups
        for group in groups:
            if isinstance(image_pass, VeiqaError):
                made |= dict.fromkeys(group, image_pass)
                continue
            made |= self._group(image_pass, group, targets)
            unseen += group
            borrowed = any(vei.explainer in self._borrowers for vei in group)
            if not (each or borrowed or group is groups[-1]):
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

    def _group(
        self, image_pass: ImagePass, group: tuple[Explanation, ...], targets: Targets
    ) -> Mapping[Explanation, Tensor | VeiqaError]:
        """VEIs that differ in their target alone: at once where the explainer can, one by one where that fails."""
        first = group[0].explainer
        if len(group) > 1 and isinstance(self._explainers[first], ExplainerOfTargets):
            wanted = [targets[vei.target] for vei in group]
            made = attempt(first, functools.partial(self._several, image_pass, group, wanted))
            if not isinstance(made, VeiqaError):
                return dict(zip(group, made, strict=True))
        return {
            vei: attempt(vei.explainer, functools.partial(self._vei, image_pass, vei, targets[vei.target]))
            for vei in group
        }

    def _damage(self, extractor: Part) -> str | None:
        """What was done to a network since it was opened; None for nothing."""
        return seal_of(self._networks[extractor]).damage()

    def _blame(self, extractor: Part, damage: str | None, *suspects: Part) -> ComponentError | None:
        """Damage to a network as the error of the components that may have done it, or of its own forward pass."""
        if damage is None:
            return None
        if not suspects:
            return ComponentError(f"{extractor.registered.origin}: a forward pass of its network {damage} that network")
        origins = distinct(part.registered.origin for part in suspects)
        one = ": " if len(origins) == 1 else ": one of them "
        return ComponentError(f"{' and '.join(origins)}{one}{damage} the network {self._networks[extractor].name}")

    def _sound(self, extractor: Part) -> Network | VeiqaError:
        """A network as it was opened; opened again where something was done to it."""
        network = self._networks[extractor]
        if self._damage(extractor) is not None:
            self.damaged = True
            try:
                network = self._networks[extractor] = open_again(extractor, network, self._device)
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

    def _several(
        self, image_pass: ImagePass, group: tuple[Explanation, ...], targets: Sequence[Target]
    ) -> Sequence[Tensor]:
        with self._view(image_pass, group[0], targets[0]) as view:
            given = self._explainers[group[0].explainer].explain_targets(view, targets)
        if len(given) != len(group):
            raise ValueError(f"gave {len(given)} VEIs for {len(group)} targets")
        return [_checked(image_pass, vei) for vei in given]

    def _vei(self, image_pass: ImagePass, vei: Explanation, target: Target) -> Tensor:
        with self._view(image_pass, vei, target) as view:
            given: Tensor = self._explainers[vei.explainer].explain(view)
        return _checked(image_pass, given)

    @contextmanager
    def _view(self, image_pass: ImagePass, vei: Explanation, target: Target) -> Iterator[PassView]:
        """A view; the explainer that was lent the network by it is kept in mind, also where it fails."""
        view = PassView(image_pass, vei.layer, target, vei.uses)
        try:
            yield view
        finally:
            if view.lent:
                self._borrowers.add(vei.explainer)


def _checked(image_pass: ImagePass, given: Tensor) -> Tensor:
    """A VEI as a component gave it, found to be one, in memory of our own: the component may write into its own."""
    made = given.detach().cpu().clone()
    if made.ndim != 3 or len(made) != 1:
        raise ValueError(f"gave a VEI of shape {tuple(made.shape)}; [N, h, w] is due")
    if not torch.isfinite(made).all():
        image_pass.check_finite()
        raise ValueError("gave a VEI that is not finite")
    return canonical(made)


def _targets(step: Pass, image_pass: ImagePass) -> Targets:
    return {wanted: image_pass.choose_target(wanted) for wanted in {vei.target for vei in step.explanations}}
