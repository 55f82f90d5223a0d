"""What a score means, and what it was made with."""

from __future__ import annotations

from typing import Any

from ..page.formatting import flat
from ..scorer import Scorer

_COMPONENTS = {
    "Networks": "extractor",
    "Pseudo-references": "pri",
    "Explainers": "explainer",
    "Metrics": "metric",
}


def meaning(scorer: Scorer) -> dict[str, Any]:
    """How to read the page."""
    recipe = scorer.recipe
    return {
        "mapper": None if recipe.mapper is None else recipe.mapper.key,
        "is_fitted": bool(recipe.state),
        "fitted": recipe.fitted if recipe.state else None,
        "classifier": recipe.classifier is not None,
        "branches": bool(recipe.branches),
        "methods": bool(recipe.methods),
        "map": scorer.maps,
    }


def recipe(scorer: Scorer) -> dict[str, Any]:
    """The recipe and all versions."""
    recipe = scorer.recipe
    single = {"Mapper": recipe.mapper, "Classifier": recipe.classifier}
    components = {
        name: list(dict.fromkeys(getattr(branch, kind).key for branch in recipe.branches))
        for name, kind in _COMPONENTS.items()
    }
    components["Methods"] = [method.key for method in recipe.methods]
    components = {name: keys for name, keys in components.items() if keys}
    components |= {name: [part.key] for name, part in single.items() if part is not None}
    parts = [*recipe.parts, *(part for part in single.values() if part is not None)]
    return {
        "name": recipe.name,
        "digest": recipe.digest,
        "view": recipe.view,
        "branches": scorer.similarity_keys,
        "outputs": scorer.method_keys,
        "components": list(components.items()),
        "sources": [
            (name, basis, " + ".join(dict.fromkeys(basis.dataset.split(" + "))))
            for name, basis in (("Fitted on", recipe.fitted), ("Chosen on", recipe.chosen))
            if basis is not None
        ],
        "versions": flat(scorer.meter.versions(parts)),
    }
