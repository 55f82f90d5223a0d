"""Scorer and engine: the same image gives the same bits, stages run once, failures stay where they are."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import PIL.Image
import pytest
import torch

from veiqa_core import Recipe, RecipeSet, Result, Scorer
from veiqa_core.devices import Device
from veiqa_core.errors import ComponentError, ImageError, RecipeError, UsageError
from veiqa_core.extension.registry import Registry, installed
from veiqa_core.images import read
from veiqa_core.measuring import seals
from veiqa_core.measuring.branches.engine import Engine
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Branch, Choice, Provenance
from veiqa_core.recipes.resolution import resolve
from veiqa_core.store import Store

PRIS = tuple(Choice(name) for name in ("mean-blur", "white-noise", "jpeg", "jpeg2000"))


def picture(height: int = 96, width: int = 128, seed: int = 0) -> np.ndarray:
    """A smooth pattern with some texture, ``[H, W, 3]`` uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / 9 + k) + np.cos(y / (7 + k)) for k in range(3)], axis=-1)
    return (127 + 50 * waves + rng.normal(0, 8, waves.shape)).clip(0, 255).astype(np.uint8)


def many_branches(small: Choice) -> Recipe:
    combinations = [
        ("gradcam", "psnr", None),
        ("gradcam", "ncc", 0),
        ("gradcam++", "psnr", 2),
        ("activation-norm", "nae", 1),
        ("saliency", "psnr", None),
        ("hirescam", "gmsd", -1),
    ]
    return Recipe(
        "many",
        tuple(
            Branch(pri=pri, extractor=small, explainer=Choice(explainer), metric=Choice(metric), layer=layer)
            for pri in PRIS
            for explainer, metric, layer in combinations
        ),
    )


def test_path_array_pillow_and_tensor_give_the_same_bits(small: Choice, tmp_path: Path) -> None:
    array = picture()
    PIL.Image.fromarray(array).save(tmp_path / "a.png")
    scorer = Scorer(recipes.ad_hoc(extractor=small), device="cpu")
    expected = scorer.score(tmp_path / "a.png").similarities
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    sources = [array, array / 255, array.astype(np.float32) / 255, PIL.Image.fromarray(array), tensor, tensor / 255]
    for source in sources:
        assert scorer.score(source).similarities == expected


def test_a_branch_has_the_same_bits_alone_and_among_others(small: Choice) -> None:
    recipe, array = many_branches(small), picture()
    together = Scorer(recipe, device="cpu").score(array).similarities
    for branch in recipe.branches:
        alone = Scorer(Recipe("one", (branch,)), device="cpu").score(array).similarities
        assert alone.items() <= together.items()


def test_order_and_neighbours_change_nothing(small: Choice) -> None:
    arrays = [picture(seed=seed, width=100 + 4 * seed) for seed in range(4)]
    scorer = Scorer(many_branches(small), device="cpu")
    forwards = [result.similarities for result in scorer.score_many(arrays)]
    backwards = [result.similarities for result in scorer.score_many(arrays[::-1])]
    assert forwards == backwards[::-1]


