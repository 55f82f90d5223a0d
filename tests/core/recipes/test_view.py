"""A recipe's view: read, checked, written, and part of what the recipe is."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from veiqa_core import Recipe
from veiqa_core.errors import RecipeError, UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Provenance, RecipeSet
from veiqa_core.recipes.resolution import resolve, resolve_all
from veiqa_core.recipes.view import parse_view

PLAIN = Recipe("plain", (Branch(pri=Choice("mean-blur")),))
FITTED = attrs.evolve(PLAIN, fitted=Provenance("made", 9, (0, 100), ("a",)), view=1024)


def test_a_view_is_written_and_read_back() -> None:
    text = recipe_files.dumps(FITTED)
    assert "view = 1024" in text
    assert recipe_files.loads(text, "w", "n") == FITTED
    assert "view" not in recipe_files.dumps(PLAIN)
    native = text.replace("view = 1024", 'view = "native"')
    assert recipe_files.loads(native, "w", "n") == attrs.evolve(FITTED, view=None)


def test_recipes_of_a_set_each_have_their_own() -> None:
    both = RecipeSet("both", {"GB": PLAIN, "WN": FITTED})
    read = recipe_files.loads(recipe_files.dumps(both), "w", "n")
    assert read == both
    at = both.at_view(512)
    assert {kind: recipe.view for kind, recipe in at.recipes.items()} == {"GB": 512, "WN": 512}
    assert resolve_all(both, installed()).label != resolve_all(at, installed()).label


@pytest.mark.parametrize("value", ["-1", "0", "31", "65536", "true", "1e3", '"big"', "[64]"])
def test_other_views_are_one_line(value: str) -> None:
    text = recipe_files.dumps(FITTED).replace("view = 1024", f"view = {value}")
    with pytest.raises(
        RecipeError, match=r"^r.toml: view: must be native, or a whole number of pixels from 32 to 65535"
    ):
        recipe_files.loads(text, "r.toml", "n")
    damaged = recipe_files.dumps(attrs.evolve(FITTED).at_view(512)).replace("view = 1024", f"view = {value}")
    with pytest.raises(RecipeError, match=r"^r.toml: fitted.view: must be native"):
        recipe_files.loads(damaged, "r.toml", "n")


def test_in_python_and_on_the_command_line_as_well() -> None:
    wrong: Any = 12
    with pytest.raises(UsageError, match="recipe 'plain': view: must be native, .* not 12"):
        attrs.evolve(PLAIN, view=wrong)
    named: Any = "native"
    with pytest.raises(UsageError, match="recipe 'plain': view: in Python the native size is None, not 'native'"):
        attrs.evolve(PLAIN, view=named)
    assert (parse_view("native"), parse_view("1024")) == (None, 1024)
    for text in ("foo", "12", "1_024", "-5", ""):
        with pytest.raises(UsageError, match="^--view: must be native, or a whole number"):
            parse_view(text)


def test_the_view_is_part_of_the_digest_where_there_is_one() -> None:
    digests = {view: resolve(attrs.evolve(PLAIN, view=view), installed()).digest for view in (None, 512, 1024)}
    assert len(set(digests.values())) == 3


def test_what_was_fitted_with_another_view_says_with_which() -> None:
    def recorded(recipe: Recipe) -> Any:
        assert recipe.fitted is not None
        return recipe.fitted.view

    assert FITTED.at_view(1024) is FITTED
    smaller, native = FITTED.at_view(512), FITTED.at_view(None)
    assert (smaller.view, recorded(smaller)) == (512, 1024)
    assert (native.view, recorded(native)) == (None, 1024)
    assert recorded(smaller.at_view(None)) == 1024
    assert smaller.at_view(1024) == FITTED
    assert recorded(attrs.evolve(FITTED, view=None).at_view(512)) == "native"
    for recipe in (smaller, native, attrs.evolve(FITTED, view=None).at_view(512)):
        assert recipe_files.loads(recipe_files.dumps(recipe), "w", "n") == recipe
    assert [resolve(one, installed()).fitted_view for one in (FITTED, smaller, native)] == [1024, 1024, 1024]
    assert resolve(attrs.evolve(FITTED, view=None).at_view(512), installed()).fitted_view is None
