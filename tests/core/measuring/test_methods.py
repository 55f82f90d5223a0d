"""Methods in recipes: measured beside branches, kept, oriented, and kept apart from each other."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from making import photo, with_plugin

from veiqa_core.devices import Device
from veiqa_core.errors import ImageError, RecipeError, UsageError
from veiqa_core.extension.registry import Registry, installed
from veiqa_core.images import read
from veiqa_core.measuring import fingerprint
from veiqa_core.measuring.meter import Meter
from veiqa_core.measuring.quantity import MethodOutput, of_recipe, signs
from veiqa_core.measuring.worker import Job, execute
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Recipe
from veiqa_core.recipes.resolution import ResolvedRecipe, resolve
from veiqa_core.scorer import NO_MAP, Scorer
from veiqa_core.scoring.mapping import unmapped
from veiqa_core.store import Store

SHARP = Choice("laplacian-variance")
BRANCH = Branch(pri=Choice("mean-blur"), extractor=Choice("tiny"), layer=1)
ALONE = Recipe("alone", (), methods=(SHARP,))
PIXELS = photo(48, 60)

PLUGIN = """
import torch
from veiqa_core.api import Component, hookimpl, param, params

@params
class Shift:
    by: float = param(default=0.0, help="Added.")

@hookimpl
def veiqa_methods():
    def method(name, better="low", min_size=1, **more):
        cls = "".join(part.title() for part in name.split("-"))
        traits = {"better": better, "bounds": (None, None), "min_size": min_size, **more}
        return Component(name=name, summary="S.", factory=f"odd:{cls}", params=Shift, traits=traits)
    yield method("moments", "none", outputs=("mean", "spread"))
    yield method("mean")
    yield method("high", "high")
    yield method("big", min_size=50)
    for name in ("raises", "flat", "single", "nan", "no-tensor", "writes", "misnamed", "draws"):
        yield method(name)

class Mean:
    def __init__(self, params): self.by = params.by
    @property
    def outputs(self): return (type(self).__name__.lower(),)
    def values(self, images): return images.double().mean((1, 2, 3))[:, None] + self.by
    def measure(self, images): return self.values(images)

class Big(Mean): pass
class High(Mean): pass

class Moments(Mean):
    outputs = ("mean", "spread")
    def measure(self, images):
        flat = images.double().flatten(1)
        return torch.stack([flat.mean(1), flat.std(1)], dim=1)

class Raises(Mean):
    def measure(self, images): raise RuntimeError("out of\\nluck")

class Flat(Mean):
    def measure(self, images): return self.values(images)[0]

class Single(Mean):
    def measure(self, images): return self.values(images).float()

class Nan(Mean):
    def measure(self, images): return self.values(images) / 0 * 0

class NoTensor(Mean):
    outputs = ("no-tensor",)
    def measure(self, images): return [1.0]

class Writes(Mean):
    def measure(self, images): return self.values(images.mul_(0))

class Draws(Mean):
    def measure(self, images): return torch.rand(1, 1, dtype=torch.float64)

class Misnamed(Mean):
    outputs = ("other",)
"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    return with_plugin("odd", PLUGIN, tmp_path, monkeypatch)


def of(*names: str, registry: Registry, **params: Any) -> Recipe:
    return Recipe("r", (), methods=tuple(Choice(name, params) for name in names))


def resolved(*names: str, registry: Registry) -> ResolvedRecipe:
    return resolve(of(*names, registry=registry), registry)


def test_a_recipe_with_methods_reads_back_equal(tiny: None) -> None:
    mixed = Recipe("mixed", (BRANCH,), Choice("ridge"), methods=(SHARP, Choice("other", {"size": 5, "name_of": "x"})))
    for recipe in (ALONE, mixed):
        assert recipe_files.loads(recipe_files.dumps(recipe), "here", "x") == recipe
    assert recipe_files.loads('[[method]]\nname = "laplacian-variance"', "here", "alone") == ALONE
    assert recipe_files.loads('method = ["laplacian-variance"]', "here", "alone") == ALONE


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("", "here: no [[branch]] and no [[method]]; a recipe needs one or more"),
        ("method = 'niqe'", "here: methods are written as [[method]]"),
        ("[[method]]\nsize = 3", "here: method 1: must be a name, or a table with a name and parameters, not"),
    ],
)
def test_what_is_no_method_is_refused(text: str, reported: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_files.loads(text, "here", "x")
    assert str(caught.value).startswith(reported)


def test_a_recipe_of_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="neither a branch nor a method"):
        Recipe("nothing", ())


