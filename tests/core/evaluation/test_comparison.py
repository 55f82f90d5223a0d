"""Competitors on the same images: what differs is told apart, what does not is not, and chance is no difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import pytest
from scipy import stats

from veiqa_core.cli.comparison_output import written
from veiqa_core.contracts import Prediction, RatedImage, Ratings
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.errors import UsageError
from veiqa_core.evaluation import differences
from veiqa_core.evaluation.agreement import FIGURES
from veiqa_core.evaluation.columns import Columns, Predictions
from veiqa_core.evaluation.comparison import Comparison, Study, compare
from veiqa_core.evaluation.measured import MeasuredSet
from veiqa_core.evaluation.resampling import Track
from veiqa_core.evaluation.splits import Protocol
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.quantity import Similarity
from veiqa_core.measuring.table import Measurements
from veiqa_core.recipes.recipe import Branch, Choice, Recipe
from veiqa_core.recipes.resolution import resolve_all

CONTENTS, EACH = 12, 8
COUNT = CONTENTS * EACH


def competitors(noises: Mapping[str, float], seed: int = 0, mapper: str | None = None) -> dict[str, MeasuredSet]:
    """One set of images as competitors measure it whose values follow quality with so much noise."""
    rng = np.random.default_rng(seed)
    quality = rng.uniform(0, 100, COUNT)
    names = tuple(f"{i}.png" for i in range(COUNT))
    images = tuple(RatedImage(image=name, score=50.0) for name in names)
    rated = RatedSet("made", "made", Path("made"), Ratings(images=images, score_type="mos", range=(0, 100)))
    found = {}
    for name, noise in noises.items():
        given = Recipe(name, (Branch(pri=Choice("mean-blur")),), None if mapper is None else Choice(mapper))
        recipes = resolve_all(given, installed())
        table = Measurements(
            names=names,
            quality=quality,
            quantities=tuple(map(Similarity, recipes.recipes[None].branches)),
            distortions=tuple(("GB", "WN")[i % 2] for i in range(COUNT)),
            contents=tuple(f"scene{i // EACH}" for i in range(COUNT)),
            digests=[f"digest{i}" for i in range(COUNT)],
            values=-(quality + rng.normal(0, noise, COUNT))[:, None] / 100,
        )
        found[name] = MeasuredSet(rated, recipes, table, {}, {}, 0, {})
    return found


def run(measured: Mapping[str, MeasuredSet], protocol: Protocol | None = None, **more: Any) -> Comparison:
    return compare(measured, protocol or Protocol(), installed(), **more)


def test_the_better_is_told_from_the_worse_and_equals_are_not() -> None:
    done = run(competitors({"good": 5, "as good": 5, "poor": 60}))
    pairs = {(pair.first, pair.second): pair for pair in done.pairs}
    assert set(pairs) == {("good", "as good"), ("good", "poor"), ("as good", "poor")}
    assert [pair.apart for pair in pairs.values()] == [False, True, True]
    clear = pairs["good", "poor"].differences["srocc"]
    values = {name: own.overall.values["srocc"] or 0 for name, own in done.evaluations.items()}
    assert clear.value == pytest.approx(values["good"] - values["poor"])
    assert clear.interval is not None
    assert 0 < clear.interval[0] < (clear.value or 0) < clear.interval[1]
    assert clear.p is not None
    assert clear.p_holm is not None
    assert clear.p <= clear.p_holm < 0.05
    assert clear.test is not None
    assert clear.test.p < 0.001
    worse = pairs["good", "poor"].differences["rmse"]
    assert (worse.value or 0) < 0
    assert worse.test is not None
    assert worse.test.statistic < 1  # the variance of the better one's residuals is smaller
    assert pairs["good", "poor"].in_words.startswith("good ranks better than poor: SROCC is higher by ")
    assert pairs["good", "as good"].in_words.startswith("good and as good are not told apart: SROCC differs by ")


def test_who_waits_is_shown_the_competitors_and_the_samples() -> None:
    shown: list[tuple[str, str, int, int]] = []

    def track(label: str, unit: str) -> Track:
        def through(items: Iterable[Any], total: int) -> Iterator[Any]:
            done = 0
            for item in items:
                yield item
                done += 1
            shown.append((label, unit, done, total))

        return through

    several = {f"competitor {number}": 10.0 for number in range(8)}
    run(competitors(several), track=track)
    assert shown == [("evaluating made", " competitors", 8, 8), ("comparing on made", " samples", 2800, 2800)]
    shown.clear()
    run(competitors({"one": 10}), track=track)
    assert shown == [("evaluating made", " competitors", 1, 1)]


def test_differences_are_of_paired_samples() -> None:
    """A competitor and a copy that ranks alike: no sample tells them apart, though each has a wide interval."""
    measured = competitors({"one": 40})
    twin = attrs.evolve(measured["one"], table=attrs.evolve(measured["one"].table))
    (pair,) = run({**measured, "twin": twin}).pairs
    for own in pair.differences.values():
        assert (own.value, own.p, own.p_holm) == (0, 1, 1)
        assert own.interval == (0, 0)
    assert pair.differences["srocc"].test is not None
    assert pair.differences["srocc"].test.p == 1


def test_without_a_difference_few_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equally good competitors, again and again: a p below .05 is about as rare as it says."""
    monkeypatch.setattr(differences, "_SAMPLES", 200)
    monkeypatch.setattr(differences, "FIGURES", {"srocc": FIGURES["srocc"]})
    rng, times, low = np.random.default_rng(2), 150, 0
    scenes = tuple(f"scene{i // EACH}" for i in range(COUNT))
    for _ in range(times):
        quality = rng.uniform(0, 100, COUNT)
        both: Any = {}
        for name in ("one", "two"):
            score = quality + rng.normal(0, 30, COUNT)
            part = Predictions(scenes, quality, (None,) * COUNT, scenes, Prediction(score, score, score), score, {}, {})
            both[name] = SimpleNamespace(columns=Columns(part, "none", True, True), clusters=scenes)
        (pair,) = differences.over_samples(both, 0)
        low += bool((pair.differences["srocc"].p or 1) < 0.05)
    assert low <= stats.binom.ppf(0.9999, times, 0.08)  # twelve contents: a percentile interval is a little narrow


