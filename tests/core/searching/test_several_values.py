"""Candidates of several values: a method's outputs, which a recipe takes or leaves together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest
from given_searches import (
    BRANCH,
    LOGISTIC,
    REGISTRY,
    RIDGE,
    GivenExecutor,
    chosen,
    rated_set,
    rows,
    settings,
    strategy_part,
)

from veiqa_core.contracts import FloatArray, Prediction, Proposal, SearchTask
from veiqa_core.evaluation import agreement, splits
from veiqa_core.evaluation.splits import Protocol
from veiqa_core.extension.registry import Part
from veiqa_core.measuring.table import silent
from veiqa_core.scoring.mapping import fitted_prediction
from veiqa_core.searching import certainty, nested
from veiqa_core.searching.candidates import Candidate, columns_of, quantities_of
from veiqa_core.searching.objective import NAMES
from veiqa_core.searching.scores import values
from veiqa_core.searching.trials import Trials
from veiqa_core.searching.winners import winner

BPRI = REGISTRY.part("method", "bpri")  # of three values
NIQE = REGISTRY.part("method", "niqe")
MIXED = (
    Candidate(BRANCH, {"pri": "jpeg"}),
    Candidate(BPRI, {"method": "bpri"}),
    Candidate(attrs.evolve(BRANCH, layer="bn1"), {"pri": "jpeg", "layer": "bn1"}),
)
"""Of one, three and one values."""


def mixed_trials(given: FloatArray, quality: FloatArray, contents: int = 10) -> tuple[Trials, GivenExecutor]:
    executor = GivenExecutor(given)
    return Trials.of(rated_set(quality, contents), MIXED, executor, silent), executor  # type: ignore[arg-type]


def parts_of_quality(seed: int, count: int = 60) -> tuple[FloatArray, FloatArray]:
    """Five values of images, and their quality: the sum of those that are the method's, a little of the last branch."""
    given = np.random.default_rng(seed).normal(size=(count, 5))
    return given, given @ [0.0, 1.0, 1.0, 1.0, 0.7]


def test_each_candidate_has_its_own_columns() -> None:
    assert [list(columns) for columns in columns_of(MIXED)] == [[0], [1, 2, 3], [4]]
    assert len(quantities_of(MIXED)) == 5
    assert [candidate.several for candidate in (*MIXED, Candidate(NIQE, {}))] == [False, True, False, False]
    assert MIXED[1].key == "bpri"


@pytest.mark.parametrize("objective", NAMES)
def test_several_values_are_ranked_by_predictions_of_contents_left_out(objective: str) -> None:
    given, quality = parts_of_quality(0)
    trials, _ = mixed_trials(given, quality)
    which = settings(objective)
    selection = chosen(trials, which)
    assert selection.chosen == (1,)
    contents = [trials.table.clusters[row] for row in rows(trials)]
    own = given[:, 1:4]
    expected = np.empty(len(quality))
    for split in splits.by_content(Protocol("kfold", folds=5, seed=0), contents):
        assert not {contents[i] for i in split.train} & {contents[i] for i in split.test}
        expected[split.test] = fitted_prediction(RIDGE, own[split.train], quality[split.train], own[split.test]).score
    figure = agreement.FIGURES[objective](expected, quality)
    assert which.objective.reported(float(selection.figures[1])) == pytest.approx(figure, abs=1e-12)


def test_values_that_say_nothing_do_not_flatter_by_their_number() -> None:
    """In-sample, three values that know nothing agree with twelve images; left out, they do not."""
    linear = REGISTRY.part("mapper", "linear")
    fitted, figures = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        given, quality = rng.normal(size=(12, 5)), rng.normal(size=12)
        trials, _ = mixed_trials(given, quality)
        figures.append(chosen(trials, settings(mapper_of_many=linear)).figures[1])
        scores = fitted_prediction(linear, given[:, 1:4], quality, given[:, 1:4]).score
        fitted.append(agreement.srocc(scores, quality))
    assert np.mean(figures) < 0.1 < 0.3 < np.mean(fitted)  # type: ignore[arg-type]


def test_a_combination_takes_all_values_of_a_method_and_fits_to_them() -> None:
    given, quality = parts_of_quality(1)
    trials, executor = mixed_trials(given, quality)
    which = settings(branches=3)
    selection = chosen(trials, which)
    assert selection.chosen == (1, 2)  # the first branch says nothing
    assert selection.path[1] > 0.97 > selection.path[0] == pytest.approx(selection.alone)
    found = winner(None, selection, which, trials, np.array([9.0, 0.0, 8.0]), [])
    assert found.cheapest == 1
    assert [len(found.recipe.branches), len(found.recipe.methods)] == [1, 1]
    assert found.recipe.branches[0].layer == "bn1"
    assert found.recipe.mapper is not None
    assert found.recipe.mapper.name == "veiqa:ridge"
    assert agreement.srocc(found.scores, quality) > 0.99  # type: ignore[operator]
    columns = given[:, [4, 1, 2, 3]]  # a recipe's branches, then the values of its methods
    expected = fitted_prediction(RIDGE, columns, quality, columns).score
    assert np.array_equal(found.scores, expected)
    assert found.chance is not None
    assert found.chance.high < 0.6 < agreement.srocc(found.values, quality)  # type: ignore[operator]
    folds, predictions = nested.predict(which, trials, {None: rows(trials)})
    assert [fold.chosen for fold in folds] == [(1, 2)] * 5
    assert nested.held_out(predictions, 0).values["srocc"] > 0.97
    assert executor.asked == [(f"{row}.png", (0, 1, 2, 3, 4)) for row in range(60)]  # all at once, and once