def test_methods_are_part_of_a_recipes_digest(tiny: None, odd: Registry) -> None:
    recipes = [
        Recipe("r", (BRANCH,)),
        Recipe("r", (BRANCH,), methods=(SHARP,)),
        Recipe("r", (), methods=(SHARP,)),
        Recipe("r", (), methods=(Choice("odd:mean"),)),
        Recipe("r", (), methods=(Choice("odd:mean", {"by": 1.0}),)),
    ]
    digests = {resolve(recipe, with_tiny(odd)).digest for recipe in recipes}
    assert len(digests) == len(recipes)


def with_tiny(odd: Registry) -> Registry:
    return Registry([*installed().plugins, *(found for found in odd.plugins if found.dist == "odd")])


@pytest.mark.parametrize(
    ("recipe", "reported"),
    [
        (Recipe("r", (), methods=(SHARP, SHARP)), "recipe 'r' has the method laplacian-variance twice"),
        (Recipe("r", (), methods=(Choice("sharp"),)), "unknown method 'sharp'"),
        (
            Recipe("r", (), Choice("logistic4"), methods=(Choice("moments"),)),
            "mapper logistic4 maps one value, and recipe 'r' measures 2: choose one branch or one method of one value, "
            "or a mapper of several, such as ridge",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(recipe: Recipe, reported: str, odd: Registry) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(recipe, odd)
    assert str(caught.value).startswith(reported)


def test_values_are_oriented_so_that_larger_is_worse(odd: Registry) -> None:
    items = of_recipe(resolved("high", "mean", "moments", registry=odd))
    assert [item.key for item in items] == ["odd:high", "odd:mean", "odd:moments/mean", "odd:moments/spread"]
    assert signs(items).tolist() == [-1.0, 1.0, 1.0, 1.0]
    sharpness = np.array([[5.0], [7.0]])
    assert unmapped(sharpness * signs(items[:1])).score.tolist() == [5.0, 7.0]


def test_a_scorer_gives_what_the_method_gives() -> None:
    scorer = Scorer(ALONE, device="cpu")
    result = scorer.score(PIXELS)
    method = installed().part("method", "laplacian-variance").create()
    due = float(method.measure(read(PIXELS).pixels))
    assert (scorer.keys, result.similarities) == (("laplacian-variance",), {})
    assert result.methods == result.values == result.to_dict()["methods"] == {"laplacian-variance": due}
    assert (result.score, result.flags, result.error) == (None, ("uncalibrated",), None)
    with_map = scorer.score(PIXELS, heatmaps=True)
    assert (with_map.methods, with_map.heatmaps, with_map.quality_map) == (result.methods, (), None)
    assert pickle.loads(pickle.dumps(scorer)).score(PIXELS).methods == result.methods
    assert scorer.meter.networks == {}


def test_branches_keep_their_bits_beside_methods(tiny: None) -> None:
    branch = Scorer(Recipe("r", (BRANCH,)), device="cpu").score(PIXELS)
    method = Scorer(ALONE, device="cpu").score(PIXELS)
    mixed = Scorer(Recipe("r", (BRANCH,), methods=(SHARP,)), device="cpu")
    for heatmaps in (False, True):
        result = mixed.score(PIXELS, heatmaps=heatmaps)
        assert (result.similarities, result.methods) == (branch.similarities, method.methods)
        assert list(result.values) == list(mixed.keys)
        assert len(result.heatmaps) == heatmaps
        assert NO_MAP not in result.flags  # of no score, nobody expects a map


def test_a_mapper_maps_branches_and_then_methods(tiny: None) -> None:
    recipe = Recipe("r", (BRANCH,), Choice("identity"), methods=(SHARP,))
    scorer = Scorer(recipe, device="cpu")
    result = scorer.score(PIXELS)
    oriented = np.array([list(result.values.values())]) * signs(of_recipe(scorer.recipe))
    assert result.score == pytest.approx(-oriented.mean(), rel=1e-12)
    assert oriented[0, 1] == -result.methods["laplacian-variance"]


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("raises", "method 'raises' (odd 1.0) failed: RuntimeError: out of luck"),
        ("flat", "method 'flat' (odd 1.0) failed: ValueError: gave torch.float64 (1,) for one image; torch.float64"),
        (
            "single",
            "method 'single' (odd 1.0) failed: ValueError: gave torch.float32 (1, 1) for one image; torch.float",
        ),
        ("nan", "method 'nan' (odd 1.0) failed: ValueError: gave nan"),
        ("no-tensor", "method 'no-tensor' (odd 1.0) failed: ValueError: gave a list; a tensor is due"),
        ("big", "60x48 pixels are too few for method 'big' (odd 1.0), which needs at least 50 a side"),
    ],
)
def test_a_method_that_fails_spoils_its_own_values_only(name: str, reported: str, odd: Registry) -> None:
    recipe = of("moments", name, "mean", registry=odd)
    meter = Meter(of_recipe(resolve(recipe, odd)), Device())
    measured = meter.measure(read(PIXELS), range(4))
    assert [item.similarity is None for item in measured.values()] == [False, False, True, False]
    assert str(measured[2].error).startswith(reported)
    (result,) = Scorer(recipe, device="cpu", registry=odd).score_many([PIXELS])
    assert str(result.error).startswith(f"image 0: {reported}")
    assert [value is None for value in result.values.values()] == [False, False, True, False]


def test_methods_neither_write_into_the_image_nor_draw_at_will(odd: Registry) -> None:
    scorer = Scorer(of("writes", "mean", "draws", registry=odd), device="cpu", registry=odd)
    torch.manual_seed(5)
    first, second = (list(scorer.score(PIXELS).values.values()) for _ in range(2))
    assert first == second
    assert first[0] == 0
    assert first[1] == pytest.approx(float(read(PIXELS).pixels.double().mean()), rel=1e-12)


def test_other_outputs_than_recorded_are_refused_before_the_first_image(odd: Registry) -> None:
    with pytest.raises(UsageError) as caught:
        Scorer(of("misnamed", registry=odd), device="cpu", registry=odd)
    reported = "method 'misnamed' (odd 1.0): has the outputs ('other',), and its record says ('misnamed',)"
    assert str(caught.value) == reported


def test_a_view_too_small_for_a_method_is_refused_before_the_first_image(odd: Registry) -> None:
    recipe = attrs.evolve(of("big", registry=odd), view=40)
    with pytest.raises(UsageError, match=r"view 40: method 'big' \(odd 1.0\) needs images of at least 50 a side"):
        Scorer(recipe, device="cpu", registry=odd)


def test_values_are_kept_and_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store.sqlite")
    first = Scorer(ALONE, device="cpu", store=store).score(PIXELS)
    monkeypatch.setattr("veiqa_core.measuring.methods.Methods._values", None)
    assert Scorer(ALONE, device="cpu", store=store).score(PIXELS) == first


def test_what_decides_a_value_is_part_of_its_key(odd: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def digests(**params: Any) -> tuple[str, ...]:
        recipe = resolve(Recipe("r", (), methods=(Choice("odd:moments", params),)), odd)
        return Meter(of_recipe(recipe), Device()).digests()

    plain = digests()
    assert len({*plain, *digests(by=1.0)}) == 4
    assert digests() == plain
    monkeypatch.setattr(fingerprint.shrinking, "NUMERICAL_VERSION", 99)
    assert not {*plain} & {*digests()}


def test_a_worker_is_sent_what_it_needs(tiny: None) -> None:
    recipe = resolve(Recipe("r", (BRANCH,), methods=(SHARP,)), installed())
    meter = Meter(of_recipe(recipe), Device())
    job = pickle.loads(pickle.dumps(Job.of(meter, veis=False)))
    image = read(PIXELS)
    assert execute(job, image, (0, 1)).measured == meter.compute(image, (0, 1)).measured


def test_a_value_has_no_maps(tiny: None) -> None:
    recipe = resolve(Recipe("r", (BRANCH,), methods=(SHARP,)), installed())
    meter = Meter(of_recipe(recipe), Device())
    branch, method = meter.vei_digests()
    assert (len(branch), method) == (2, {})
    assert set(meter.compute(read(PIXELS), (0, 1), veis=True).veis) == set(branch)
    assert isinstance(meter.quantities[1], MethodOutput)


def test_an_image_too_small_is_an_error_of_the_image(odd: Registry) -> None:
    with pytest.raises(ImageError, match="60x48 pixels are too few"):
        Scorer(of("big", registry=odd), device="cpu", registry=odd).score(PIXELS)
