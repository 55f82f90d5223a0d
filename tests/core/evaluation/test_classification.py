"""Evaluation: figures that rest on little are not reported as if they rested on much, and notes say so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from veiqa_core.cli.evaluation_output import comma_separated, correlation, markdown, table
from veiqa_core.contracts import RatedImage, Ratings
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.errors import FitError, RecipeError
from veiqa_core.evaluation import fit as fitting
from veiqa_core.evaluation.evaluate import Evaluation, evaluate
from veiqa_core.evaluation.measured import MeasuredSet
from veiqa_core.evaluation.splits import Protocol
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.quantity import Similarity
from veiqa_core.measuring.table import Measurements
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Recipe
from veiqa_core.recipes.resolution import resolve_all

BRANCHES = (Branch(pri=Choice("mean-blur")), Branch(pri=Choice("jpeg")))


def made(contents: Sequence[str | None], **columns: Any) -> MeasuredSet:
    """One image for each content named, GB unless ``distortions`` say otherwise; quality falls with similarity."""
    rng = np.random.default_rng(1)
    count = len(contents)
    similarity = rng.uniform(0, 1, (count, 1))
    given: dict[str, Any] = {
        "names": tuple(f"{i}.png" for i in range(count)),
        "quality": 100 / (1 + np.exp(9 * (similarity[:, 0] - 0.5))) + rng.normal(0, 4, count),
        "distortions": ("GB",) * count,
        "contents": tuple(contents),
        "digests": [f"digest{i}" for i in range(count)],
        "values": similarity,
    }
    given |= columns
    recipes = resolve_all(Recipe("mine", BRANCHES[: given["values"].shape[1]]), installed())
    table = Measurements(quantities=tuple(map(Similarity, recipes.recipes[None].branches)), **given)
    images = tuple(RatedImage(image=name, score=50.0) for name in table.names)
    rated = RatedSet("made", "made", Path("made"), Ratings(images=images, score_type="mos", range=(0, 100)))
    return MeasuredSet(rated, recipes, table, {}, {}, 0, {"precision": "float32"})


def with_recipe(measured: MeasuredSet, given: Recipe) -> MeasuredSet:
    return attrs.evolve(measured, recipes=resolve_all(given, installed()))


def scenes(count: int, each: int) -> list[str]:
    return [f"scene{i}" for i in range(count) for _ in range(each)]


def recipe(mapper: str | None, **given: Any) -> Recipe:
    return Recipe("mine", BRANCHES[:1], None if mapper is None else Choice(mapper), **given)


def fitted_to(measured: MeasuredSet) -> Recipe:
    given = recipe("logistic4")
    fitted = fitting.fit(given, with_recipe(measured, given))
    assert isinstance(fitted, Recipe)
    return fitted


def run(given: Recipe, measured: MeasuredSet, protocol: Protocol | None = None) -> Evaluation:
    return evaluate(with_recipe(measured, given), protocol or Protocol(), installed())


def test_a_mapping_fitted_to_other_images_is_held_to_the_scale() -> None:
    far = made(scenes(8, 6))
    beyond = far.table.values + np.where(np.arange(len(far.table)) < 6, 1e6, 0)[:, None]
    far = attrs.evolve(far, table=attrs.evolve(far.table, values=beyond))
    for protocol in (Protocol("loco"), Protocol("kfold", folds=4)):
        for part in run(recipe(None), far, protocol).predictions:
            for mapped in (*part.mapped.values(), *part.mapped_by_type.values()):
                assert ((mapped >= 0) & (mapped <= 100)).all()
    mappings = run(recipe(None), far, Protocol("loco")).overall.mappings
    assert all(float(mappings[name]["rmse"] or 0) < 60 for name in ("logistic4", "logistic5"))


def test_a_figure_that_few_splits_have_is_not_told_and_one_that_some_lack_says_so() -> None:
    contents = scenes(10, 6)
    kinds = ["GB" if i % 6 < 3 else "WN" for i in range(60)]
    kinds[6:] = [
        "JPEG" if kind == "GB" and i >= 36 else "WN" if kind == "GB" else kind for i, kind in enumerate(kinds[6:], 6)
    ]
    done = run(recipe("logistic4"), made(contents, distortions=tuple(kinds)), Protocol("kfold", folds=10))
    rare, some, usual = (done.by_distortion[kind] for kind in ("GB", "JPEG", "WN"))
    assert (rare.count, rare.values["srocc"], rare.intervals["srocc"]) == (3, None, None)  # in one fold of ten
    assert rare.mappings["none"]["plcc"] is None
    assert (some.splits, some.known["srocc"]) == (10, 4)
    assert some.values["srocc"] is None
    assert usual.values["srocc"] is not None
    assert usual.to_dict()["splits"] == {"count": 10, "plcc": 10, "srocc": 10, "krocc": 10, "rmse": 10}
    few = "in most splits, fewer than 3 images have a score"
    assert rare.missing["srocc"] == few
    assert f"GB, JPEG: no PLCC, SROCC, KROCC: {few}" in done.notes
    assert "GB, JPEG: no RMSE: in most splits, no image has a score" in done.notes
    halves = run(recipe("logistic4"), made(contents, distortions=tuple(kinds)), Protocol("kfold", folds=5))
    known = halves.by_distortion["JPEG"].known["srocc"]
    assert 3 <= known <= 4
    assert halves.by_distortion["JPEG"].values["srocc"] is not None
    assert f"JPEG: PLCC, SROCC, KROCC, RMSE over the {known} of 5 splits in which they exist" in halves.notes
    assert "splits" not in run(recipe("logistic4"), made(contents)).overall.to_dict()


def test_few_contents_give_no_interval_and_a_note() -> None:
    four, five = (run(recipe(None), made(scenes(count, 6))) for count in (4, 5))
    assert set(four.overall.intervals.values()) == {None}
    assert "GB, overall: no 95 % intervals from fewer than 5 contents" in four.notes
    assert "95 % bootstrap intervals" not in table(four).split("no 95 %")[0]
    assert five.overall.intervals["srocc"] is not None
    assert not [note for note in five.notes if "intervals" in note]
    kinds = tuple("GB" if i < 24 else "WN" for i in range(48))
    both = run(recipe(None), made(scenes(8, 6), distortions=kinds))
    assert both.overall.intervals["srocc"] is not None
    assert "GB, WN: no 95 % intervals from fewer than 5 contents" in both.notes


def test_another_precision_is_told_everywhere_and_recorded() -> None:
    usual = made(scenes(6, 4))
    rough = attrs.evolve(usual, versions={"precision": "bfloat16"})
    done = run(recipe(None), rough)
    for form in (table, markdown):
        assert "computed in bfloat16" in form(done)
        assert "bfloat16" not in form(run(recipe(None), usual))
    assert comma_separated(done).splitlines()[-1].endswith(",bfloat16")
    exact, coarse = fitted_to(usual), fitted_to(rough)
    assert "precision" not in recipe_files.dumps(exact)
    text = recipe_files.dumps(coarse)
    assert 'precision = "bfloat16"' in text
    assert recipe_files.loads(text, "x", "x") == coarse
    assert "fitted in bfloat16, evaluated in float32" in run(coarse, usual).notes
    assert "fitted in float32, evaluated in bfloat16" in run(exact, rough).notes
    assert not [note for note in run(coarse, rough).notes if note.startswith("fitted in")]
    with pytest.raises(
        RecipeError, match="x: fitted.precision: must be a text of 1 to 200 printable characters, not 7"
    ):
        recipe_files.loads(text.replace('precision = "bfloat16"', "precision = 7"), "x", "x")


def test_held_out_by_record_says_that_crops_would_not_be_noticed() -> None:
    here = made(scenes(6, 4))
    there = made([f"other{scene}" for scene in scenes(6, 4)], digests=[f"other{i}" for i in range(24)])
    half = made([None] * 24, digests=tuple(f"{'other' if i % 2 else 'digest'}{i}" for i in range(24)))
    reported = (
        "contents are known again by identical pixels only: copies that were cropped or changed would not be noticed"
    )
    fitted = fitted_to(here)

    def caveats(given: Recipe, measured: MeasuredSet, protocol: Protocol | None = None) -> list[str]:
        return [note for note in run(given, measured, protocol).notes if note.startswith(reported)]

    assert run(fitted, there).overall.fit == "held-out as far as identical pixels show"
    assert len(caveats(fitted, there)) == len(caveats(fitted, half)) == 1
    assert caveats(fitted, here) == []  # in-sample
    assert caveats(fitted, there, Protocol("loco")) == []  # fitted anew
    assert caveats(attrs.evolve(fitted, fitted=None), there) == []  # not labelled held-out
    assert caveats(recipe(None), there) == []


def test_images_without_a_reference_are_told_to_count_as_contents() -> None:
    reported = "this dataset names no references: every image counts as a content of its own"
    assert reported in run(recipe(None), made([None] * 24)).notes
    some = run(recipe(None), made([None, None, *scenes(6, 4)])).notes
    assert "2 images name no reference: each counts as a content of its own" in some
    assert not [note for note in run(recipe(None), made(scenes(6, 4))).notes if "of its own" in note]


def test_what_is_refitted_is_said_once_and_rightly() -> None:
    measured = made(scenes(6, 8))
    reported = table(run(recipe("identity"), measured, Protocol("loco")))
    assert "protocol: loco; only the mappings below are refitted" in reported
    assert "the mapper is refitted" not in reported
    assert "protocol: loco; the mapper is refitted" in table(run(recipe("logistic4"), measured, Protocol("loco")))


def test_told_types_count_images_not_tests() -> None:
    measured = made(scenes(6, 8), distortions=tuple(("GB", "WN")[i % 2] for i in range(48)))
    given = recipe("logistic4", classifier=Choice("multinomial"))
    done = run(given, measured, Protocol("repeated", repeats=20))
    reported = done.type_accuracy
    assert reported is not None
    tested = {name for part in done.predictions for name in part.names}
    assert reported.to_dict()["n"] == reported.images == len(tested) <= 48
    assert reported.to_dict()["tests"] == reported.count == 20 * 8
    assert f"% of 160 tests of {len(tested)} images, held-out" in table(done)
    once = run(given, measured, Protocol("loco")).type_accuracy
    assert once is not None
    assert once.images == once.count == 48


def alike(measured: MeasuredSet, *hints: str) -> MeasuredSet:
    """The same with hints by content: hints of the n-th scene end in n."""
    own = tuple(frozenset(f"{hint}{str(content)[-1]}" for hint in hints) for content in measured.table.contents)
    return attrs.evolve(measured, table=attrs.evolve(measured.table, hints=own))


def test_contents_known_by_name_only_are_perhaps_in_sample() -> None:
    here = alike(made(scenes(6, 4)), "name:caps")
    there = made([f"other{scene}" for scene in scenes(6, 4)], digests=[f"other{i}" for i in range(24)])
    fitted = fitted_to(here)
    same, others = run(fitted, alike(there, "name:caps")), run(fitted, alike(there, "name:monarch"))
    assert same.overall.fit == "perhaps in-sample for 24 of 24 images"
    assert "24 images show a content named like one that was fitted on" in same.notes
    assert others.overall.fit == "held-out as far as names and looks show"
    digests = [f"digest{i}" if i < 6 else "x" for i in range(24)]
    mixed = alike(attrs.evolve(there, table=attrs.evolve(there.table, digests=digests)), "name:caps")
    assert run(fitted, mixed).overall.fit == "in-sample for 6 of 24 images, perhaps in-sample for 18 of 24 images"
    trained = evaluate(
        with_recipe(alike(there, "name:caps"), recipe("logistic4")),
        Protocol("train"),
        installed(),
        trained_on=[here],
    )
    assert trained.overall.fit == "perhaps in-sample for 24 of 24 images"


@pytest.mark.parametrize(
    ("columns", "names", "reason"),
    [
        ({"quality": np.full(24, 40.0)}, "PLCC, SROCC, KROCC, RMSE", "all ratings are the same"),
        ({"quality": 40 + 1e-15 * np.arange(24.0)}, "PLCC, SROCC, KROCC, RMSE", "all ratings are the same"),
        ({"values": np.full((24, 1), 0.25)}, "PLCC, SROCC, KROCC, RMSE", "all scores are the same"),
    ],
)
def test_a_missing_figure_says_why_once(columns: dict[str, Any], names: str, reason: str) -> None:
    done = run(recipe(None), made(scenes(6, 4), **columns))
    assert [note for note in done.notes if reason in note] == [f"GB, overall: no {names}: {reason}"]
    for form in (table, markdown):
        assert form(done).count(reason) == 1
    assert done.to_dict()["overall"]["missing"]["plcc"] == reason
    assert f"srocc: {reason}" in comma_separated(done)
    refitted = run(recipe("logistic4"), made(scenes(6, 4), **columns), Protocol("loco"))
    assert refitted.overall.values["srocc"] is None
    assert any("there is nothing to fit" in note for note in refitted.notes)
    with pytest.raises(FitError, match="there is nothing to fit"):
        fitted_to(made(scenes(6, 4), **columns))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.9996, "0.9996"),
        (0.99999, "0.99999"),
        (1.0, "1.000"),
        (-0.9999, "-0.9999"),
        (-0.0002, "0.000"),
        (0.5, "0.500"),
    ],
)
def test_a_correlation_is_not_rounded_to_what_it_is_not(value: float, shown: str) -> None:
    assert correlation(value) == shown


def test_a_type_of_one_image_and_a_mapping_of_few_points_say_why() -> None:
    kinds = tuple("WN" if i == 0 else "JPEG" if i < 5 else "GB" for i in range(24))
    done = run(recipe(None), made(scenes(6, 4), distortions=kinds))
    assert done.by_distortion["WN"].missing["srocc"] == "fewer than 3 images have a score"
    assert done.by_distortion["JPEG"].missing["plcc"] == "logistic5 cannot be fitted to so few images"
    assert done.by_distortion["JPEG"].values["srocc"] is not None


def test_a_branch_that_is_the_same_everywhere_is_remarked() -> None:
    rng = np.random.default_rng(0)
    measured = made(scenes(6, 4), values=np.stack([rng.uniform(0, 1, 24), np.full(24, 0.5)], axis=1))
    given = Recipe("mine", BRANCHES, Choice("linear"))
    fitted = fitting.fit(given, with_recipe(measured, given))
    (few, same) = fitting.remarks(fitted, measured)
    assert few == "mine: fitted to 6 contents only: fewer than 10 say little of others"
    assert same == "mine: branches that are the same in all images, and so add nothing: 1"
