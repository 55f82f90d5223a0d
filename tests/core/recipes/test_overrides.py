"""Overrides: what they change, whom they reach, and what of a fitted recipe is left."""

from __future__ import annotations

import attrs
import pytest

from veiqa_core.errors import UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.recipes.overrides import overridden
from veiqa_core.recipes.recipe import Branch, Choice, LocalMapper, Recipe, RecipeSet

JPEG, BLUR = Choice("jpeg", {"quality": 5}), Choice("gaussian-blur")
CAM = Choice("cam", {"target": 3})
RECIPE = Recipe(
    "two",
    (Branch(pri=JPEG, explainer=CAM), Branch(pri=BLUR, layer="blocks.2")),
    Choice("ridge"),
    {"weights": [1.0]},
    classifier=Choice("multinomial"),
    classifier_state={"classes": ["GB"]},
    novelty={"limit": 1.0},
)


def changed(*written: str, recipe: Recipe = RECIPE) -> tuple[Recipe, list[str]]:
    notes: list[str] = []
    made = overridden(recipe, written, installed(), notes.append)
    assert isinstance(made, Recipe)
    return made, notes


def test_a_part_is_set_in_every_branch_and_what_was_fitted_is_left_out() -> None:
    made, notes = changed("metric=ssim")
    assert [branch.metric for branch in made.branches] == [Choice("ssim")] * 2
    assert [attrs.evolve(branch, metric=Choice("veiqa:psnr")) for branch in made.branches] == list(RECIPE.branches)
    assert (made.mapper, made.classifier) == (RECIPE.mapper, RECIPE.classifier)
    assert (made.state, made.classifier_state, made.novelty) == ({}, {}, {})
    assert made.name == "two with metric=ssim"
    assert notes == [
        "two: its mapper and classifier no longer fit, and are left out; 'veiqa fit' or --split loco fits anew"
    ]


def test_a_local_mapper_goes_with_what_it_was_fitted_to() -> None:
    mapped = attrs.evolve(RECIPE, local=LocalMapper(Choice("ridge"), {"weights": [1.0]}))
    made, notes = changed("metric=ssim", recipe=mapped)
    assert made.local is None
    assert notes[0].startswith("two: its mapper, classifier and local mapper no longer fit, and are left out")
    assert changed("mapper=linear", recipe=mapped)[0].local is None  # it was fitted to the mapper's scores
    assert changed("classifier=multinomial", recipe=mapped)[0].local == mapped.local
    assert changed("view=800", recipe=mapped)[0].local == mapped.local


def test_a_pattern_limits_it_to_the_branches_whose_keys_match() -> None:
    made, _ = changed("branch[jpeg*].metric=nae", "branch[*@blocks.2*].size=input")
    assert [branch.metric.name for branch in made.branches] == ["nae", "veiqa:psnr"]
    assert [branch.size for branch in made.branches] == ["layer", "input"]


def test_a_parameter_is_set_where_a_component_has_it() -> None:
    made, _ = changed("pri.quality=7", "layer=-1")
    assert [branch.pri for branch in made.branches] == [Choice("jpeg", {"quality": 7}), BLUR]
    assert [branch.layer for branch in made.branches] == [-1, -1]


def test_another_component_keeps_the_parameters_that_it_has_too() -> None:
    made, _ = changed("explainer=hirescam", "pri=mean-blur")
    assert [branch.explainer for branch in made.branches] == [Choice("hirescam", {"target": 3}), Choice("hirescam")]
    assert [branch.pri.params for branch in made.branches] == [{}, {}]


def test_an_explainer_of_the_input_takes_no_layer() -> None:
    made, _ = changed("explainer=saliency")
    assert [branch.layer for branch in made.branches] == [None, None]


def test_branches_that_become_equal_are_one() -> None:
    made, notes = changed("pri=mean-blur", "explainer=gradcam", "explainer.target=1", "layer=blocks.1")
    assert len(made.branches) == 1
    assert notes[0] == "two: branches that are now the same as others, and left out: 1"


def test_another_mapper_leaves_the_classifier_fitted() -> None:
    made, notes = changed("mapper=linear")
    assert (made.mapper, made.state, made.classifier_state) == (Choice("linear"), {}, RECIPE.classifier_state)
    assert notes == ["two: its mapper no longer fits, and is left out; 'veiqa fit' or --split loco fits anew"]
    assert changed("mapper=none")[0].mapper is None
    assert changed("mapper.strength=2")[0].mapper == Choice("ridge", {"strength": 2.0})


def test_the_view_alone_leaves_all_fitted() -> None:
    made, notes = changed("view=512")
    assert (made.view, made.state, notes) == (512, RECIPE.state, [])


def test_what_changes_nothing_leaves_all_fitted() -> None:
    made, notes = changed("pri.quality=5")
    assert (made.state, made.novelty, notes) == (RECIPE.state, RECIPE.novelty, [])


def test_methods_take_parameters() -> None:
    recipe = attrs.evolve(RECIPE, methods=(Choice("niqe"), Choice("piqe")))
    made, _ = changed("method.model=own.npz", recipe=recipe)
    assert made.methods == (Choice("niqe", {"model": "own.npz"}), Choice("piqe"))


def test_every_recipe_of_a_set_is_changed() -> None:
    given = RecipeSet("both", {"GB": RECIPE, "WN": attrs.evolve(RECIPE, name="other")})
    made = overridden(given, ["metric=ssim"], installed(), lambda note: None)
    assert isinstance(made, RecipeSet)
    assert {branch.metric.name for recipe in made.recipes.values() for branch in recipe.branches} == {"ssim"}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("ssim", "--set takes FIELD=VALUE, such as metric=ssim, not 'ssim'"),
        ("metrik=ssim", "--set metrik=ssim: unknown field 'metrik'. Did you mean 'metric'?"),
        ("metric=sim", "unknown similarity metric 'sim'. Did you mean 'ssim'?"),
        ("scale.low=1", "--set scale.low=1: scale has no parameters"),
        ("scale=both", "--set branch.scale: must be one of pair, map, none, not 'both'"),
        ("pri.kwality=3", "--set pri.kwality: unknown parameter of the pri 'kwality'. Did you mean 'quality'?"),
        ("pri.quality=high", "pri jpeg: quality"),
        ("branch[webp*].metric=nae", "--set branch[webp*].metric: no branch of two matches; its first branch is jpeg("),
        ("branch[jpeg*].view=512", "--set branch[jpeg*].view=512: unknown field 'view'"),
        ("method=niqe", "--set method=niqe: it takes a parameter, method.NAME=VALUE"),
        ("method.model=x", "--set method.model: unknown parameter of the method 'model'"),
        ("view=0", "view"),
    ],
)
def test_what_fits_nothing_is_refused_by_name(written: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        changed(written)
    assert str(raised.value).startswith(problem) or problem in str(raised.value)
