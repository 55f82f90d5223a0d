"""Search strategies: what is proposed, driven by made-up answers."""

from __future__ import annotations

import logging
import random
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veiqa_core.api import UsageError
from veiqa_core.contracts import Proposal, SearchTask
from veiqa_core.extension.registry import installed
from veiqa_strategies.tree import Fork, grow, reach

Figures = Callable[[int, float], float | None]
ALL = ("exhaustive", "random", "halving", "optuna")


def make(name: str, **params: Any) -> Any:
    if name == "optuna":
        pytest.importorskip("optuna", reason="needs the extra veiqa[optuna]")
    return installed().part("strategy", f"veiqa:{name}", params).create()


def space() -> list[dict[str, Any]]:
    """864 candidates, some with coordinates that others lack."""
    pris: list[dict[str, Any]] = [{"pri": "blur", "pri.size": size} for size in (3, 5, 9)]
    pris += [{"pri": "noise", "pri.variance": variance} for variance in (0.1, 0.5)] + [{"pri": "jpeg"}]
    places: list[dict[str, Any]] = [
        {"extractor": net, "layer": f"{net}.{depth}"} for net in ("a", "b") for depth in range(6)
    ]
    explainers = [{"explainer": name} for name in ("cam", "norm", "saliency")]
    metrics = [{"metric": name} for name in ("psnr", "ssim", "vsi", "nae")]
    return [pri | place | how | metric for pri, place, how, metric in product(pris, places, explainers, metrics)]


SPACE = space()


def task(candidates: Any = SPACE, budget: int | None = 40, seed: int = 1, folder: Path | None = None) -> SearchTask:
    return SearchTask(candidates, budget, seed, folder)


def effects(seed: int = 0, candidates: list[dict[str, Any]] = SPACE) -> Figures:
    """An objective to which every coordinate adds its own, and each candidate a little."""
    rng = np.random.default_rng(seed)
    own: dict[tuple[str, Any], float] = {}
    total = [sum(own.setdefault(pair, rng.normal()) for pair in c.items()) + 0.1 * rng.normal() for c in candidates]
    return lambda index, share: total[index]


def drive(strategy: Any, task: SearchTask, figures: Figures) -> list[Proposal]:
    """All proposals, each answered by ``figures(index, share)``, None for a failure."""
    dialogue, made = strategy.propose(task), []
    answer: Mapping[int, float] | None = None
    while True:
        try:
            made.append(dialogue.send(answer))
        except StopIteration:
            return made
        answered = {index: figures(index, made[-1].share) for index in made[-1].candidates}
        answer = {index: figure for index, figure in answered.items() if figure is not None}


def measured(proposals: list[Proposal]) -> list[int]:
    """The candidates that were measured on all contents, in order."""
    return [index for proposal in proposals if proposal.share == 1 for index in proposal.candidates]


def nothing(index: int, share: float) -> None:
    return None


