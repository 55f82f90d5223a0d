"""What a set of branches needs of an image: each distinct stage once, as plain data that the engine carries out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import attrs

from ...extension.registry import Part
from ...recipes.resolution import ResolvedBranch, explained
from ..runtimes.base import TORCH
from ..runtimes.serving import Served, asks_activations_only

T = TypeVar("T")


@attrs.frozen(cache_hash=True)
class Explanation:
    """What one VEI is: of which image (None: the input itself), through which network, by which explainer.

    Attributes:
        runtime: what makes its pass, with what decides its bits.
    """

    pri: Part | None
    extractor: Part
    explainer: Part
    layer: str
    runtime: str = TORCH

    @property
    def key(self) -> str:
        """``pri/extractor@layer/explainer``, with ``input`` in place of the PRI for the input's own."""
        layer = self.layer if self.explainer.traits["space"] == "layer" else None
        return explained("input" if self.pri is None else self.pri.key, self.extractor, layer, self.explainer)

    @property
    def target(self) -> str | int:
        """The target that the explainer's parameters ask for; those without the parameter do not look at it."""
        wanted: str | int = getattr(self.explainer.params, "target", "top")
        return wanted

    @property
    def apart_from_target(self) -> tuple[object, ...]:
        """What it has in common with explanations of the same pass that differ in their target alone."""
        others = attrs.asdict(self.explainer.params, filter=lambda field, _: field.name != "target", recurse=False)
        return self.explainer.registered.ref, tuple(others.items()), self.layer

    @property
    def uses(self) -> tuple[str, ...]:
        """What the explainer asks of the view."""
        used: tuple[str, ...] = self.explainer.traits["uses"]
        return used


@attrs.frozen
class Pass:
    """One image through one network: one forward pass, and one backward pass for each target whose gradients are used.

    Attributes:
        pri: the image, None for the input itself.
        runtime: what makes it.
        activations, gradients: layers whose activations or gradients the explainers use.
        pixels: whether they use the gradient with respect to the pixels.
        groups: the explanations, those together that differ in their target alone.
    """

    pri: Part | None
    extractor: Part
    runtime: str
    activations: frozenset[str]
    gradients: frozenset[str]
    pixels: bool
    explanations: tuple[Explanation, ...]
    groups: tuple[tuple[Explanation, ...], ...] = attrs.field(init=False, eq=False)

    @groups.default
    def _by_target(self) -> tuple[tuple[Explanation, ...], ...]:
        found: dict[tuple[object, ...], list[Explanation]] = {}
        for vei in self.explanations:
            found.setdefault(vei.apart_from_target, []).append(vei)
        return tuple(map(tuple, found.values()))

    @property
    def backward(self) -> int:
        """How many backward passes it takes: one for each target of explainers that use gradients."""
        return len({vei.target for vei in self.explanations if {"gradients", "input_gradients"} & set(vei.uses)})


@attrs.frozen
class Comparison:
    """One branch's last step: the VEI of the PRI (x) against that of the input (y)."""

    key: str
    branch: ResolvedBranch
    x: Explanation
    y: Explanation


@attrs.frozen
class Plan:
    """The stages in the order in which they can run; of each extractor the input's pass comes first."""

    pris: tuple[Part, ...]
    passes: tuple[Pass, ...]
    comparisons: tuple[Comparison, ...]


def make(
    branches: Sequence[ResolvedBranch],
    default_layers: Mapping[Part, str],
    served: Mapping[Part, Served] | None = None,
) -> Plan:
    """The plan for branches whose layers are names.

    Args:
        default_layers: each extractor's own.
        served: what a runtime other than torch gives of an extractor's network; None for nothing.
    """
    comparisons = tuple(
        Comparison(
            key=branch.key,
            branch=branch,
            x=_explanation(branch, branch.pri, default_layers, served or {}),
            y=_explanation(branch, None, default_layers, served or {}),
        )
        for branch in branches
    )
    wanted = distinct(vei for comparison in comparisons for vei in (comparison.y, comparison.x))
    images = distinct((vei.extractor, vei.pri, vei.runtime) for vei in wanted)
    passes = [_pass(*image, wanted) for image in images]
    return Plan(
        pris=tuple(distinct(branch.pri for branch in branches)),
        passes=tuple(sorted(passes, key=lambda step: step.pri is not None)),
        comparisons=comparisons,
    )


def distinct(items: Iterable[T]) -> list[T]:
    """The items without repetitions, in order."""
    return list(dict.fromkeys(items))


def _explanation(
    branch: ResolvedBranch, pri: Part | None, default_layers: Mapping[Part, str], served: Mapping[Part, Served]
) -> Explanation:
    layer = default_layers[branch.extractor] if branch.layer is None else str(branch.layer)
    compiled = served.get(branch.extractor)
    serves = compiled is not None and layer in compiled.layers and asks_activations_only(branch)
    runtime = compiled.runtime if compiled is not None and serves else TORCH
    return Explanation(pri, branch.extractor, branch.explainer, layer, runtime)


def _pass(extractor: Part, pri: Part | None, runtime: str, wanted: Iterable[Explanation]) -> Pass:
    explanations = tuple(vei for vei in wanted if (vei.extractor, vei.pri, vei.runtime) == (extractor, pri, runtime))
    uses = [(vei.uses, vei.layer) for vei in explanations]
    return Pass(
        pri=pri,
        extractor=extractor,
        runtime=runtime,
        activations=frozenset(layer for used, layer in uses if "activations" in used),
        gradients=frozenset(layer for used, layer in uses if "gradients" in used),
        pixels=any("input_gradients" in used for used, _ in uses),
        explanations=explanations,
    )
