"""Recipes: TOML round trip, digest, and what is refused."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from veiqa_core.errors import RecipeError, UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Branch, Choice, LocalMapper, Provenance, Recipe, RecipeSet
from veiqa_core.recipes.resolution import resolve

FULL = Recipe(
    "full",
    (
        Branch(
            pri=Choice("jpeg", {"quality": 5}),
            extractor=Choice("efficientnet-lite0", {"weights": "random:1"}),
            layer="blocks.4",
            explainer=Choice("gradcam", {"target": 7}),
            metric=Choice("ssim"),
            scale="map",
            size="input",
        ),
        Branch(pri=Choice("veiqa:mean-blur"), layer=-2),
    ),
    Choice("linear"),
    {"coefficients": [1.0, -2.5], "intercept": 3.0},
    classifier=Choice("multinomial", {"strength": 0.5}),
    classifier_state={"classes": ["GB", "WN"]},
    local=LocalMapper(Choice("ridge"), {"coefficients": [2.0, 1.5]}, Provenance("photos", 9, (0, 100), ("sha256:a",))),
)


def test_a_recipe_survives_toml() -> None:
    assert recipe_files.loads(recipe_files.dumps(FULL), "here", "other") == FULL


def test_lists_in_a_branch_stand_for_every_combination() -> None:
    text = """
        [[branch]]
        pri = ["mean-blur", { name = "jpeg", quality = 10 }]
        layer = ["blocks.1", -1]
        metric = ["nae", "gmsd"]
        [[branch]]
        pri = "white-noise"
    """
    read = recipe_files.loads(text, "here", "mine")
    assert isinstance(read, Recipe)
    expected = [
        Branch(pri=pri, layer=layer, metric=Choice(metric))
        for pri in (Choice("mean-blur"), Choice("jpeg", {"quality": 10}))
        for layer in ("blocks.1", -1)
        for metric in ("nae", "gmsd")
    ]
    assert read.branches == (*expected, Branch(pri=Choice("white-noise")))
    assert recipe_files.loads(recipe_files.dumps(read), "here", "mine") == read


def test_branches_that_are_all_combinations_are_written_as_one_table() -> None:
    pris, layers = (Choice("mean-blur"), Choice("jpeg", {"quality": 10})), ("blocks.1", -1, None)
    whole = Recipe("whole", tuple(Branch(pri=pri, layer=layer) for pri in pris for layer in layers[:2]))
    assert recipe_files.dumps(whole).count("[[branch]]") == 1
    odd = [
        Recipe("backwards", whole.branches[::-1][1:]),
        Recipe("some", whole.branches[:3]),
        Recipe("layerless", tuple(Branch(pri=pri, layer=layer) for pri in pris for layer in layers)),
        Recipe("swapped", (whole.branches[0], whole.branches[2], whole.branches[1], whole.branches[3])),
        Recipe("twice", whole.branches * 2),
    ]
    for recipe in (whole, *odd):
        assert recipe_files.loads(recipe_files.dumps(recipe), "here", "other") == recipe
    for recipe in odd:
        assert recipe_files.dumps(recipe).count("[[branch]]") == len(recipe.branches)


def test_a_recipe_set_survives_toml_and_is_picked_by_distortion() -> None:
    one = RecipeSet("both", {"GB": recipes.ad_hoc(name="both-GB"), "JPEG": FULL})
    assert recipe_files.loads(recipe_files.dumps(one), "here", "other") == one
    assert one.pick("JPEG") is FULL
    with pytest.raises(UsageError, match="recipe set 'both' needs the distortion type: one of GB, JPEG"):
        one.pick(None)
    with pytest.raises(UsageError, match="unknown distortion type 'JPG'. Did you mean 'JPEG'"):
        one.pick("JPG")


def _digest(recipe: Recipe) -> str:
    return resolve(recipe, installed()).digest


def test_the_digest_depends_on_what_is_computed_and_on_nothing_else() -> None:
    base = Recipe("a", (Branch(pri=Choice("mean-blur")),))
    same = Recipe("b", (Branch(pri=Choice("veiqa:mean-blur", {"size": 3})),))
    assert _digest(base) == _digest(same)
    others = [
        Recipe("a", (Branch(pri=Choice("mean-blur", {"size": 5})),)),
        Recipe("a", (Branch(pri=Choice("mean-blur"), layer=0),)),
        Recipe("a", (Branch(pri=Choice("mean-blur"), scale="none"),)),
        Recipe("a", (Branch(pri=Choice("mean-blur")),), Choice("identity")),
        Recipe("a", (Branch(pri=Choice("mean-blur")),), classifier=Choice("multinomial")),
        Recipe("a", (Branch(pri=Choice("mean-blur")),), classifier=Choice("multinomial"), classifier_state={"a": 1}),
        Recipe("a", (Branch(pri=Choice("mean-blur")),), Choice("linear"), {"x": 1.0}),
        Recipe("a", (Branch(pri=Choice("mean-blur")),), local=LocalMapper(Choice("linear"), {"x": 1.0})),
    ]
    assert len({_digest(base), *map(_digest, others)}) == len(others) + 1


def test_the_mapper_knows_the_names_of_the_values() -> None:
    recipe = resolve(attrs.evolve(FULL, local=None, mapper=Choice("ridge"), state={}), installed())
    assert recipe.mapper is not None
    assert recipe.mapper.names == recipe.names == tuple(branch.key for branch in recipe.branches)
    less = attrs.evolve(recipe, branches=recipe.branches[1:])
    assert less.mapper is not None
    assert less.mapper.names == recipe.names[1:]


def test_a_branch_key_names_only_what_differs_from_the_defaults() -> None:
    first, second = resolve(Recipe("x", FULL.branches), installed()).branches
    assert first.key == (
        "jpeg(quality=5)/efficientnet-lite0(weights=random:1)@blocks.4/gradcam(target=7)/ssim@scale=map,size=input"
    )
    assert second.key == "mean-blur/efficientnet-lite0@-2/gradcam/psnr"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = ", "here: not valid TOML"),
        ("", "here: no [[branch]]"),
        ("branches = 3", "here: unknown field 'branches'. Did you mean 'branch'?"),
        ("[[branch]]\nmetric = 'psnr'", "here: branch 1: pri is missing"),
        ("[[branch]]\npri = 3", "here: branch 1.pri: must be a name"),
        ("[[branch]]\npri = 'jpeg'\nscale = 'both'", "here: branch 1.scale: must be one of pair, map, none"),
        ("[[branch]]\npri = 'jpeg'\nlayer = 1.5", "here: branch 1.layer: must be a name or an index"),
        ("[[branch]]\npri = 'jpeg'\n[mapper]\nname = 'linear'\nstate = 3", "here: mapper.state must be a table"),
        ("[[branch]]\npri = 'jpeg'\nlayers = 'a'", "here: branch 1: unknown field 'layers'. Did you mean 'layer'?"),
        ("[[branch]]\npri = 'jpeg'\n[local]\nname = 'ridge'", "here: local.state: is missing; 'veiqa fit-map' fits it"),
        ("[[branch]]\npri = 'jpeg'\n[local]\nstate = {a = 1}", "here: local: must be a name, or a table"),
        ("local = 3\n[[branch]]\npri = 'jpeg'", "here: local: must be a name, or a table"),
        ("distortion = {}", "here: distortion must hold a table for each distortion type"),
    ],
)
def test_bad_toml_is_refused_with_the_field(text: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_files.loads(text, "here", "x")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            Recipe("x", (Branch(pri=Choice("mean-blurr")),)),
            "unknown PRI generator 'mean-blurr'. Did you mean 'mean-blur'",
        ),
        (Recipe("x", (Branch(pri=Choice("jpeg", {"qualty": 1})),)), "pri jpeg: unknown parameter 'qualty'"),
        (Recipe("x", (Branch(pri=Choice("jpeg")),) * 2), "recipe 'x' has the branch jpeg/.* twice"),
        (
            Recipe("x", (Branch(pri=Choice("jpeg"), explainer=Choice("occlusion"), layer=3),)),
            "explainer occlusion explains the input itself: leave out the layer 3",
        ),
        (recipes.ad_hoc(mapper=Choice("logistic5")), "mapper logistic5 maps one similarity, and recipe 'ad-hoc' has 4"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(recipe: Recipe, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(recipe, installed())


def test_a_missing_or_binary_recipe_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="recipe 'nothing.toml' cannot be read: No such file"):
        recipe_files.load("nothing.toml")
    binary = tmp_path / "x.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="is UTF-16 text; save it as UTF-8$"):
        recipe_files.load(binary)
