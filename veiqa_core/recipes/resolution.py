"""Recipes checked against the installed components: what the engine runs, and a digest of all that decides a score."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from ..api.parameters import changed
from ..errors import RecipeError
from ..extension.registry import Part, Registry
from .recipe import BRANCH_KINDS, Branch, Choice, Layer, Provenance, Recipe, RecipeSet, Scale, Size
from .view import View


@attrs.frozen(kw_only=True)
class ResolvedBranch:
    """A branch whose components are found and whose parameters are checked."""

    pri: Part
    extractor: Part
    explainer: Part
    metric: Part
    layer: Layer
    scale: Scale
    size: Size

    @property
    def space(self) -> Literal["layer", "input"]:
        """Where the explainer's map lives."""
        space: Literal["layer", "input"] = self.explainer.traits["space"]
        return space

    @property
    def explained(self) -> str:
        """``pri/extractor@layer/explainer``: what the two VEIs are."""
        return explained(self.pri.key, self.extractor, self.layer, self.explainer)

    @property
    def key(self) -> str:
        """``pri/extractor@layer/explainer/metric``, with what differs from the defaults."""
        given = [f"scale={self.scale}"] * (self.scale != "pair") + [f"size={self.size}"] * (self.size != "layer")
        compared = f"@{','.join(given)}" if given else ""
        return f"{self.explained}/{self.metric.key}{compared}"

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides the similarity, as plain values."""
        parts = {kind: getattr(self, kind).identity for kind in BRANCH_KINDS}
        return {**parts, "layer": self.layer, "scale": self.scale, "size": self.size}

    @property
    def written(self) -> Branch:
        """The branch as a recipe holds it: components by distribution and name, with what differs from defaults."""
        parts = {kind: written(getattr(self, kind)) for kind in BRANCH_KINDS}
        return Branch(**parts, layer=self.layer, scale=self.scale, size=self.size)


def explained(image: str, extractor: Part, layer: Layer, explainer: Part) -> str:
    """``image/extractor@layer/explainer``: of what a VEI is; the layer is None where it explains the input itself."""
    at = "" if layer is None else f"@{layer}"
    return f"{image}/{extractor.key}{at}/{explainer.key}"


@attrs.frozen
class ResolvedRecipe:
    """A recipe checked against the installed components; its mapper knows the names of the values that it maps."""

    name: str
    branches: tuple[ResolvedBranch, ...]
    mapper: Part | None
    state: Mapping[str, Any]
    fitted: Provenance | None = None
    chosen: Provenance | None = None
    classifier: Part | None = None
    classifier_state: Mapping[str, Any] = attrs.field(factory=dict)
    novelty: Mapping[str, Any] = attrs.field(factory=dict)
    local: Part | None = None
    local_state: Mapping[str, Any] = attrs.field(factory=dict)
    view: View = None
    methods: tuple[Part, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.mapper is not None:
            object.__setattr__(self, "mapper", attrs.evolve(self.mapper, names=self.names))

    @property
    def width(self) -> int:
        """How many values of an image its mapper maps: similarities of branches, then outputs of methods."""
        return len(self.branches) + sum(len(method_outputs(method)) for method in self.methods)

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of these values."""
        outputs = (output_key(method, name) for method in self.methods for name in method_outputs(method))
        return (*(branch.key for branch in self.branches), *outputs)

    @property
    def parts(self) -> list[Part]:
        """The components that measure."""
        return [*(getattr(branch, kind) for branch in self.branches for kind in BRANCH_KINDS), *self.methods]

    @property
    def fitted_view(self) -> View:
        """With which view the images were seen that the mapper was fitted to; its own where that is not recorded."""
        return self.view if self.fitted is None else self.fitted.seen_at(self.view)

    @property
    def digest(self) -> str:
        """SHA-256 over components, all parameters, layers, the view and what was fitted, as the recipe names them."""
        mapper = None if self.mapper is None else {**self.mapper.identity, "state": dict(self.state)}
        content: dict[str, Any] = {"branches": [branch.identity for branch in self.branches], "mapper": mapper}
        if self.methods:
            content["methods"] = [method.identity for method in self.methods]
        if self.classifier is not None:
            content["classifier"] = {**self.classifier.identity, "state": dict(self.classifier_state)}
        if self.novelty:
            content["novelty"] = dict(self.novelty)
        if self.local is not None:
            content["local"] = {**self.local.identity, "state": dict(self.local_state)}
        if self.view is not None:
            content["view"] = self.view
        return _digest(content)

    @property
    def label(self) -> str:
        """Name and the digest's beginning, as results show them."""
        return f"{self.name}@{self.digest[:12]}"