@pytest.mark.parametrize("name", ALL)
def test_the_same_task_and_answers_give_the_same_proposals(name: str, tmp_path: Path) -> None:
    first = drive(make(name), task(), effects())
    assert drive(make(name), task(), effects()) == first
    for _ in range(2):  # the second time over the files of the first
        assert drive(make(name), task(folder=tmp_path / "own"), effects()) == first
    if name != "exhaustive":
        assert drive(make(name), task(seed=2), effects()) != first


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("figures", [effects(), nothing, lambda index, share: 0.0], ids=["effects", "nothing", "ties"])
@pytest.mark.parametrize("budget", [1, 25, 10_000])
def test_the_budget_is_kept_and_something_is_measured_on_everything(name: str, figures: Figures, budget: int) -> None:
    candidates = SPACE[:: len(SPACE) // 30]
    proposals = drive(make(name), task(candidates, budget), figures)
    wanted = len(candidates) if name == "exhaustive" else min(budget, len(candidates))
    found = measured(proposals)
    assert 0 < len(found) <= wanted
    assert len(set(found)) == len(found)
    assert set(found) <= set(range(len(candidates)))
    assert proposals[-1].share == 1
    if name in ("exhaustive", "random"):
        assert len(proposals) == 1
        assert len(found) == wanted


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("figures", [lambda index, share: 0.5, nothing], ids=["figure", "failure"])
def test_one_candidate_is_proposed_once(name: str, figures: Figures) -> None:
    assert drive(make(name), task([{"pri": "blur"}]), figures) == [Proposal((0,))]
    assert drive(make(name), task([]), figures) == []


@pytest.mark.parametrize("name", ["random", "optuna"])
def test_a_missing_budget_is_named(name: str) -> None:
    with pytest.raises(UsageError, match=f"strategy '{name}' needs a budget"):
        next(make(name).propose(task(budget=None)))


def test_exhaustive_proposes_everything_at_once_whatever_the_budget() -> None:
    assert drive(make("exhaustive"), task(budget=3), nothing) == [Proposal(tuple(range(len(SPACE))))]


def test_random_draws_every_candidate_about_equally_often() -> None:
    counts = np.zeros(20)
    for seed in range(2000):
        (drawn,) = drive(make("random"), task(SPACE[:20], 5, seed), nothing)
        assert drawn.candidates == tuple(sorted(set(drawn.candidates)))
        counts[list(drawn.candidates)] += 1
    assert counts.sum() == 5 * 2000
    assert counts.min() > 425  # 500 each are due, with a standard deviation of 19
    assert counts.max() < 575


def test_a_larger_budget_adds_to_a_smaller_one() -> None:
    draws = [set(drive(make("random"), task(budget=budget), nothing)[0].candidates) for budget in (5, 50, 500)]
    assert draws[0] < draws[1] < draws[2]


def test_halving_by_hand() -> None:
    halving = make("halving", eta=2, first=0.25, finalists=1)
    proposals = drive(halving, task(SPACE[:10], None), lambda index, share: -abs(index - 6))
    assert proposals == [
        Proposal(tuple(range(10)), 0.25),
        Proposal((4, 5, 6, 7, 8), 0.5),
        Proposal((5, 6, 7)),  # 7 is as good as 5, and half of five is rounded up
    ]


def test_halving_starts_with_what_random_would_draw() -> None:
    (drawn,) = drive(make("random"), task(budget=100), nothing)
    assert drive(make("halving"), task(budget=100), effects())[0] == Proposal(drawn.candidates, 0.25)
    assert drive(make("halving"), task(budget=None), effects())[0] == Proposal(tuple(range(len(SPACE))), 0.25)


def test_halving_measures_few_candidates_on_everything_at_once() -> None:
    assert drive(make("halving"), task(SPACE[:10], None), effects()) == [Proposal(tuple(range(10)))]
    assert drive(make("halving", first=1), task(budget=None), effects()) == [Proposal(tuple(range(len(SPACE))))]


def test_halving_drops_what_has_no_figure_unless_nothing_has_one() -> None:
    halving = make("halving", finalists=5)
    late = drive(halving, task(SPACE[:40], None), lambda index, share: None if share < 0.5 else index)
    assert [(len(proposal.candidates), proposal.share) for proposal in late] == [(40, 0.25), (40, 0.75), (14, 1.0)]
    rare = drive(halving, task(SPACE[:40], None), lambda index, share: 1.0 if index in (3, 30) else None)
    assert rare == [Proposal(tuple(range(40)), 0.25), Proposal((3, 30))]


def test_halving_ends_at_all_contents_in_spite_of_rounding() -> None:
    shares = [proposal.share for proposal in drive(make("halving", eta=7, first=1 / 49), task(budget=None), effects())]
    assert shares == [1 / 49, pytest.approx(1 / 7), 1]


@settings(max_examples=300)
@given(
    count=st.integers(1, 300),
    budget=st.none() | st.integers(1, 400),
    eta=st.integers(2, 9),
    first=st.floats(1e-4, 1),
    finalists=st.integers(1, 40),
    missing=st.sets(st.integers(0, 299)),
)
def test_halving_narrows_to_all_contents(
    count: int, budget: int | None, eta: int, first: float, finalists: int, missing: set[int]
) -> None:
    halving = make("halving", eta=eta, first=first, finalists=finalists)
    figures = [None if index in missing else -float(index % 17) for index in range(count)]
    proposals = drive(halving, task([{"pri": "blur"}] * count, budget), lambda index, share: figures[index])
    shares = [proposal.share for proposal in proposals]
    assert shares == sorted(set(shares))
    assert shares[-1] == 1
    assert len(proposals[0].candidates) == min(count, budget or count)
    for previous_row, later in pairwise(proposals):
        before, after = previous_row.candidates, later.candidates
        known = [index for index in before if figures[index] is not None]
        assert set(after) <= set(before)
        assert len(after) == min(len(known), max(-(-len(before) // eta), finalists)) if known else after == before
        dropped = [index for index in known if index not in after]
        assert all(figures[kept] >= figures[gone] for kept in after for gone in dropped)  # type: ignore[operator]


def paths(tree: Fork | int) -> Iterator[Mapping[str, Any]]:
    """Every way through a tree: what is chosen at each of its forks."""
    if isinstance(tree, Fork):
        for value, way in zip(tree.choices, tree.ways, strict=True):
            for path in paths(way):
                yield {tree.name: value, **path}
    else:
        yield {}


@pytest.mark.parametrize(
    "candidates",
    [SPACE, SPACE[::7], [*SPACE, *SPACE[:3]], [{"pri": "a"}, {"metric": "b"}, {}], [{"pri": 1.0}]],
    ids=["whole", "irregular", "alike", "apart", "one"],
)
def test_every_candidate_is_reached_by_one_path_and_a_name_has_the_same_choices(candidates: Any) -> None:
    tree, known = grow(candidates), {}

    def choose(path: Mapping[str, Any]) -> Callable[[str, tuple[Any, ...]], Any]:
        def chosen(name: str, choices: tuple[Any, ...]) -> Any:
            assert known.setdefault(name, choices) == choices
            return path[name]

        return chosen

    assert sorted(reach(tree, choose(path)) for path in paths(tree)) == list(range(len(candidates)))


def test_optuna_finds_the_best_of_a_space_with_structure_sooner_than_random() -> None:
    """How many of 864 candidates are measured until the best is, on average."""
    optuna, drawn = [], []
    for seed in range(5):
        figures = effects(seed)
        best = max(range(len(SPACE)), key=lambda index: figures(index, 1) or 0)
        found = measured(drive(make("optuna", patience=30), task(budget=100, seed=seed), figures))
        optuna.append(found.index(best) + 1 if best in found else len(SPACE))
        drawn.append(bisect_left(range(len(SPACE)), True, key=lambda budget, s=seed, b=best: draws(b, budget, s)))
    assert np.mean(optuna) < 0.6 * np.mean(drawn)


def draws(candidate: int, budget: int, seed: int) -> bool:
    (proposal,) = drive(make("random"), task(budget=budget, seed=seed), nothing) or [Proposal(())]
    return candidate in proposal.candidates


def test_optuna_proposes_one_candidate_at_a_time_or_a_batch() -> None:
    assert {len(proposal.candidates) for proposal in drive(make("optuna"), task(), effects())} == {1}
    batches = drive(make("optuna", batch=15), task(budget=40), effects())
    assert len(batches[0].candidates) == 15
    assert all(1 <= len(proposal.candidates) <= 15 for proposal in batches)  # fewer where patience is out
    assert len(set(measured(batches))) == 40


def test_optuna_ends_once_everything_was_measured_or_patience_is_out() -> None:
    few = SPACE[:6]
    assert sorted(measured(drive(make("optuna", patience=10_000), task(few, 100), effects()))) == list(range(6))
    assert len(measured(drive(make("optuna", patience=10_000, batch=4), task(few, 100), effects()))) == 6
    impatient = measured(drive(make("optuna", patience=1, startup=1), task(few, 100), effects()))
    assert 1 <= len(impatient) < 6


def test_optuna_keeps_its_journal_apart_from_an_older_one(tmp_path: Path) -> None:
    expected = drive(make("optuna"), task(), effects())
    folder = tmp_path / "not" / "yet"
    drive(make("optuna"), task(seed=5, budget=3), effects(3))
    for _ in range(2):
        assert drive(make("optuna"), task(folder=folder), effects()) == expected
        (journal,) = folder.iterdir()
        journal.write_text("not a journal")
        Path(f"{journal}.lock").touch()  # as left by a process that was killed


def test_the_journal_holds_what_was_told(tmp_path: Path) -> None:
    strategy, figures = make("optuna"), effects()
    found = measured(
        drive(strategy, task(folder=tmp_path), lambda index, share: figures(index, 1) if index % 2 else None)
    )
    import optuna
    from optuna.storages.journal import JournalFileBackend

    (journal,) = tmp_path.iterdir()
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
    trials = optuna.load_study(study_name=None, storage=storage).trials
    reported = {trial.value for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE}
    assert reported == {figures(index, 1) for index in found if index % 2}
    failed = [trial for trial in trials if trial.state == optuna.trial.TrialState.FAIL]
    assert len(failed) >= sum(index % 2 == 0 for index in found) > 0
    assert len(reported) + len(failed) <= len(trials)
    assert {"pri", "metric"} <= {name.split(" #")[0] for trial in trials for name in trial.params}


@pytest.mark.filterwarnings("error")
def test_optuna_is_silent_and_leaves_global_state_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    strategy = make("optuna")
    logger = logging.getLogger("optuna")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        states = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]
        dialogue = strategy.propose(task(folder=tmp_path))
        (index,) = next(dialogue).candidates
        assert logger.level == logging.DEBUG
        dialogue.send({index: 1.0})
        dialogue.close()
        assert logger.level == logging.DEBUG
        assert states == (random.getstate(), np.random.get_state()[1].tolist())  # type: ignore[union-attr]
    finally:
        logger.setLevel(before)
    assert capfd.readouterr() == ("", "")
