"""Choosing among candidates whose similarities are given: objectives, honesty, branches, strategies that misbehave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from given_searches import BRANCH, LOGISTIC, chosen, given_trials, rows, settings, strategy_part
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from veiqa_core.contracts import Proposal, SearchTask
from veiqa_core.errors import ComponentError, UsageError
from veiqa_core.evaluation import agreement
from veiqa_core.searching import certainty, nested
from veiqa_core.searching.objective import NAMES, Objective
from veiqa_core.searching.winners import winner


@given(arrays(float, (12, 3), elements=st.integers(-4, 4)), arrays(float, 12, elements=st.integers(-4, 4)))
def test_objectives_are_the_figures_of_the_field_in_the_better_direction(similarities: Any, quality: Any) -> None:
    for name in ("srocc", "krocc"):
        objective = Objective(name, LOGISTIC)
        found = objective.figures(objective.scores(similarities, quality), quality)
        for column, value in enumerate(found):
            expected = agreement.FIGURES[name](similarities[:, column], quality)
            if expected is None:
                assert np.isnan(value)
            else:
                assert value == pytest.approx(abs(expected), abs=1e-12)


def test_plcc_and_rmse_are_taken_after_the_mapper() -> None:
    rng = np.random.default_rng(0)
    similarities = rng.uniform(0, 1, (60, 2))
    quality = np.tanh(6 * (similarities[:, 0] - 0.5)) + rng.normal(0, 0.02, 60)
    plcc, rmse = (Objective(name, LOGISTIC) for name in ("plcc", "rmse"))
    scores = plcc.scores(similarities, quality)
    assert plcc.figures(scores, quality)[0] > 0.99 > agreement.plcc(similarities[:, 0], quality)
    assert rmse.reported(rmse.figures(scores, quality)[0]) == pytest.approx(agreement.rmse(scores[:, 0], quality))
    assert rmse.figures(scores, quality)[0] > rmse.figures(scores, quality)[1]


def test_the_best_candidate_wins_and_what_failed_has_no_figure() -> None:
    rng = np.random.default_rng(0)
    quality = rng.normal(size=40)
    values = np.stack([rng.normal(size=40), -quality, quality + rng.normal(size=40), np.zeros(40)], axis=1)
    failing = np.zeros(values.shape, dtype=bool)
    trials, _ = given_trials(values, quality)
    selection = chosen(trials, settings())
    assert selection.chosen == (1,)
    assert selection.path == (pytest.approx(1.0),)
    assert np.isnan(selection.figures[3])
    failing[7, 1] = True
    trials, _ = given_trials(values, quality, failing=failing)
    assert chosen(trials, settings()).chosen == (2,)
    assert trials.table.failures[1].images == 1
    assert trials.table.failures[1].reason == "7.png: it broke"


def test_images_that_cannot_be_read_are_left_out_and_named() -> None:
    quality = np.arange(12.0)
    trials, executor = given_trials(quality[:, None], quality, unreadable=["3.png"])
    selection = chosen(trials, settings())
    assert 3 not in selection.rows
    assert len(selection.rows) == 11
    assert trials.table.unread == {3: "3.png: torn"}
    chosen(trials, settings())
    assert len(executor.asked) == 12  # nothing is asked for twice


@pytest.mark.parametrize(
    ("values", "more", "problem"),
    [
        (np.zeros((12, 2)), {}, "no candidate has a figure"),
        (np.zeros((12, 2)), {"failing": np.ones((12, 2), dtype=bool)}, "the first: 0.png: it broke"),
        (np.zeros((12, 2)), {"unreadable": [f"{i}.png" for i in range(12)]}, "no image can be read; the first: 0.png"),
    ],
)
def test_where_nothing_can_be_chosen_the_reason_is_said(values: Any, more: Any, problem: str) -> None:
    trials, _ = given_trials(values, np.arange(12.0), **more)
    with pytest.raises(UsageError, match=problem):
        chosen(trials, settings())


def test_branches_that_complete_each_other_are_added_and_others_are_not() -> None:
    rng = np.random.default_rng(1)
    parts = rng.normal(size=(120, 3))
    quality = parts @ [1.0, 0.8, 0.0]
    trials, _ = given_trials(parts, quality)
    selection = chosen(trials, settings(branches=3))
    assert selection.chosen[:2] == (0, 1)
    assert selection.path[1] > 0.98 > selection.path[0]
    assert len(selection.chosen) == len(selection.path) == 2  # the third says nothing of quality


def test_one_content_gives_a_winner_without_further_branches_or_held_out_figures() -> None:
    rng = np.random.default_rng(8)
    quality = rng.normal(size=20)
    trials, _ = given_trials(rng.normal(size=(20, 3)) + quality[:, None], quality, contents=1)
    assert len(chosen(trials, settings(branches=3)).chosen) == 1
    assert nested.predict(settings(), trials, {None: rows(trials)}) == ((), [])


@pytest.mark.parametrize("objective", NAMES)
def test_choice_and_report_on_different_contents_do_not_take_chance_for_knowledge(objective: str) -> None:
    """The best of many candidates without any relation to quality looks good where it was chosen, and only there."""
    rng = np.random.default_rng(2)
    count = 400 if objective in ("srocc", "krocc") else 40
    quality = rng.normal(size=60)
    trials, _ = given_trials(rng.normal(size=(60, count)), quality, contents=20)
    which = settings(objective)
    flattering = chosen(trials, which)
    folds, predictions = nested.predict(which, trials, {None: rows(trials)})
    held_out = nested.held_out(predictions, 0)
    assert len(folds) == 5
    assert held_out.count == 60
    assert held_out.fit == "held-out"
    assert held_out.values["srocc"] < 0.2
    if objective == "srocc":
        chance = certainty.chance_level(trials.table.values, quality, 0)
        assert chance is not None
        assert 0.3 < chance.median < chance.high
        assert chance.median - 0.1 < flattering.path[0] < chance.high + 0.1


def test_a_fold_is_predicted_by_what_was_chosen_and_fitted_without_its_contents() -> None:
    """A candidate that is right on one content only wins everywhere else but where it is tested."""
    rng = np.random.default_rng(3)
    quality = rng.normal(size=50)
    honest = quality + rng.normal(0, 0.3, 50)
    trials, executor = given_trials(np.stack([honest, quality], axis=1), quality, contents=5)
    executor.values[np.arange(50) % 5 == 0, 1] = rng.normal(size=10) * 5  # perfect but on content 0
    folds, predictions = nested.predict(settings(), trials, {None: rows(trials)})
    tested = {part.clusters[0]: fold.chosen for fold, part in zip(folds, predictions, strict=True)}
    zero = trials.table.clusters[0]
    assert tested[zero] == (1,)  # chosen without it
    assert all(choice == (0,) for content, choice in tested.items() if content != zero)


def test_the_winner_stands_among_equals_and_the_cheapest_near_it_is_found() -> None:
    rng = np.random.default_rng(4)
    quality = rng.normal(size=100)
    best = quality + rng.normal(0, 0.3, 100)
    values = np.stack([best, best + rng.normal(0, 0.1, 100), rng.normal(size=100)], axis=1)
    trials, _ = given_trials(values, quality, contents=20)
    named = (attrs.evolve(c, item=attrs.evolve(BRANCH, layer=f"l{i}")) for i, c in enumerate(trials.candidates))
    trials = attrs.evolve(trials, candidates=tuple(named))
    selection = chosen(trials, settings())
    found = winner(None, selection, settings(), trials, np.array([9.0, 1.0, 0.1]), [])
    assert set(found.ranking.ties) == {0, 1}
    assert found.cheapest == 1
    assert found.ranking.behind[-1, 0] > 0
    low, high = found.ranking.intervals[0]
    assert low < found.ranking.figures[0] < high
    assert found.recipe.fitted is not None
    assert found.recipe.fitted.images == 100
    assert found.recipe.chosen == found.recipe.fitted
    assert found.cheap_recipe.branches[0].layer == "l1"
    assert found.chance is not None
    assert found.chance.high < 0.5 < found.ranking.figures[0]


def test_the_standard_error_is_that_of_contents_not_of_images() -> None:
    """Ten images of a content that all say the same tell no more than one."""
    rng = np.random.default_rng(5)
    quality, similarity = rng.normal(size=(2, 12))
    similarity = similarity + quality
    objective = Objective("srocc", LOGISTIC)
    once = certainty.bootstrap(objective, similarity[:, None], quality, [str(i) for i in range(12)], 0)
    often = certainty.bootstrap(
        objective, np.repeat(similarity, 10)[:, None], np.repeat(quality, 10), np.repeat(np.arange(12), 10).tolist(), 0
    )
    assert np.nanstd(often) == pytest.approx(np.nanstd(once), rel=0.35)


def test_shares_take_whole_contents_and_only_candidates_on_all_images_can_win(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[int, float]] = []

    def propose(task: SearchTask) -> Iterator[Proposal]:
        assert task.budget == 2
        seen.append(dict((yield Proposal((0, 1, 2), 0.25))))  # type: ignore[arg-type, func-returns-value]
        seen.append(dict((yield Proposal((0, 2), 1.0))))  # type: ignore[arg-type, func-returns-value]

    rng = np.random.default_rng(6)
    quality = rng.normal(size=80)
    values = np.stack([quality + rng.normal(0, s, 80) for s in (1.0, 0.1, 2.0)], axis=1)
    trials, executor = given_trials(values, quality, contents=8)
    which = settings(strategy=strategy_part(propose, monkeypatch), budget=2)
    selection = chosen(trials, which)
    assert selection.chosen == (0,)
    assert np.isnan(selection.figures[1])
    assert set(seen[0]) == {0, 1, 2}
    assert len(executor.asked) == 20 + 60  # what was measured on the first contents is not asked for again
    first = {int(name.removesuffix(".png")) % 8 for name, _ in executor.asked[:20]}
    assert len(first) == 2  # a quarter of eight contents, whole


@pytest.mark.parametrize(
    ("propose", "problem"),
    [
        (lambda task: iter([Proposal((9,))]), "proposes"),
        (lambda task: iter([Proposal((0,), 0.0)]), "proposes"),
        (lambda task: iter([Proposal(())]), "proposes"),
        (lambda task: iter(["everything"]), "proposes 'everything'"),
        (lambda task: iter([]), "measured no candidate on all images"),
        (lambda task: 1 / 0, "ZeroDivisionError"),
        (lambda task: (1 / 0 for _ in range(1)), "ZeroDivisionError"),
    ],
)
def test_a_strategy_that_misbehaves_is_named(propose: Any, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trials, _ = given_trials(np.arange(12.0)[:, None], np.arange(12.0))
    with pytest.raises((UsageError, ComponentError), match=rf"strategy 'mine' \(mine 1\).*{problem}"):
        chosen(trials, settings(strategy=strategy_part(propose, monkeypatch)))


def test_a_single_content_gives_no_certainty() -> None:
    rng = np.random.default_rng(8)
    quality = rng.normal(size=20)
    scores = np.stack([quality + rng.normal(size=20), rng.normal(size=20)], axis=1)
    columns = np.arange(2, dtype=np.intp)
    found = certainty.ranking(Objective("srocc", LOGISTIC), scores, quality, ["one"] * 20, columns, 0)
    assert np.isnan(found.intervals).all()
    assert np.isnan(found.behind).all()
    assert np.isnan(found.error)
    assert list(found.ties) == [0, 1]  # all are ties


def test_a_type_or_fold_with_nothing_to_choose_costs_no_other(tmp_path: Path) -> None:
    """Two images of a type, and a fold whose other contents are rated all the same."""
    rng = np.random.default_rng(9)
    quality = np.array([0.0] * 20 + list(rng.normal(size=10)))
    trials, _ = given_trials(rng.normal(size=(30, 3)), quality, contents=1)
    trials = attrs.evolve(
        trials, table=attrs.evolve(trials.table, contents=tuple("ab"[row >= 20] for row in range(30)))
    )
    folds, predictions = nested.predict(settings(), trials, {None: rows(trials), "FF": np.array([0, 1])})
    assert [fold.kind for fold in folds] == [None]  # without b, all ratings are the same
    assert sum(len(part.names) for part in predictions) == 20


def test_the_reason_of_a_failure_is_that_of_the_first_image_in_any_order() -> None:
    failing = np.zeros((6, 1), dtype=bool)
    failing[[2, 4], 0] = True
    trials, _ = given_trials(np.arange(6.0)[:, None], np.arange(6.0), failing=failing)
    for order in ([5, 4, 3, 2, 1, 0], [0, 1, 2, 3, 4, 5]):
        fresh, _ = given_trials(np.arange(6.0)[:, None], np.arange(6.0), failing=failing)
        fresh.fill(order, [0])
        assert (fresh.table.failures[0].images, fresh.table.failures[0].reason) == (2, "2.png: it broke")
    assert not trials.table.failures


def test_no_branch_is_added_where_the_best_alone_has_no_left_out_figure() -> None:
    quality = np.array([0.0, 1.0, 2.0, 3.0])
    trials, _ = given_trials(np.array([[0.0, 3.0], [2.0, 1.0], [1.0, 2.0], [3.0, 9.0]]), quality, contents=4)
    assert len(chosen(trials, settings(branches=2)).chosen) == 1