def test_each_stage_runs_once(small: Choice, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(resolve(many_branches(small), installed()).branches, Device())
    (network,) = engine.networks.values()
    counts = {"forward": 0, "backward": 0, "pri": 0}

    def count(what: str) -> None:
        counts[what] += 1

    def after_forward(module: object, inputs: object, logits: torch.Tensor) -> None:
        count("forward")
        logits.register_hook(lambda gradient: count("backward"))

    network.module.register_forward_hook(after_forward)
    monkeypatch.setitem(seals._SEALS, network, seals.Seal(network))  # else it would be opened again, without the hook
    for part, component in engine.components.items():
        if part.registered.kind == "pri":
            made = component.generate
            monkeypatch.setattr(component, "generate", lambda *a, made=made: (count("pri"), made(*a))[1])
    from veiqa_core.images import read

    outcome = engine.measure(read(picture()))
    assert all(item.similarity is not None for item in outcome.measurements)
    assert counts == {"forward": 1 + len(PRIS), "backward": 1 + len(PRIS), "pri": len(PRIS)}


def test_the_target_is_chosen_on_the_input_and_used_for_its_pri(small: Choice) -> None:
    array = picture()
    free = Scorer(Recipe("free", (Branch(pri=PRIS[1], extractor=small),)), device="cpu")
    (network,) = free.meter.networks.values()
    top = int(network(torch.from_numpy(array).permute(2, 0, 1)[None] / 255).argmax())
    fixed = Branch(pri=PRIS[1], extractor=small, explainer=Choice("gradcam", {"target": top}))
    values = Scorer(Recipe("fixed", (fixed,)), device="cpu").score(array).similarities.values()
    assert list(values) == list(free.score(array).similarities.values())


def test_depth_and_name_of_a_layer_are_the_same_branch(small: Choice) -> None:
    scorer = Scorer(recipes.ad_hoc(pris=PRIS[:1], extractor=small, layer=-1), device="cpu")
    (network,) = scorer.meter.networks.values()
    assert scorer.keys == Scorer(recipes.ad_hoc(pris=PRIS[:1], extractor=small), device="cpu").keys
    assert f"@{network.default_layer}/" in scorer.keys[0]
    with pytest.raises(UsageError, match="layer 99: test_resnet lists"):
        Scorer(recipes.ad_hoc(extractor=small, layer=99), device="cpu")
    with pytest.raises(UsageError, match="unknown layer 'layer5'. Did you mean 'layer"):
        Scorer(recipes.ad_hoc(extractor=small, layer="layer5"), device="cpu")
    with pytest.raises(UsageError, match="layer 'fc' of test_resnet does not give maps"):
        Scorer(recipes.ad_hoc(extractor=small, layer="fc"), device="cpu")
    with pytest.raises(UsageError, match="target 100000: test_resnet has the classes 0 to 999"):
        Scorer(recipes.ad_hoc(extractor=small, explainer=Choice("gradcam", {"target": 100000})), device="cpu")


def test_a_layer_named_in_two_ways_is_refused(small: Choice) -> None:
    twice = (Branch(pri=PRIS[0], extractor=small), Branch(pri=PRIS[0], extractor=small, layer=-1))
    with pytest.raises(RecipeError, match="is there twice, its layer named in two ways"):
        Scorer(Recipe("twice", twice, Choice("identity")), device="cpu")


def test_a_component_cannot_change_what_the_others_see(faulty: Registry, small: Choice) -> None:
    good = Branch(pri=PRIS[0], extractor=small)
    branches = (
        attrs.evolve(good, pri=Choice("writes-pri")),
        attrs.evolve(good, explainer=Choice("writes-maps")),
        good,
    )
    mixed = Scorer(Recipe("mixed", branches), device="cpu", registry=faulty)
    alone = Scorer(Recipe("alone", (good,)), device="cpu")
    assert alone.score(picture()).similarities.items() <= mixed.score(picture()).similarities.items()


def test_a_failing_mapper_is_named_and_similarities_stay(faulty: Registry, small: Choice) -> None:
    branch = Branch(pri=PRIS[0], extractor=small)
    scorer = Scorer(Recipe("late", (branch,), Choice("fails-late")), device="cpu", registry=faulty)
    (result,) = scorer.score_many([picture()])
    assert result.error == "image 0: mapper 'fails-late' (faulty 1.0) failed: ValueError: gave nan"
    assert result.score is None
    assert None not in result.similarities.values()
    with pytest.raises(ComponentError, match="mapper 'fails-late'"):
        scorer.score(picture())
    with pytest.raises(UsageError, match="mapper 'linear' was fitted to another number of branches"):
        Scorer(Recipe("wrong", (branch,), Choice("linear"), {"coefficients": [1.0, 2.0, 3.0]}), device="cpu")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"explainer": "raises"}, "explainer 'raises' (faulty 1.0) failed: RuntimeError: out of luck"),
        ({"explainer": "not-finite"}, "explainer 'not-finite' (faulty 1.0) failed: ValueError: gave a VEI that is not"),
        (
            {"explainer": "unplanned"},
            "explainer 'unplanned' (faulty 1.0): asks for gradients, which its trait 'uses' does not name",
        ),
        ({"metric": "not-a-number"}, "metric 'not-a-number' (faulty 1.0) failed: ValueError: gave nan"),
        ({"pri": "wrong-shape"}, "pri 'wrong-shape' (faulty 1.0) failed: ValueError: gave torch.float32"),
    ],
)
def test_a_failing_component_spoils_its_own_branches_only(
    faulty: Registry, small: Choice, parts: dict[str, str], message: str
) -> None:
    good = Branch(pri=PRIS[0], extractor=small)
    bad = attrs.evolve(good, **{kind: Choice(name) for kind, name in parts.items()})
    scorer = Scorer(Recipe("mixed", (bad, good)), device="cpu", registry=faulty)
    (result,) = scorer.score_many([picture()])
    first, second = result.similarities.values()
    assert first is None
    assert second == Scorer(Recipe("good", (good,)), device="cpu").score(picture()).similarities[scorer.keys[1]]
    assert result.error is not None
    assert result.error.startswith(f"image 0: {message}")
    assert "\n" not in result.error
    with pytest.raises(ComponentError, match="^array: "):
        scorer.score(picture())