def test_nothing_is_fitted_twice_in_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: Counter[tuple[bytes, bytes]] = Counter()

    def counted(part: Part, similarities: FloatArray, quality: FloatArray, others: FloatArray) -> Prediction:
        fits[similarities.tobytes(), quality.tobytes()] += 1
        return fitted_prediction(part, similarities, quality, others)

    def searched() -> list[FloatArray]:
        trials, _ = mixed_trials(*parts_of_quality(1))
        which = settings(branches=3)
        selection = chosen(trials, which)
        folds, predictions = nested.predict(which, trials, {None: rows(trials)})
        trials = attrs.evolve(trials, table=attrs.evolve(trials.table))
        found = winner(None, selection, which, trials, np.array([9.0, 0.0, 8.0]), [])
        assert [fold.chosen for fold in folds] == [selection.chosen] * 5 == [(1, 2)] * 5
        predicted = [one.raw.score for one in predictions]
        return [selection.figures, np.array(selection.path), found.values, found.scores, *predicted]

    monkeypatch.setattr("veiqa_core.searching.scores.fitted_prediction", counted)
    once = searched()
    choices, sets = 6, 4  # of each choice: the method alone, with either branch, and with both
    assert len(fits) == choices * sets * 5
    assert set(fits.values()) == {1}
    monkeypatch.setattr("veiqa_core.searching.trials.MOST", 0)
    fits.clear()
    again = searched()
    assert max(fits.values()) == 5, "what there is no room for is made again"
    assert all(np.array_equal(one, other, equal_nan=True) for one, other in zip(once, again, strict=True))


def test_two_methods_of_several_values_have_predictions_of_their_own() -> None:
    other = REGISTRY.part("method", "bliinds2")  # of 24 values
    both = (Candidate(BPRI, {"method": "bpri"}), Candidate(other, {"method": "bliinds2"}))
    given = np.random.default_rng(3).normal(size=(60, 3 + 24))
    quality = given[:, 3:].sum(1)
    trials = Trials.of(rated_set(quality, 10), both, GivenExecutor(given), silent)  # type: ignore[arg-type]
    selection = chosen(trials, settings())
    assert selection.chosen == (1,)
    assert abs(selection.figures[0]) < 0.6 < 0.95 < selection.figures[1]


def test_images_of_one_content_are_left_out_themselves() -> None:
    given, quality = parts_of_quality(2)
    trials, _ = mixed_trials(given, quality, contents=1)
    assert chosen(trials, settings()).chosen == (1,)


def test_a_value_that_is_missing_fails_the_candidate_alone() -> None:
    given, quality = parts_of_quality(3)
    executor = GivenExecutor(given)
    executor.failing[7, 1:4] = True
    trials = Trials.of(rated_set(quality, 10), MIXED, executor, silent)  # type: ignore[arg-type]
    selection = chosen(trials, settings())
    assert selection.chosen == (2,)
    assert np.isnan(selection.figures[1])
    assert np.isnan(values(settings(), trials, rows(trials), [1])).all()


def test_a_strategy_names_candidates_and_all_their_values_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[dict[int, float]] = []

    def propose(task: SearchTask) -> Iterator[Proposal]:
        assert len(task.candidates) == 3
        answers.append(dict((yield Proposal((1,), 0.2))))  # type: ignore[arg-type, func-returns-value]
        answers.append(dict((yield Proposal((1, 2), 1.0))))  # type: ignore[arg-type, func-returns-value]

    trials, executor = mixed_trials(*parts_of_quality(5))
    assert chosen(trials, settings(strategy=strategy_part(propose, monkeypatch))).chosen == (1,)
    assert [set(answer) for answer in answers] == [{1}, {1, 2}]
    assert executor.asked[0][1] == (1, 2, 3)
    assert not trials.table.measured[:, 0].any()


def test_chance_takes_a_candidate_of_several_values_as_one() -> None:
    """The best of three candidates by chance, not of five values."""
    rng = np.random.default_rng(6)
    given, quality = rng.normal(size=(60, 5)), rng.normal(size=60)
    trials, _ = mixed_trials(given, quality)
    which = settings()
    chosen(trials, which)
    three = values(which, trials, rows(trials), [0, 1, 2])
    assert three.shape == (60, 3)
    level = certainty.chance_level(three, quality, 0)
    assert level is not None
    assert 0.1 < level.median < level.high < 0.5


def test_the_mapper_knows_the_names_of_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    trend = REGISTRY.part("mapper", "trend-svr", {"trend": ["bpri/*"], "components": 3})
    trials, _ = mixed_trials(*parts_of_quality(7))
    which = attrs.evolve(settings(branches=2), mapper_of_many=trend)
    selection = chosen(trials, which)
    assert selection.chosen == (1, 2)
    found: Any = winner(None, selection, which, trials, np.zeros(3), []).recipe
    assert found.state
    assert which.mapper(["one"]).key == LOGISTIC.key
