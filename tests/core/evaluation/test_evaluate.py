"""Evaluation: figures by protocol on made-up tables, where the truth is known, and leaks that must be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from scipy import stats

from veiqa_core.contracts import RatedImage, Ratings
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.errors import FitError, UsageError
from veiqa_core.evaluation import fit as fitting
from veiqa_core.evaluation.evaluate import Evaluation, evaluate
from veiqa_core.evaluation.measured import MeasuredSet
from veiqa_core.evaluation.splits import Protocol, prepared
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.quantity import Similarity
from veiqa_core.measuring.table import Measurements
from veiqa_core.recipes.recipe import Branch, Choice, Provenance, Recipe, RecipeSet
from veiqa_core.recipes.resolution import resolve_all

FROZEN = Protocol()
BRANCHES = (Branch(pri=Choice("mean-blur")), Branch(pri=Choice("jpeg")))


def recipe(mapper: str | None = None, branches: int = 1, **given: Any) -> Recipe:
    return Recipe("mine", BRANCHES[:branches], None if mapper is None else Choice(mapper), **given)


def made(
    contents: int = 10,
    each: int = 8,
    types: tuple[str, ...] = ("GB",),
    branches: int = 1,
    noise: float = 4.0,
    **columns: Any,
) -> MeasuredSet:
    """Quality that falls along a curve of the similarity, with noise."""
    rng = np.random.default_rng(5)
    count = contents * each
    similarity = rng.uniform(0, 1, (count, branches))
    quality = 100 / (1 + np.exp(9 * (similarity.mean(axis=1) - 0.5))) + rng.normal(0, noise, count)
    kinds = tuple(types[i % len(types)] for i in range(count))
    given: dict[str, Any] = {
        "names": tuple(f"{i}.png" for i in range(count)),
        "quality": quality,
        "distortions": kinds,
        "contents": tuple(f"made:scene{i // each}" for i in range(count)),
        "digests": [f"digest{i}" for i in range(count)],
        "values": similarity,
    }
    recipes = resolve_all(recipe(branches=branches), installed())
    quantities = tuple(map(Similarity, recipes.recipes[None].branches))
    table = Measurements(**{"quantities": quantities, **given, **columns})
    images = tuple(
        RatedImage(image=name, score=50.0, distortion=kind) for name, kind in zip(table.names, kinds, strict=True)
    )
    ratings = Ratings(images=images, score_type="mos", range=(0, 100))
    rated = RatedSet("made", "made", Path("made"), ratings)
    return MeasuredSet(rated, recipes, table, {}, {}, 0, {"veiqa": "test"})


def with_recipe(measured: MeasuredSet, given: Recipe | RecipeSet) -> MeasuredSet:
    return attrs.evolve(measured, recipes=resolve_all(given, installed()))


def changed(measured: MeasuredSet, **columns: Any) -> MeasuredSet:
    return attrs.evolve(measured, table=attrs.evolve(measured.table, **columns))


def renamed(measured: MeasuredSet, name: str, every: int = 1) -> MeasuredSet:
    """Every n-th image shows another content."""
    names = enumerate(map(str, measured.table.contents))
    return changed(measured, contents=tuple(c if i % every else c.replace("made", name) for i, c in names))


def other_pixels(measured: MeasuredSet) -> MeasuredSet:
    return changed(measured, digests=[f"other {digest}" for digest in measured.table.digests])


def run(given: Recipe | RecipeSet, measured: MeasuredSet, protocol: Protocol = FROZEN, **more: Any) -> Evaluation:
    return evaluate(with_recipe(measured, given), protocol, installed(), **more)


def test_without_a_mapper_ranks_are_the_similarities_and_plcc_comes_after_a_labelled_fit() -> None:
    measured = made()
    done = run(recipe(), measured)
    score = -measured.table.values[:, 0]
    values = done.overall.values
    assert values["srocc"] == pytest.approx(stats.spearmanr(score, measured.table.quality).statistic)
    assert values["krocc"] == pytest.approx(stats.kendalltau(score, measured.table.quality).statistic)
    assert (done.overall.mapping, done.overall.fit) == ("logistic5", "in-sample")
    mapper = installed().part("mapper", "logistic5").create()
    mapper.fit(score[:, None], measured.table.quality)
    mapped = mapper.predict(score[:, None]).score
    assert values["plcc"] == pytest.approx(stats.pearsonr(mapped, measured.table.quality).statistic)
    assert values["rmse"] == pytest.approx(np.sqrt(np.mean((mapped - measured.table.quality) ** 2)))
    none = done.overall.mappings["none"]
    assert none["plcc"] == pytest.approx(stats.pearsonr(score, measured.table.quality).statistic)
    assert (none["rmse"], none["fit"]) == (None, "not fitted")
    assert done.overall.coverage is None
    assert any("no mapper is fitted" in note for note in done.notes)


def test_a_fitted_recipe_is_taken_as_it_is_and_says_where_it_was_fitted() -> None:
    measured = made()
    fitted = fitting.fit(recipe("logistic5"), with_recipe(measured, recipe("logistic5")))
    assert isinstance(fitted, Recipe)
    assert fitted.fitted is not None
    assert (fitted.fitted.dataset, fitted.fitted.images, fitted.fitted.range) == ("made", 80, (0, 100))
    assert {f"made:scene{i}" for i in range(10)} | {f"sha256:digest{i}" for i in range(80)} == set(
        fitted.fitted.seen_ids
    )
    same = run(fitted, measured)
    assert (same.overall.mapping, same.overall.fit) == ("none", "in-sample")
    elsewhere = run(fitted, other_pixels(renamed(measured, "other")))
    assert run(fitted, renamed(measured, "other")).overall.fit == "in-sample"  # the same pixels under other names
    assert run(fitted, other_pixels(measured)).overall.fit == "in-sample"  # other images of the same scenes
    assert elsewhere.overall.fit == "held-out as far as identical pixels show"
    assert elsewhere.overall.values == same.overall.values  # the same numbers, only called otherwise
    assert run(fitted, other_pixels(renamed(measured, "other", every=2))).overall.fit == "in-sample for 40 of 80 images"
    unknown = Recipe(fitted.name, fitted.branches, fitted.mapper, fitted.state)
    assert run(unknown, measured).overall.fit == "fitted elsewhere, on contents not recorded"
    assert 0.8 <= (same.overall.coverage or 0) <= 1


def test_branches_chosen_on_these_contents_are_told() -> None:
    measured = made()
    chosen = recipe(chosen=Provenance("made", 8, (0, 100), ("made:scene3",)))
    (note,) = [note for note in run(chosen, measured).notes if "chosen" in note]
    assert note.startswith("the branches were chosen on contents of 8 of these images")
    assert not [note for note in run(recipe(), measured).notes if "chosen" in note]


def test_one_content_left_out_is_what_it_says() -> None:
    """The pooled predictions are those of mappers fitted by hand on all other contents."""
    measured = made()
    table = measured.table
    predicted = np.empty(len(table))
    for content in set(table.contents):
        out = np.array([own == content for own in table.contents])
        mapper = installed().part("mapper", "logistic5").create()
        similarities = table.values
        mapper.fit(similarities[~out], table.quality[~out])
        predicted[out] = mapper.predict(similarities[out]).score.clip(0, 100)  # the scale of the ratings
    done = run(recipe("logistic5"), measured, Protocol("loco"))
    assert done.overall.values["plcc"] == pytest.approx(stats.pearsonr(predicted, table.quality).statistic)
    assert done.overall.values["rmse"] == pytest.approx(np.sqrt(np.mean((predicted - table.quality) ** 2)))
    assert (done.overall.mapping, done.overall.fit, done.overall.count) == ("none", "held-out", 80)
    assert done.protocol == {"split": "loco", "refits": True}


def test_one_type_left_out_is_what_it_says() -> None:
    """The pooled predictions are those of mappers fitted by hand to other types of other contents."""
    measured = made(types=("GB", "WN"))
    table = measured.table
    protocol = Protocol("lodo", folds=10, seed=3)
    predicted = np.empty(len(table))
    for content in set(table.contents):
        for kind in set(table.distortions):
            of_content = np.array([own == content for own in table.contents])
            of_kind = np.array([own == kind for own in table.distortions])
            mapper = installed().part("mapper", "logistic5").create()
            kept, out = ~of_content & ~of_kind, of_content & of_kind
            mapper.fit(table.values[kept], table.quality[kept])
            predicted[out] = mapper.predict(table.values[out]).score.clip(0, 100)
    done = run(recipe("logistic5"), measured, protocol)
    assert done.overall.values["rmse"] == pytest.approx(np.sqrt(np.mean((predicted - table.quality) ** 2)))
    assert (done.overall.fit, done.overall.count) == ("held-out", 80)
    assert any("each type was left out" in note for note in done.notes)
    assert done.protocol == {"split": "lodo", "refits": True, "folds": 10, "seed": 3}


def test_a_refit_cannot_see_the_tested_quality() -> None:
    """Contents whose quality is upside down: a mapper fitted on the others must be wrong about them."""
    measured = made(contents=4, each=30)
    table = measured.table
    turned = np.array([content == "made:scene0" for content in table.contents])
    table.quality[turned] = 100 - table.quality[turned]
    done = run(recipe("logistic5"), measured, Protocol("loco"))
    (part,) = [item for item in done.predictions if set(item.clusters) == {"made:scene0"}]
    assert stats.spearmanr(part.raw.score, part.quality).statistic < -0.8


@pytest.mark.parametrize(
    ("protocol", "splits"), [(Protocol("kfold", folds=5), 5), (Protocol("repeated", repeats=4), 4)]
)
def test_folds_and_repeats_tell_median_and_quartiles(protocol: Protocol, splits: int) -> None:
    done = run(recipe("logistic4"), made(), protocol)
    assert len(done.predictions) == splits
    each = [stats.spearmanr(item.raw.score, item.quality).statistic for item in done.predictions]
    assert done.overall.values["srocc"] == pytest.approx(np.median(each))
    assert done.overall.intervals["srocc"] == pytest.approx(np.quantile(each, [0.25, 0.75]))
    assert done.overall.spread
    assert "quartiles" in done.overall.to_dict()
    assert run(recipe("logistic4"), made(), protocol).overall.to_dict() == done.overall.to_dict()


def test_a_set_without_fitted_mappers_is_mapped_type_by_type() -> None:
    measured = made(types=("GB", "WN"))
    sets = RecipeSet("both", {"GB": recipe("logistic5"), "WN": recipe("logistic5")})
    done = run(sets, measured)
    assert set(done.by_distortion) == {"GB", "WN"}
    assert done.by_distortion["GB"].count == 40
    (part,) = done.predictions
    assert np.array_equal(part.mapped["logistic5"], part.mapped_by_type["logistic5"])
    assert done.overall.values["srocc"] == pytest.approx(
        stats.spearmanr(part.mapped["logistic5"], part.quality).statistic
    )
    assert done.overall.mappings["none"]["plcc"] is None
    assert any("have no common scale" in note for note in done.notes)
    fitted = fitting.fit(sets, with_recipe(measured, sets))
    assert run(fitted, measured).overall.mapping == "none"


def test_fitting_part_of_a_set_leaves_the_rest(tmp_path: Path) -> None:
    sets = RecipeSet("both", {"GB": recipe("logistic5"), "FF": recipe("logistic5")})
    fitted = fitting.fit(sets, with_recipe(made(), sets))
    assert isinstance(fitted, RecipeSet)
    assert fitted.recipes["GB"].state
    assert fitted.recipes["FF"] == recipe("logistic5")
    assert run(fitted, made()).overall.mapping == "none"  # what is not used need not be fitted


def test_what_cannot_be_fitted_is_refused_or_told() -> None:
    few = made(contents=2, each=2)
    for mapper, problem in ((None, "has no mapper to fit"), ("identity", "mapper identity needs no fitting")):
        with pytest.raises(UsageError, match=problem):
            fitting.fit(recipe(mapper), with_recipe(few, recipe(mapper)))
    with pytest.raises(FitError, match="recipe 'mine': logistic5 needs at least 5 points, not 4"):
        fitting.fit(recipe("logistic5"), with_recipe(few, recipe("logistic5")))
    done = run(recipe("logistic5"), few, Protocol("loco"))
    assert done.overall.values == {"plcc": None, "srocc": None, "krocc": None, "rmse": None}
    assert "not fitted everywhere: logistic5 needs at least 5 points, not 2" in done.notes[-1]
    json.dumps(done.to_dict(), allow_nan=False)


def test_several_branches_without_a_mapper_count_alike() -> None:
    measured = made(branches=2)
    done = run(recipe(branches=2), measured)
    score = -measured.table.values.mean(axis=1)
    assert done.overall.values["srocc"] == pytest.approx(stats.spearmanr(score, measured.table.quality).statistic)
    held = run(recipe("ridge", branches=2), measured, Protocol("loco"))
    assert (held.overall.values["plcc"] or 0) > 0.9


def test_another_dataset_to_fit_on() -> None:
    here, there = made(contents=3), made(contents=12)
    there = other_pixels(renamed(there, "there"))
    done = run(recipe("logistic5"), here, Protocol("train"), trained_on=[there])
    assert done.overall.count == 24
    assert done.protocol["train"] == [{"dataset": "made", "path": "made", "n": 96}]
    mapper = installed().part("mapper", "logistic5").create()
    mapper.fit(there.table.values, there.table.quality)
    assert np.array_equal(done.predictions[0].raw.score, mapper.predict(here.table.values).score)


def test_another_dataset_is_fitted_on_beside_the_own_contents() -> None:
    here, there = made(contents=3), other_pixels(renamed(made(contents=12), "there"))
    done = run(recipe("logistic5"), here, Protocol("loco"), trained_on=[there])
    assert (done.overall.count, done.overall.fit) == (24, "held-out as far as identical pixels show")
    assert done.protocol["train"] == [{"dataset": "made", "path": "made", "n": 96}]
    (part,) = [item for item in done.predictions if set(item.clusters) == {"made:scene1"}]
    others = np.r_[0:8, 16:24]
    mapper = installed().part("mapper", "logistic5").create()
    mapper.fit(
        np.concatenate([here.table.values[others], there.table.values]),
        np.concatenate([here.table.quality[others], there.table.quality]),
    )
    assert np.array_equal(part.raw.score, mapper.predict(here.table.values[8:16]).score.clip(0, 100))
    with pytest.raises(UsageError, match="one scene or picture on both sides"):
        run(recipe("logistic5"), here, Protocol("loco"), trained_on=[renamed(here, "there")])


def test_scores_stay_on_the_scale_of_the_ratings() -> None:
    measured = made()
    beyond = changed(measured, values=measured.table.values - 5)
    fitted = fitting.fit(recipe("linear"), with_recipe(measured, recipe("linear")))
    (part,) = run(fitted, other_pixels(renamed(beyond, "other"))).predictions
    assert set(part.raw.score) == set(part.raw.high) == {100}


def test_a_fit_to_two_datasets_and_of_the_classifier() -> None:
    here, there = made(contents=3), made(contents=12, types=("GB", "WN"))
    tenth = attrs.evolve(
        changed(other_pixels(renamed(there, "there")), quality=there.table.quality / 10),
        rated=attrs.evolve(there.rated, name="there", ratings=attrs.evolve(there.rated.ratings, range=(0, 10))),
    )
    given = recipe("logistic5", classifier=Choice("multinomial"))
    fitted = fitting.fit(given, with_recipe(here, given), [tenth])
    assert isinstance(fitted, Recipe)
    assert fitted.fitted is not None
    assert (fitted.fitted.dataset, fitted.fitted.images, fitted.fitted.range) == ("made + there", 120, (0, 100))
    assert {"made:scene0", "there:scene11"} <= set(fitted.fitted.seen_ids)
    mapper = installed().part("mapper", "logistic5").create()
    both = [item.table.values for item in (here, there)]
    mapper.fit(np.concatenate(both), np.concatenate([here.table.quality, there.table.quality]))
    assert fitted.state["coefficients"] == pytest.approx(mapper.state()["coefficients"])
    assert fitted.classifier_state["classes"] == ["GB", "WN"]
    with pytest.raises(FitError, match="no image names its distortion type, which classifier multinomial learns"):
        fitting.fit(given, with_recipe(changed(here, distortions=(None,) * 24), given))
    with pytest.raises(FitError, match="recipe 'mine': multinomial needs at least two types"):
        fitting.fit(given, with_recipe(here, given))


def test_the_classifier_is_evaluated_on_what_it_was_not_fitted_to() -> None:
    types = ("GB", "WN")
    measured = made(contents=6, types=types)
    noisy = [kind == "WN" for kind in measured.table.distortions]
    shifted = measured.table.values + np.array(noisy)[:, None]
    apart = changed(measured, values=shifted)
    given = recipe("logistic5", classifier=Choice("multinomial"))
    held = run(given, apart, Protocol("loco")).type_accuracy
    assert held is not None
    assert (held.count, held.fit, held.to_dict()["n"]) == (48, "held-out", 48)
    right = 0
    for content in set(apart.table.contents):
        out = np.array([own == content for own in apart.table.contents])
        classifier = installed().part("classifier", "multinomial").create()
        x, kinds = apart.table.values, np.array(apart.table.distortions)
        classifier.fit(x[~out], kinds[~out].tolist())
        right += int((np.array(classifier.classes)[classifier.probabilities(x[out]).argmax(1)] == kinds[out]).sum())
    assert held.accuracy == right / 48 > 0.9
    assert held.right("GB") == held.confusion["GB"]["GB"] / 24
    fitted = fitting.fit(given, with_recipe(apart, given))
    same = run(fitted, apart).type_accuracy
    assert same is not None
    assert same.fit == "in-sample"
    assert run(recipe("logistic5"), apart, Protocol("loco")).type_accuracy is None
    assert run(given, apart).type_accuracy is None  # not fitted
    merged = recipe("logistic5", classifier=Choice("multinomial", {"types": ["GB"]}))
    reported = run(merged, apart, Protocol("loco")).type_accuracy
    assert reported is not None
    assert set(reported.confusion) == {"GB", "other"}


def test_leaks_are_refused() -> None:
    here = made(contents=3)
    with pytest.raises(
        UsageError, match="has one scene or picture on both sides: 0.png is fitted on and 0.png is tested"
    ):
        run(recipe("logistic5"), here, Protocol("train"), trained_on=[made(contents=3)])
    with pytest.raises(UsageError, match="one scene or picture on both sides"):
        run(recipe("logistic5"), here, Protocol("train"), trained_on=[renamed(here, "there")])
    twins = made(digests=("twin", *(f"digest{i}" for i in range(78)), "twin"))
    for protocol in (Protocol("loco"), Protocol("kfold", folds=10), Protocol("repeated", repeats=60)):
        with pytest.raises(UsageError, match="0.png is fitted on and 79.png is tested|79.png is fitted on and 0.png"):
            run(recipe("logistic5"), twins, protocol)
    labels = ("train", "test", *("train",) * 78)
    with pytest.raises(UsageError, match="one scene or picture on both sides"):
        run(recipe("logistic5"), made(labels=labels), Protocol("list"))
    nameless = changed(here, contents=(None,) * 24)
    with pytest.raises(UsageError, match="made names no reference for 0.png: use --split list"):
        prepared(Protocol("loco"), here.rated)
    with pytest.raises(UsageError, match="some images name none"):
        run(recipe("logistic5"), nameless, Protocol("loco"))
    assert run(recipe("logistic5"), nameless).overall.contents == 24


def test_json_has_the_fields_and_no_nan() -> None:
    text = json.dumps(run(recipe(), made(types=("GB", "WN"))).to_dict(), allow_nan=False)
    plain = json.loads(text)
    assert {"n", "overall", "by_distortion", "protocol", "recipe", "versions"} <= set(plain)
    assert {"plcc", "srocc", "krocc", "rmse"} <= set(plain["overall"])
    assert set(plain["by_distortion"]) == {"GB", "WN"}
    low, high = plain["overall"]["interval95"]["plcc"]
    assert low < plain["overall"]["plcc"] < high


def test_scales_that_differ_are_brought_together_or_told() -> None:
    here = made(contents=4)
    there = other_pixels(renamed(made(contents=12), "there"))
    tenth = attrs.evolve(
        changed(there, quality=there.table.quality / 10),
        rated=attrs.evolve(there.rated, ratings=attrs.evolve(there.rated.ratings, range=(0, 10))),
    )
    whole, scaled = (run(recipe("logistic5"), here, Protocol("train"), trained_on=[other]) for other in (there, tenth))
    assert scaled.overall.values["rmse"] == pytest.approx(whole.overall.values["rmse"], rel=1e-6)
    assert any("brought to this dataset's range" in note for note in scaled.notes)
    fitted = fitting.fit(recipe("logistic5"), with_recipe(tenth, recipe("logistic5")))
    foreign = run(fitted, here)
    assert (foreign.overall.values["rmse"], foreign.overall.coverage) == (None, None)
    assert foreign.overall.values["plcc"] == pytest.approx(whole.overall.values["plcc"], rel=1e-6)
    assert any("fitted to scores from 0 to 10, not this dataset's" in note for note in foreign.notes)


def test_images_without_a_mapper_to_score_them_are_told_and_do_not_count() -> None:
    here = made(types=("GB", "WN"))
    there = other_pixels(renamed(made(), "there"))
    sets = RecipeSet("both", {"GB": recipe("logistic5"), "WN": recipe("logistic5")})
    done = run(sets, here, Protocol("train"), trained_on=[there])
    assert (done.overall.count, done.by_distortion["GB"].count, done.by_distortion["WN"].count) == (40, 40, 0)
    assert "not fitted everywhere, WN: there are no images to fit it on" in done.notes


def test_each_type_says_where_its_own_recipe_was_fitted() -> None:
    measured = made(types=("GB", "WN"))
    sets = RecipeSet("both", {"GB": recipe("logistic5"), "WN": recipe("logistic5")})
    fitted = fitting.fit(sets, with_recipe(measured, sets))
    assert isinstance(fitted, RecipeSet)
    elsewhere = attrs.evolve(fitted.recipes["WN"], fitted=Provenance("else", 9, (0, 100), ("else:scene",)))
    done = run(attrs.evolve(fitted, recipes={**fitted.recipes, "WN": elsewhere}), measured)
    assert [done.by_distortion[kind].fit for kind in ("GB", "WN")] == [
        "in-sample",
        "held-out as far as identical pixels show",
    ]
    assert done.overall.fit == "in-sample for 40 of 80 images"


def test_a_set_fitted_in_part_names_the_rest() -> None:
    measured = made(types=("GB", "WN"))
    sets = RecipeSet("both", {"GB": recipe("logistic5"), "WN": recipe("logistic5")})
    fitted = fitting.fit(sets, with_recipe(measured, sets))
    assert isinstance(fitted, RecipeSet)
    part = attrs.evolve(fitted, recipes={**fitted.recipes, "WN": recipe("logistic5")})
    assert any("no fitted mapper for WN" in note for note in run(part, measured).notes)


def test_a_reference_photo_on_one_side_and_its_scene_on_the_other_are_a_leak() -> None:
    here = changed(made(contents=3), contents=tuple(f"sha256:photo{i // 8}" for i in range(24)))
    there = renamed(made(contents=3), "there")
    there = changed(there, digests=["photo1", *(f"other{i}" for i in range(23))])
    with pytest.raises(UsageError, match="0.png is fitted on and 8.png is tested"):
        run(recipe("logistic5"), here, Protocol("train"), trained_on=[there])
