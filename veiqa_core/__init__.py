"""VEIQA: no-reference image quality assessment by visual explanation images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recipes.recipe import Recipe, RecipeSet
    from .result import Result
    from .scorer import Scorer

__all__ = ["Recipe", "RecipeSet", "Result", "Scorer"]

_HOMES = {"Recipe": "recipes.recipe", "RecipeSet": "recipes.recipe", "Result": "result", "Scorer": "scorer"}


def __getattr__(name: str) -> Any:
    """Import the public face at first use, so that listing plugins needs neither torch nor numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
