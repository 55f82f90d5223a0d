"""An evaluation takes scores, intervals, novelty and types as a scorer reports them of the same images."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import attrs
import numpy as np
import pytest

from veiqa_core.contracts import RatedImage, Ratings
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.evaluation import fit as fitting
from veiqa_core.evaluation.evaluate import evaluate
from veiqa_core.evaluation.measured import MeasuredSet
from veiqa_core.evaluation.splits import Protocol
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.quantity import Similarity
from veiqa_core.measuring.table import Measurements
from veiqa_core.recipes.recipe import Branch, Choice, Recipe
from veiqa_core.recipes.resolution import resolve_all
from veiqa_core.scoring import fitted
from veiqa_core.scoring.recipe_scorer import RecipeScorer

RECIPE = Recipe(
    "mine",
    tuple(Branch(pri=Choice(name)) for name in ("mean-blur", "jpeg", "white-noise")),
    Choice("ridge"),
    classifier=Choice("multinomial"),
)
COUNT = 96


@pytest.fixture
def measured() -> MeasuredSet:
    """Three types, of which those called undistorted are as bad as the others."""
    rng = np.random.default_rng(4)
    values = rng.uniform(0, 1, (COUNT, 3))
    kinds = tuple(("GB", "WN", "none")[i % 3] for i in range(COUNT))
    values[:, 1] += [(0.0, 0.4, 0.8)[i % 3] for i in range(COUNT)]
    names = tuple(f"{i}.png" for i in range(COUNT))
    recipes = resolve_all(RECIPE, installed())
    table = Measurements(
        names=names,
        quality=100 * (1 - values[:, 0]) + rng.normal(0, 3, COUNT),
        quantities=tuple(map(Similarity, recipes.recipes[None].branches)),
        distortions=kinds,
        contents=tuple(f"scene{i // 8}" for i in range(COUNT)),
        digests=[f"digest{i}" for i in range(COUNT)],
        values=values,
    )
    images = tuple(RatedImage(image=name, score=50.0) for name in names)
    rated = RatedSet("made", "made", Path("made"), Ratings(images=images, score_type="mos", range=(0, 100)))
    return MeasuredSet(rated, recipes, table, {}, {}, 0, {})


def test_all_is_as_a_scorer_reports_it(measured: MeasuredSet) -> None:
    made = fitting.fit(RECIPE, measured)
    recipes = resolve_all(made, installed())
    done = evaluate(attrs.evolve(measured, recipes=recipes), Protocol(), installed())
    scorer = RecipeScorer(recipes.recipes[None])
    each = [scorer.score(row * scorer._signs) for row in measured.table.values]
    (part,) = done.predictions
    assert part.raw.score.tolist() == [one.score for one in each]
    assert [*zip(part.raw.low.tolist(), part.raw.high.tolist(), strict=True)] == [one.interval for one in each]
    assert part.novelty.tolist() == [one.novelty for one in each]
    reported = Counter(
        (kind, max(one.distortion or {}, key=lambda name: (one.distortion or {})[name]))
        for kind, one in zip(measured.table.distortions, each, strict=True)
    )
    assert done.type_accuracy is not None
    found = {(a, b): count for a, row in done.type_accuracy.confusion.items() for b, count in row.items()}
    assert found == reported
    assert 0 < reported["none", "none"] < 24  # the others score too low for that, and nobody is told so


def test_novelty_is_fitted_once_a_fold_and_only_where_intervals_are_wanted(
    measured: MeasuredSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    original = fitted.fitted_novelty

    def counting(*arguments: object) -> object:
        calls.append(1)
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(fitted, "fitted_novelty", counting)
    evaluate(measured, Protocol("kfold", folds=3), installed())
    assert len(calls) == 3  # once a fold, for ridge has intervals, and the images fitted on need none
    calls.clear()
    table = measured.table
    made = fitted.FittedMapper.fit(
        installed().part("mapper", "ridge"), table.values, table.quality, table.contents, table.distortions, None
    )
    made.plain(table.values)
    assert not calls
    _, novelty = made.predict(table.values)
    assert novelty is not None
    assert len(calls) == 1