def test_images_that_one_cannot_score_are_left_out_for_all() -> None:
    measured = competitors({"one": 5, "two": 5})
    some = measured["two"].table.select(range(8, COUNT))
    done = run({"one": measured["one"], "two": attrs.evolve(measured["two"], table=some)})
    assert {own.overall.count for own in done.evaluations.values()} == {COUNT - 8}
    assert "8 images are left out, which not every competitor could score" in done.notes
    with pytest.raises(UsageError, match="no image was scored by all competitors: one, two"):
        run(
            {
                "one": attrs.evolve(measured["one"], table=measured["one"].table.select(range(8))),
                "two": attrs.evolve(measured["two"], table=some),
            }
        )


def test_medians_over_splits_have_no_test() -> None:
    done = run(competitors({"good": 5, "poor": 60}, mapper="logistic4"), Protocol("repeated", repeats=6))
    (pair,) = done.pairs
    each = [
        stats.spearmanr(one.raw.score, one.quality).statistic - stats.spearmanr(two.raw.score, two.quality).statistic
        for one, two in zip(*(own.predictions for own in done.evaluations.values()), strict=True)
    ]
    found = pair.differences["srocc"]
    assert found.value == pytest.approx(np.median(each))
    assert found.interval == pytest.approx(tuple(np.quantile(each, [0.25, 0.75])))
    assert (found.p, found.test, pair.apart) == (None, None, None)
    assert any("medians over the splits" in note for note in done.notes)
    assert "are not tested: SROCC differs by" in pair.in_words


def test_few_contents_have_differences_but_no_interval() -> None:
    measured = competitors({"one": 5, "two": 30})
    few = {name: attrs.evolve(own, table=own.table.select(range(4 * EACH))) for name, own in measured.items()}
    done = run(few)
    (pair,) = done.pairs
    assert pair.differences["srocc"].value is not None
    assert (pair.differences["srocc"].interval, pair.apart) == (None, None)
    assert "no intervals and p values of differences from fewer than 5 contents" in done.notes


def test_means_over_datasets_are_weighted_by_images() -> None:
    measured = competitors({"one": 5, "two": 60})
    part = {name: attrs.evolve(own, table=own.table.select(range(40))) for name, own in measured.items()}
    study = Study((run(measured), run(part)))
    values = [one.evaluations["two"].overall.values["srocc"] or 0 for one in study.datasets]
    assert study.means()["two"]["srocc"] == pytest.approx((COUNT * values[0] + 40 * values[1]) / (COUNT + 40))
    assert "rmse" not in study.means()["two"]
    for form in ("table", "md", "latex", "csv", "json"):
        assert "two" in written(study, form)
    shown = written(study, "latex")
    assert shown.count(r"\begin{tabular}") == shown.count(r"\end{tabular}")
    prose = [line for line in shown.splitlines() if line and not line.startswith(("%", "\\"))]
    assert all(line.endswith(r"\\") for line in prose)