@attrs.frozen
class ResolvedSet:
    """The recipe for each distortion type, or under None the one recipe for all images."""

    name: str
    recipes: Mapping[str | None, ResolvedRecipe]

    @property
    def types(self) -> tuple[str, ...]:
        """The distortion types that the recipes are for; none where one recipe serves all."""
        return tuple(key for key in self.recipes if key is not None)

    def covers(self, distortion: str | None) -> bool:
        """Whether there is a recipe for images of a type (None: unknown)."""
        return None in self.recipes or distortion in self.recipes

    def key(self, distortion: str | None) -> str | None:
        """Under which key the recipe for a type stands."""
        return None if None in self.recipes else distortion

    @property
    def label(self) -> str:
        """Name and the digest's beginning, as results show them."""
        if None in self.recipes:
            return self.recipes[None].label
        digest = _digest({str(key): recipe.digest for key, recipe in self.recipes.items()})
        return f"{self.name}@{digest[:12]}"


def method_outputs(part: Part) -> tuple[str, ...]:
    """The names of a method's values: those of its trait, or one that is its own name."""
    named: tuple[str, ...] = part.traits.get("outputs", (part.registered.name,))
    return named


def output_key(method: Part, output: str) -> str:
    """A readable name of a value: the method's, with that of the output where it has several."""
    return method.key if len(method_outputs(method)) == 1 else f"{method.key}/{output}"


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def written(part: Part) -> Choice:
    """How a recipe names a component: by distribution and name, with the parameters that differ from defaults."""
    return Choice(part.registered.ref, changed(part.params))


def resolve_all(recipe: Recipe | RecipeSet, registry: Registry) -> ResolvedSet:
    """A recipe or every recipe of a set, resolved.

    Raises:
        UsageError: as for :func:`resolve`.
    """
    if isinstance(recipe, Recipe):
        return ResolvedSet(recipe.name, {None: resolve(recipe, registry)})
    return ResolvedSet(recipe.name, {kind: resolve(item, registry) for kind, item in recipe.recipes.items()})


def resolve(recipe: Recipe, registry: Registry) -> ResolvedRecipe:
    """Find the components of a recipe and check their parameters.

    Raises:
        UsageError: a name or parameter is unknown, a value does not fit, or parts do not go together.
    """
    branches = tuple(resolve_branch(branch, registry) for branch in recipe.branches)
    keys = [branch.key for branch in branches]
    twice = next((key for key, count in Counter(keys).items() if count > 1), None)
    if twice is not None:
        raise RecipeError(f"recipe {recipe.name!r} has the branch {twice} twice")
    methods = _methods(recipe, registry)
    mapper = None
    if recipe.mapper is not None:
        mapper = registry.part("mapper", recipe.mapper.name, recipe.mapper.params)
    classifier = None
    if recipe.classifier is not None:
        classifier = registry.part("classifier", recipe.classifier.name, recipe.classifier.params)
    local = None
    if recipe.local is not None:
        local = registry.part("mapper", recipe.local.mapper.name, recipe.local.mapper.params)
    resolved = ResolvedRecipe(
        name=recipe.name,
        branches=branches,
        mapper=mapper,
        state=recipe.state,
        fitted=recipe.fitted,
        chosen=recipe.chosen,
        classifier=classifier,
        classifier_state=recipe.classifier_state,
        novelty=recipe.novelty,
        local=local,
        local_state={} if recipe.local is None else recipe.local.state,
        view=recipe.view,
        methods=methods,
    )
    _check_mapper(resolved)
    return resolved


def _methods(recipe: Recipe, registry: Registry) -> tuple[Part, ...]:
    methods = tuple(registry.part("method", choice.name, choice.params) for choice in recipe.methods)
    twice = next((method.key for method, count in Counter(methods).items() if count > 1), None)
    if twice is not None:
        raise RecipeError(f"recipe {recipe.name!r} has the method {twice} twice")
    return methods


def _check_mapper(recipe: ResolvedRecipe) -> None:
    """Refuse a mapper of one value where there are several."""
    if recipe.mapper is None or recipe.mapper.traits["branches"] == "many" or recipe.width == 1:
        return
    mapper, name = recipe.mapper.key, recipe.name
    if recipe.methods:
        raise RecipeError(
            f"mapper {mapper} maps one value, and recipe {name!r} measures {recipe.width}: choose one branch or one "
            "method of one value, or a mapper of several, such as ridge"
        )
    raise RecipeError(
        f"mapper {mapper} maps one similarity, and recipe {name!r} has {recipe.width} branches: "
        "choose one PRI, or a mapper of several branches"
    )


def resolve_branch(branch: Branch, registry: Registry) -> ResolvedBranch:
    """Find the components of a branch and check their parameters.

    Raises:
        UsageError: as for :func:`resolve`.
    """
    parts = {
        kind: registry.part(kind, choice.name, choice.params)
        for kind, choice in ((kind, getattr(branch, kind)) for kind in BRANCH_KINDS)
    }
    if parts["explainer"].traits["space"] == "input" and branch.layer is not None:
        explainer = parts["explainer"].key
        raise RecipeError(f"explainer {explainer} explains the input itself: leave out the layer {branch.layer!r}")
    return ResolvedBranch(**parts, layer=branch.layer, scale=branch.scale, size=branch.size)
