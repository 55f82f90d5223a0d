"""The kinds of component: their names, hooks, and the traits that a component of each kind declares.

A kind is added by one entry here, one hook in ``hookspecs`` and one protocol in ``contracts``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ..errors import UsageError, near_miss


@attrs.frozen
class Trait:
    """A fact about a component that is known without importing it."""

    help: str
    accepts: Callable[[Any], bool]
    required: bool = False


@attrs.frozen
class Kind:
    """A kind of component."""

    name: str
    hook: str
    title: str
    traits: Mapping[str, Trait]

    @property
    def page(self) -> str:
        """The documentation of its components, as a path in the repository."""
        if self.name == "dataset":
            return "docs/datasets.md"
        return f"docs/components.md#{self.plural.lower().replace(' ', '-')}-{self.name}"

    @property
    def plural(self) -> str:
        """The title of several."""
        return f"{self.title[:-1]}ies" if self.title.endswith("y") else f"{self.title}s"

    def traits_problem(self, traits: Mapping[str, Any]) -> str | None:
        """What is wrong with the traits that a component declares, or None."""
        for name, value in traits.items():
            if name not in self.traits:
                return near_miss("trait", name, self.traits)
            if not self.traits[name].accepts(value):
                return f"trait {name!r} cannot be {value!r}: {self.traits[name].help}"
        missing = [name for name, trait in self.traits.items() if trait.required and name not in traits]
        return f"trait {missing[0]!r} is missing: {self.traits[missing[0]].help}" if missing else None


_OUTPUT = re.compile(r"\w[\w.+-]*\Z", re.ASCII)

USES = ("activations", "gradients", "input_gradients", "forward")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def _is_bounds(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(v is None or _is_number(v) for v in value)


def _is_strength(value: Any) -> bool:
    named = isinstance(value, tuple) and len(value) == 3 and isinstance(value[0], str)
    return named and all(_is_number(end) and end > 0 for end in value[1:]) and value[1] != value[2]


def _is_outputs(value: Any) -> bool:
    named = isinstance(value, tuple) and bool(value) and all(isinstance(v, str) and _OUTPUT.match(v) for v in value)
    return named and len(set(value)) == len(value)


def _among(*words: str) -> Callable[[Any], bool]:
    return lambda value: value in words


_KINDS = (
    Kind(
        "pri",
        "veiqa_pri_generators",
        "PRI generator",
        {
            "distortion": Trait("the distortion it adds, by canonical name: GB, WN, JPEG, ...", _is_text),
            "strength": Trait(
                "(parameter, mildest, strongest): the positive parameter that says how strong, and its useful range",
                _is_strength,
            ),
            "whole": Trait("whether it must see a whole image, not a tile of a big one", _is_bool),
        },
    ),
    Kind("extractor", "veiqa_feature_extractors", "feature extractor", {}),
    Kind(
        "explainer",
        "veiqa_explainers",
        "explainer",
        {
            "space": Trait("'layer' or 'input': where its map lives", _among("layer", "input"), required=True),
            "uses": Trait(
                f"a tuple of what it asks of the view: {', '.join(USES)}",
                lambda v: isinstance(v, tuple) and bool(v) and set(v) <= set(USES),
                required=True,
            ),
        },
    ),
    Kind(
        "metric",
        "veiqa_similarity_metrics",
        "similarity metric",
        {
            "similar": Trait("'high' or 'low': which way is more similar", _among("high", "low"), required=True),
            "bounds": Trait("(lowest, highest) value, None where unbounded", _is_bounds, required=True),
            "identity": Trait(
                "its value at identical maps: 'max', 'min', a number, or 'none' where that depends on the maps",
                lambda v: v in ("max", "min", "none") or _is_number(v),
                required=True,
            ),
            "symmetric": Trait("whether swapping the maps keeps the value", _is_bool, required=True),
            "min_size": Trait("the smallest side of a map that it takes, in pixels", _is_size),
            "batch": Trait("whether a pair has the same bits in any batch, so that many may be one", _is_bool),
            "image": Trait("'grey' or 'rgb' where it also compares ordinary images", _among("grey", "rgb")),
        },
    ),
    Kind(
        "method",
        "veiqa_methods",
        "method",
        {
            "better": Trait(
                "'high', 'low' or 'none': which way its values are better; 'none' of features",
                _among("high", "low", "none"),
                required=True,
            ),
            "bounds": Trait("(lowest, highest) value, None where unbounded", _is_bounds, required=True),
            "min_size": Trait("the smallest side of an image that it takes, in pixels", _is_size, required=True),
            "outputs": Trait("a tuple of the names of its values, where they are not one of its own name", _is_outputs),
        },
    ),
    Kind(
        "mapper",
        "veiqa_score_mappers",
        "score mapper",
        {
            "fitted": Trait("whether it needs fitting before it can predict", _is_bool, required=True),
            "branches": Trait("'one' or 'many': how many similarities it maps", _among("one", "many"), required=True),
            "contents": Trait("whether fit also takes the content of each image", _is_bool),
            "names": Trait("whether fit also takes the names of the values that are mapped", _is_bool),
        },
    ),
    Kind("classifier", "veiqa_distortion_classifiers", "distortion classifier", {}),
    Kind(
        "dataset",
        "veiqa_datasets",
        "dataset",
        {
            "home": Trait("where the data can be had", _is_text, required=True),
            "score_type": Trait(
                "'mos' or 'dmos' as released, or 'file' where the folder says it",
                _among("mos", "dmos", "file"),
                required=True,
            ),
            "range": Trait("(lowest, highest) possible score as released", _is_bounds),
            "images": Trait("how many rated images the release has", _is_size),
            "references": Trait("how many reference images it has; left out where it names none", _is_size),
            "distortions": Trait(
                "the types it holds, by canonical name",
                lambda v: isinstance(v, tuple) and all(map(_is_text, v)),
            ),
        },
    ),
    Kind(
        "strategy",
        "veiqa_search_strategies",
        "search strategy",
        {
            "budget": Trait(
                "'none', 'optional' or 'required': whether it takes a number of candidates to measure",
                _among("none", "optional", "required"),
                required=True,
            ),
        },
    ),
    Kind("control", "veiqa_controls", "control", {}),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
HOOKS: Mapping[str, Kind] = {kind.hook: kind for kind in KINDS.values()}
RECIPES_HOOK = "veiqa_recipes"
"""The one hook that returns files, not components."""


def check_kind(kind: str) -> None:
    """Raise :class:`UsageError` for what is no kind of component."""
    if kind not in KINDS:
        raise UsageError(near_miss("kind", kind, KINDS))
