"""Overrides: a recipe with some of its parts set to something else, as ``--set`` says.

An override reads ``FIELD=VALUE``, where the field is a part of a branch (``metric``), a parameter of one
(``extractor.resize``), the mapper, the classifier, a parameter of these or of all methods, or the view. The field of a
branch may stand after ``branch[PATTERN].``, which limits it to the branches whose keys match.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from ..api import parameters
from ..errors import UsageError, brief, near_miss
from ..extension.registry import Registry
from ..files.toml import default_name
from ..files.values import parse_whole
from .recipe import BRANCH_KINDS, Branch, Choice, Recipe, RecipeSet
from .resolution import resolve_branch
from .view import parse_view

_OVERRIDE = re.compile(
    r"(?:branch\[(?P<pattern>.+?)\]\.)?(?P<field>\w+)(?:\.(?P<parameter>\w+))?=(?P<text>.*)", re.DOTALL
)
_PLAIN = ("layer", "scale", "size")
_FITTED = ("mapper", "classifier")
_FIELDS = (*BRANCH_KINDS, *_PLAIN, "method", *_FITTED, "view")
_ABSENT = ("none", "")


@attrs.frozen
class Override:
    """One override, read.

    Attributes:
        pattern: which branches, as a shell writes patterns; None for all of them.
        parameter: of the component that the field means; None for the component itself.
    """

    field: str
    text: str
    parameter: str | None = None
    pattern: str | None = None

    @classmethod
    def read(cls, written: str) -> Override:
        """From ``FIELD=VALUE``.

        Raises:
            UsageError: it is no such text, or there is no such field.
        """
        match = _OVERRIDE.fullmatch(written)
        if match is None:
            raise UsageError(f"--set takes FIELD=VALUE, such as metric=ssim, not {brief(written)}")
        field, parameter, pattern = match["field"], match["parameter"], match["pattern"]
        known = (*BRANCH_KINDS, *_PLAIN) if pattern is not None else _FIELDS
        if field not in known:
            raise UsageError(f"--set {brief(written, quoted=False)}: {near_miss('field', field, known)}")
        if parameter is not None and field in (*_PLAIN, "view"):
            raise UsageError(f"--set {brief(written, quoted=False)}: {field} has no parameters")
        if parameter is None and field == "method":
            raise UsageError(f"--set {brief(written, quoted=False)}: it takes a parameter, method.NAME=VALUE")
        return cls(field, match["text"], parameter, pattern)

    @property
    def where(self) -> str:
        """How messages name it."""
        pattern = "" if self.pattern is None else f"branch[{self.pattern}]."
        parameter = "" if self.parameter is None else f".{self.parameter}"
        return f"--set {brief(f'{pattern}{self.field}{parameter}', quoted=False)}"


def overridden(
    recipe: Recipe | RecipeSet, written: Iterable[str], registry: Registry, note: Callable[[str], object]
) -> Recipe | RecipeSet:
    """A recipe, or each of a set, with overrides applied one after the other; its name tells of them.

    What was fitted to other branches, methods or another mapper is left out, and so are branches that have become equal
    to others.

    Args:
        note: takes what a reader should know of that.

    Raises:
        UsageError: an override is none, or nothing in the recipe is what it is for.
    """
    texts = list(written)
    overrides = [Override.read(text) for text in texts]
    name = default_name(f"{recipe.name} with {', '.join(texts)}")
    if isinstance(recipe, Recipe):
        return attrs.evolve(_overridden(recipe, overrides, registry, note), name=name)
    return attrs.evolve(
        recipe,
        name=name,
        recipes={kind: _overridden(one, overrides, registry, note) for kind, one in recipe.recipes.items()},
    )


def _overridden(
    recipe: Recipe, overrides: Iterable[Override], registry: Registry, note: Callable[[str], object]
) -> Recipe:
    made = recipe
    for override in overrides:
        made = _applied(made, override, registry)
    branches = tuple({repr(branch): branch for branch in made.branches}.values())
    less = len(made.branches) - len(branches)
    if less:
        note(f"{recipe.name}: branches that are now the same as others, and left out: {less}")
    made = attrs.evolve(made, branches=branches)
    values_changed = (made.branches, made.methods) != (recipe.branches, recipe.methods)
    dropped = []
    if values_changed or made.mapper != recipe.mapper:
        dropped += ["mapper"] * bool(recipe.state)
        made = attrs.evolve(made, state={}, novelty={}, fitted=None)
    if values_changed or made.classifier != recipe.classifier:
        dropped += ["classifier"] * bool(recipe.classifier_state)
        made = attrs.evolve(made, classifier_state={})
    if made.local is not None and (dropped or values_changed):
        dropped += ["local mapper"]
        made = attrs.evolve(made, local=None)
    if dropped:
        what = " and ".join([*filter(None, [", ".join(dropped[:-1])]), dropped[-1]])
        fit = "no longer fit, and are" if len(dropped) > 1 else "no longer fits, and is"
        note(f"{recipe.name}: its {what} {fit} left out; 'veiqa fit' or --split loco fits anew")
    return made


def _applied(recipe: Recipe, override: Override, registry: Registry) -> Recipe:
    if override.field == "view":
        return recipe.at_view(parse_view(override.text))
    if override.field == "method":
        return attrs.evolve(recipe, methods=_each("method", recipe.methods, override, registry))
    if override.field in _FITTED:
        part: dict[str, Any] = {override.field: _fitted(recipe, override, registry)}
        return attrs.evolve(recipe, **part)
    chosen = [_matches(branch, override, registry) for branch in recipe.branches]
    if not any(chosen):
        raise UsageError(f"{override.where}: no branch of {recipe.name} matches; {_some_keys(recipe, registry)}")
    matching = tuple(branch for branch, wanted in zip(recipe.branches, chosen, strict=True) if wanted)
    changed = iter(_changed(matching, override, registry))
    branches = (next(changed) if wanted else branch for branch, wanted in zip(recipe.branches, chosen, strict=True))
    return attrs.evolve(recipe, branches=tuple(branches))


def _matches(branch: Branch, override: Override, registry: Registry) -> bool:
    return override.pattern is None or fnmatch.fnmatchcase(resolve_branch(branch, registry).key, override.pattern)


def _some_keys(recipe: Recipe, registry: Registry) -> str:
    keys = [resolve_branch(branch, registry).key for branch in recipe.branches]
    return f"its first branch is {keys[0]}" if keys else "it has none"


def _changed(branches: tuple[Branch, ...], override: Override, registry: Registry) -> Iterable[Branch]:
    field, text = override.field, override.text
    if field in _PLAIN:
        value = _layer(text) if field == "layer" else text
        return [Branch.read({**branch.write(), field: value}, "--set branch") for branch in branches]
    choices = tuple(getattr(branch, field) for branch in branches)
    return [
        _with_part(branch, field, choice, registry)
        for branch, choice in zip(branches, _each(field, choices, override, registry), strict=True)
    ]


def _with_part(branch: Branch, kind: str, choice: Choice, registry: Registry) -> Branch:
    """A branch with another part; without its layer where the new explainer explains the input itself."""
    part = registry.part(kind, choice.name, choice.params)
    at_input = kind == "explainer" and part.traits["space"] == "input"
    made: dict[str, Any] = {kind: choice, **({"layer": None} if at_input else {})}
    return attrs.evolve(branch, **made)


def _fitted(recipe: Recipe, override: Override, registry: Registry) -> Choice | None:
    before: Choice | None = getattr(recipe, override.field)
    if override.parameter is None and override.text in _ABSENT:
        return None
    if before is None and override.parameter is not None:
        raise UsageError(f"{override.where}: {recipe.name} has no {override.field}")
    start = (Choice(override.text),) if before is None else (before,)
    return _each(override.field, start, override, registry)[0]


def _each(kind: str, choices: tuple[Choice, ...], override: Override, registry: Registry) -> tuple[Choice, ...]:
    """Components with the override: others, which keep the parameters that they have too, or with a parameter set.

    Raises:
        UsageError: the component is unknown, none has the parameter, or the value does not fit.
    """
    if override.parameter is None:
        taken = _parameters(kind, override.text, registry)
        return tuple(
            Choice(override.text, {name: value for name, value in choice.params.items() if name in taken})
            for choice in choices
        )
    name, known = override.parameter, [_parameters(kind, choice.name, registry) for choice in choices]
    if not any(name in own for own in known):
        raise UsageError(f"{override.where}: {near_miss(f'parameter of the {kind}', name, set().union(*known))}")
    return tuple(
        _set(kind, choice, name, override.text, registry) if name in own else choice
        for choice, own in zip(choices, known, strict=True)
    )


def _parameters(kind: str, name: str, registry: Registry) -> set[str]:
    return {info.name for info in parameters.describe(registry.get(kind, name).component.params)}


def _set(kind: str, choice: Choice, name: str, text: str, registry: Registry) -> Choice:
    item = registry.get(kind, choice.name)
    value = parameters.from_text(item.component.params, name, text, f"{kind} {item.label}")
    return Choice(choice.name, {**choice.params, name: value})


def _layer(text: str) -> str | int:
    try:
        return parse_whole(text)
    except ValueError:
        return text