def test_an_error_of_a_plugin_s_own_class_is_told_as_the_closest_of_ours(faulty: Registry, small: Choice) -> None:
    scorer = Scorer(recipes.ad_hoc(extractor=small, explainer=Choice("particular")), device="cpu", registry=faulty)
    with pytest.raises(ImageError, match=r"^array: not to its taste \(7\)$") as caught:
        scorer.score(picture())
    assert type(caught.value) is ImageError
    ((_, measurement),) = scorer.meter.measure(read(picture()), [0]).items()
    assert str(pickle.loads(pickle.dumps(measurement.error))) == "not to its taste (7)"  # as workers send it


def test_strict_mode_lets_the_original_exception_through(
    faulty: Registry, small: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEIQA_STRICT", "1")
    scorer = Scorer(recipes.ad_hoc(extractor=small, explainer=Choice("raises")), device="cpu", registry=faulty)
    with pytest.raises(RuntimeError, match="out of"):
        scorer.score(picture())


@pytest.mark.parametrize("metric", ["psnr", "ssim", "gmsd", "fsim", "vsi", "ncc", "nae"])
def test_degenerate_maps_are_flagged_and_finite(faulty: Registry, small: Choice, metric: str) -> None:
    recipe = recipes.ad_hoc(pris=PRIS[:1], extractor=small, explainer=Choice("zero"), metric=Choice(metric))
    result = Scorer(recipe, device="cpu", registry=faulty).score(picture())
    ((key, value),) = result.similarities.items()
    assert value is not None
    assert np.isfinite(value)
    assert result.flags[:2] == (f"{key}: the input's VEI is all zero", f"{key}: the PRI's VEI is all zero")


def test_a_bad_image_is_a_row_and_the_others_are_scored(small: Choice, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not an image")
    sources: list[Any] = [tmp_path / "absent.png", picture(), tmp_path / "text.png", picture(20, 16)]
    results = list(Scorer(recipes.ad_hoc(extractor=small), device="cpu").score_many(sources))
    assert [result.error is None for result in results] == [False, True, False, False]
    assert [result.error for result in results][:3:2] == [
        f"{tmp_path / 'absent.png'}: no such file",
        f"{tmp_path / 'text.png'}: not an image file that can be read",
    ]
    assert "image 3: 16x20 pixels are too few for test_resnet" in str(results[3].error)
    assert "only a recipe whose extractor resizes (resize = 224) takes smaller images" in str(results[3].error)
    assert all(set(result.similarities) == set(results[1].similarities) for result in results)


def test_score_raises_where_score_many_gives_a_row(small: Choice) -> None:
    with pytest.raises(ImageError, match="^absent.png: no such file$"):
        Scorer(recipes.ad_hoc(extractor=small), device="cpu").score("absent.png")


def test_a_fitted_mapper_gives_a_score_and_an_unfitted_one_says_so(small: Choice) -> None:
    branch = Branch(pri=PRIS[0], extractor=small, metric=Choice("gmsd"))
    plain = Scorer(Recipe("plain", (branch,)), device="cpu").score(picture())
    assert plain.score is None
    assert plain.flags == ("uncalibrated",)
    unfitted = Scorer(Recipe("unfitted", (branch,), Choice("logistic5")), device="cpu").score(picture())
    assert unfitted.score is None
    assert unfitted.flags == ("uncalibrated",)
    negated = Scorer(Recipe("negated", (branch,), Choice("identity")), device="cpu").score(picture())
    (value,) = negated.similarities.values()
    assert value is not None
    assert negated.score == value  # gmsd falls with similarity, so the oriented similarity is -value
    assert negated.flags == ("uncalibrated",)


def test_a_fitted_recipe_survives_its_file(small: Choice, tmp_path: Path) -> None:
    branch = Branch(pri=PRIS[0], extractor=small)
    mapper = installed().part("mapper", "logistic5").create()
    x = np.linspace(5, 60, 50)
    mapper.fit(x[:, None], 100 / (1 + np.exp((x - 30) / 8)))
    fitted = Recipe("fitted", (branch,), Choice("logistic5"), mapper.state())
    (tmp_path / "fitted.toml").write_text(recipe_files.dumps(fitted))
    scorer = Scorer(tmp_path / "fitted.toml", device="cpu")
    result = scorer.score(picture())
    (value,) = result.similarities.values()
    assert value is not None
    assert result.score == float(mapper.predict(np.array([[value]])).score[0])
    assert result.recipe == f"fitted@{scorer.recipe.digest[:12]}"
    broken = attrs.evolve(fitted, state={"beta": "x"})
    with pytest.raises(RecipeError, match="recipe 'fitted': mapper.state: "):
        Scorer(broken, device="cpu")


def test_a_fitted_recipe_tells_interval_scale_and_likely_distortion(small: Choice) -> None:
    branch = Branch(pri=PRIS[0], extractor=small)
    x = np.linspace(5, 60, 50)[:, None]
    mapper, classifier = (
        installed().part(kind, name).create() for kind, name in (("mapper", "linear"), ("classifier", "multinomial"))
    )
    mapper.fit(x, 100 - x[:, 0] + np.cos(x[:, 0]))
    classifier.fit(x, ["GB" if value < 30 else "WN" for value in x[:, 0]])
    basis = Provenance("made", 50, (0, 100), ())
    fitted = Recipe(
        "fitted", (branch,), Choice("linear"), mapper.state(), basis, None, Choice("multinomial"), classifier.state()
    )
    result = Scorer(fitted, device="cpu").score(picture())
    (value,) = result.similarities.values()
    prediction = mapper.predict(np.array([[value]]))
    assert result.scale == (0, 100)
    assert result.interval == (prediction.low[0], prediction.high[0])
    assert result.distortion is not None
    assert list(result.distortion) == ["GB", "WN"]
    assert list(result.distortion.values()) == classifier.probabilities(np.array([[value]]))[0].tolist()
    assert result.to_dict()["interval"] == list(result.interval)
    narrow = attrs.evolve(fitted, fitted=attrs.evolve(basis, range=(-1, 1)))
    held = Scorer(narrow, device="cpu").score(picture())
    assert (held.score, held.interval) == (1, (1, 1))
    broken = attrs.evolve(fitted, classifier_state={"classes": []})
    with pytest.raises(RecipeError, match="recipe 'fitted': classifier.state: "):
        Scorer(broken, device="cpu")
    plain = Scorer(attrs.evolve(fitted, fitted=None, classifier_state={}), device="cpu").score(picture())
    assert (plain.score, plain.scale, plain.distortion) == (result.score, None, None)


def test_a_recipe_set_needs_the_distortion(small: Choice) -> None:
    chosen = RecipeSet("set", {"GB": recipes.ad_hoc(pris=PRIS[:1], extractor=small)})
    assert isinstance(Scorer(chosen, device="cpu", distortion="GB").score(picture()), Result)
    with pytest.raises(UsageError, match="needs the distortion type"):
        Scorer(chosen, device="cpu")
    with pytest.raises(UsageError, match="picks from a recipe set, and this is one recipe"):
        Scorer(recipes.ad_hoc(extractor=small), device="cpu", distortion="GB")


def test_heatmaps_are_kept_when_asked_for(small: Choice) -> None:
    recipe = Recipe(
        "two metrics",
        tuple(Branch(pri=pri, extractor=small, metric=Choice(m)) for pri in PRIS[:2] for m in ("psnr", "ncc")),
    )
    scorer = Scorer(recipe, device="cpu")
    assert scorer.score(picture()).heatmaps == ()
    first, second = scorer.score(picture(), heatmaps=True).heatmaps
    assert (len(first.similarities), len(second.similarities)) == (2, 2)
    assert first.input_image.shape == first.pri_image.shape == (3, 96, 128)
    assert torch.equal(first.input_vei, second.input_vei)
    assert not torch.equal(first.pri_vei, second.pri_vei)


def test_global_state_is_left_alone(small: Choice) -> None:
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    numpy_before = np.random.get_state()[1].copy()  # the global generator is the point
    Scorer(many_branches(small), device="cpu").score(picture())
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(numpy_before, np.random.get_state()[1])
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()


def test_an_absent_device_is_named(small: Choice) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(UsageError, match="device 'cuda' is not there; this machine has: cpu"):
        Scorer(recipes.ad_hoc(extractor=small), device="cuda")


def test_a_scorer_can_be_sent_to_another_process_and_copied(small: Choice, tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        scorer = Scorer(many_branches(small), device="cpu", precision="bfloat16", store=store)
        expected = scorer.score(picture()).similarities
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            assert pool.submit(Scorer.score, scorer, picture()).result().similarities == expected
        twin = copy.deepcopy(scorer)
        assert twin.recipe.label == scorer.recipe.label
        assert twin.score(picture(seed=1)).similarities == scorer.score(picture(seed=1)).similarities


def test_tensors_as_networks_take_them(small: Choice) -> None:
    scorer = Scorer(recipes.ad_hoc(extractor=small), device="cpu")
    batch = torch.stack([torch.from_numpy(picture(seed=seed)).permute(2, 0, 1) for seed in range(2)])
    expected = [scorer.score(picture(seed=seed)).similarities for seed in range(2)]
    assert [result.similarities for result in scorer.score_many(batch)] == expected
    assert scorer.score(batch[:1]).similarities == expected[0]
    for wrong in (batch, torch.from_numpy(picture()), batch[0, 0, 0]):
        with pytest.raises(ImageError, match=r"one image \[3, H, W\] is needed, not a tensor of shape \["):
            scorer.score(wrong)


def test_one_name_is_not_taken_for_many_images(small: Choice) -> None:
    with pytest.raises(UsageError, match=r"photo.png: score_many takes several images; score takes one"):
        list(Scorer(recipes.ad_hoc(extractor=small), device="cpu").score_many("photo.png"))


def test_devices_and_precisions_as_torch_has_them(small: Choice) -> None:
    made = Scorer(recipes.ad_hoc(extractor=small), device=torch.device("cpu"), precision=torch.bfloat16)
    assert (made.meter.device.name, made.meter.device.precision) == ("cpu", "bfloat16")


def test_a_name_in_capitals_is_close_to_the_one_meant() -> None:
    with pytest.raises(UsageError, match=r"unknown similarity metric 'VSI'\. Did you mean 'vsi'\?"):
        installed().part("metric", "VSI")
