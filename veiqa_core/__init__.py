"""VEIQA: no-reference image quality assessment by visual explanation images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .datasets.pictures import RatedPicture
    from .functions.ablate import ablate
    from .functions.audit import audit
    from .functions.compare import compare
    from .functions.evaluate import evaluate
    from .functions.fit import fit
    from .functions.rated import rated_images
    from .functions.search import search
    from .recipes.recipe import Recipe, RecipeSet
    from .result import Result
    from .scorer import Scorer

__all__ = [
    "RatedPicture",
    "Recipe",
    "RecipeSet",
    "Result",
    "Scorer",
    "ablate",
    "audit",
    "compare",
    "evaluate",
    "fit",
    "rated_images",
    "search",
]

_HOMES = {
    "RatedPicture": "datasets.pictures",
    "Recipe": "recipes.recipe",
    "RecipeSet": "recipes.recipe",
    "Result": "result",
    "Scorer": "scorer",
    "ablate": "functions.ablate",
    "audit": "functions.audit",
    "compare": "functions.compare",
    "evaluate": "functions.evaluate",
    "fit": "functions.fit",
    "rated_images": "functions.rated",
    "search": "functions.search",
}


def __getattr__(name: str) -> Any:
    """Import the public face at first use, so that listing plugins needs neither torch nor numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
