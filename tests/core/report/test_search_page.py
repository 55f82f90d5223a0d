"""The report of a search: sound markup that loads nothing, holds every winner, and takes no name for markup."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import pytest

from veiqa_core.cli.search_output import summary
from veiqa_core.contracts import RatedImage, Ratings
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.errors import ComponentError, ImageError
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.branches.outcome import Measurement
from veiqa_core.measuring.executors.executor import Task, TaskResult
from veiqa_core.measuring.table import silent
from veiqa_core.page import svg
from veiqa_core.page.formatting import interval, number
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.recipes.resolution import resolve_branch
from veiqa_core.report.search import page
from veiqa_core.searching import nested
from veiqa_core.searching.candidates import Candidate
from veiqa_core.searching.certainty import ChanceLevel
from veiqa_core.searching.choice import choose
from veiqa_core.searching.controls import Controlled
from veiqa_core.searching.objective import Objective
from veiqa_core.searching.search import Search
from veiqa_core.searching.settings import SearchSettings
from veiqa_core.searching.trials import Trials
from veiqa_core.searching.winners import winner

REGISTRY = installed()
BRANCH = resolve_branch(Branch(pri=Choice("jpeg")), REGISTRY)
HOSTILE = "<script>alert('&')</script>{{ 7 * 7 }}"
IMAGES = 36


class Executor:
    """Similarities by chance, of which some failed; the first image cannot be read."""

    meter = SimpleNamespace(precision="float32", runtime=lambda columns: "torch")

    def __init__(self, quality: Any, count: int, broken: Iterable[int]) -> None:
        rng = np.random.default_rng(1)
        self.values = rng.normal(size=(len(quality), count)) + np.asarray(quality)[:, None] * np.linspace(0, 1, count)
        self.broken = set(broken)

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        for order in tasks:
            row = int(order.name.split("-")[0])
            if row == 0:
                yield TaskResult(order.name, None, {}, ImageError(f"{order.name}: torn"))
                continue
            yield TaskResult(order.name, f"digest{row}", {column: self.cell(row, column) for column in order.wanted})

    def cell(self, row: int, column: int) -> Measurement:
        if column in self.broken:
            return Measurement("key", None, error=ComponentError(f"it broke: {HOSTILE}"))
        return Measurement("key", float(self.values[row, column]))


def made(
    count: int = 12,
    objective: str = "srocc",
    branches: int = 1,
    contents: int = 9,
    per_type: bool = False,
    types: tuple[str | None, ...] = ("GB", HOSTILE, None),
) -> Search:
    """A search of candidates whose similarities are made up; its parts are those of a real one."""
    quality = np.random.default_rng(0).normal(size=IMAGES)
    images = tuple(
        RatedImage(
            image=f"{row}-{HOSTILE.replace('/', '')}.png",
            score=float(value),
            content=f"content {row % contents}",
            distortion=types[row % len(types)],
        )
        for row, value in enumerate(quality)
    )
    rated = RatedSet(HOSTILE, "given", Path("/nowhere"), Ratings(images=images, score_type="mos", range=(-9.0, 9.0)))
    candidates = [
        Candidate(
            attrs.evolve(BRANCH, layer=f"layer{column}"),
            {"pri": "jpeg", "pri.quality": column % 4, "metric": f"m{column % 3}", "layer": f"layer{column // 3}"},
        )
        for column in range(count)
    ]
    trials = Trials.of(rated, candidates, Executor(quality, count, [0, 1]), silent)  # type: ignore[arg-type]
    settings = SearchSettings(
        strategy=REGISTRY.part("strategy", "exhaustive"),
        objective=Objective(objective, REGISTRY.part("mapper", "logistic4")),
        mapper_of_many=REGISTRY.part("mapper", "ridge"),
        branches=branches,
    )
    groups: dict[str | None, Any] = {None: np.arange(IMAGES)}
    if per_type:
        groups = {
            kind: np.flatnonzero([t == kind for t in trials.table.distortions]) for kind in types if kind is not None
        }
    return _searched(settings, trials, groups)


def _searched(settings: SearchSettings, trials: Trials, groups: dict[str | None, Any]) -> Search:
    choices = {kind: choose(settings, trials, rows, "all") for kind, rows in groups.items()}
    folds, parts = nested.predict(settings, trials, groups)
    costs = np.linspace(2e9, 1e9, len(trials.candidates))
    beside = {
        kind: [
            Controlled("same", HOSTILE, np.zeros(len(choice.rows))),
            Controlled("absent", "S.", None, HOSTILE),
            Controlled("noise", "S.", np.random.default_rng(2).normal(size=len(choice.rows))),
        ]
        for kind, choice in choices.items()
    }
    types = sorted({kind for part in parts for kind in part.types if kind is not None})
    return Search(
        space=HOSTILE,
        rated=trials.rated,
        settings=settings,
        candidates=trials.candidates,
        refused={"other-key": HOSTILE, "third-key": HOSTILE},
        table=trials.table,
        costs=costs,
        cost_size=(64, 48),
        winners={kind: winner(kind, choice, settings, trials, costs, beside[kind]) for kind, choice in choices.items()},
        folds=folds,
        held_out=nested.held_out(parts, 0) if parts else None,
        held_out_by_type={kind: nested.held_out([part.of_type(kind) for part in parts], 0) for kind in types},
        skipped=0,
        notes=(HOSTILE,),
        versions={"numpy": "2", "weights": {"net": HOSTILE}},
    )


CASES: dict[str, dict[str, Any]] = {
    "all types": {},
    "by type": {"per_type": True},
    "several branches": {"branches": 3},
    "an error": {"objective": "rmse"},
    "no held-out figures": {"contents": 1},
    "no types": {"types": (None,)},
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys(), scope="module")
def search(request: pytest.FixtureRequest) -> Search:
    return made(**request.param)


def parsed(search: Search) -> ET.Element:
    """The page's elements; that it is sound XML says that its tags are balanced and its texts escaped."""
    return ET.fromstring(page(search))


def shown(element: ET.Element) -> str:
    """What can be read of it."""
    own = "" if element.tag in ("style", "script") else element.text or ""
    return own + "".join(shown(child) + (child.tail or "") for child in element)


def test_every_page_is_sound_and_loads_nothing(search: Search) -> None:
    root = parsed(search)
    assert not re.search(r"https?:|url\(|@import|src=|//\w+\.", page(search))
    for element in root.iter():
        for name in ("href", "src"):
            assert element.get(name, "#").startswith("#")
        assert not any(name.startswith("on") for name in element.attrib)
    anchors = {element.get("id") for element in root.iter()}
    assert {link.get("href", "")[1:] for link in root.iter("a")} <= anchors
    assert len(list(root.iter("script"))) == 2


def test_names_and_reasons_are_no_markup(search: Search) -> None:
    reported = shown(parsed(search))
    assert f"Search of {HOSTILE} on {HOSTILE}" in reported
    assert f"it broke: {HOSTILE}" in reported
    assert "<script>alert" not in page(search)


def test_winners_and_ties_are_shown(search: Search) -> None:
    reported = shown(parsed(search))
    for one in search.winners.values():
        for column in {*one.selection.chosen, one.cheapest, *one.ranking.ties.tolist()}:
            assert search.candidates[column].key in reported
        assert f"{search.settings.objective.reported(one.selection.path[-1]):.3f}".replace("-", "−") in reported


def test_what_is_missing_is_a_dash(search: Search) -> None:
    root = parsed(search)
    assert not re.search(r"\b(nan|NaN|inf|None)\b", shown(root))
    assert any(dash.get("title") == "not available" and dash.text == "–" for dash in root.iter("abbr"))
    for path in root.iter("path"):
        assert "nan" not in path.get("d", "")


def test_the_same_search_gives_the_same_page(search: Search) -> None:
    assert page(search) == page(search)


def test_tables_and_charts_can_be_heard(search: Search) -> None:
    root = parsed(search)
    for table in root.iter("table"):
        assert table[0].tag == "caption"
        assert all(head.get("scope") in ("col", "row") for head in table.iter("th"))
        widths = {len(row) for row in table.iter("tr")}
        assert len(widths) == 1
    for chart in root.iter("svg"):
        assert chart.get("aria-label") or chart.get("aria-hidden")
    levels = [int(element.tag[1]) for element in root.iter() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_the_headline_is_the_held_out_figure_and_says_what_it_means() -> None:
    search = made()
    assert search.held_out is not None
    root = parsed(search)
    (main,) = (element for element in root.iter("div") if element.get("class") == "card main")
    (verdict,) = (element for element in root.iter("p") if (element.get("class") or "").startswith("verdict"))
    value = f"{search.held_out.values['srocc']:.3f}".replace("-", "−")
    assert value in shown(main)
    assert "held-out" in shown(root).lower()
    assert shown(verdict).rstrip().endswith(f"The figure to quote is {value}.")


def test_a_reason_is_named_once_with_its_count() -> None:
    (section,) = (element for element in parsed(made()).iter("section") if element.get("id") == "failures")
    rows = [[shown(cell) for cell in row] for row in section.iter("tr")]
    assert [HOSTILE, "2"] in rows
    (broke,) = (row for row in rows if "it broke" in row[0])
    assert broke[1] == "2"
    assert "-<script" not in broke[0], "the image's name is not part of the reason"


def test_the_ranking_is_capped_and_says_so_and_pages_stay_small() -> None:
    root = parsed(made(count=700))
    (ranking,) = (element for element in root.iter("table") if element.get("class") == "sortable")
    body = ranking.find("tbody")
    assert body is not None
    assert len(body) == 500
    assert "The best 500 of 700 candidates; all of them are in results.csv." in shown(ranking)
    assert len(ET.tostring(root)) < 600_000


def test_texts_that_no_page_can_hold_are_spelt_out() -> None:
    reported = shown(parsed(attrs.evolve(made(), space="a\x00\ud800\u202e<", notes=("\u2066",))))
    assert r"Search of a\x00\ud800\u202e< on" in reported
    assert r"\u2066" in reported


def test_numbers() -> None:
    assert [number(-0.0001), number(-1.5, 1), number(2.0)] == ["0.000", "−1.5", "2.000"]
    assert number(None) == number(float("nan")) == number(float("inf")) == interval(None) == interval((0, float("nan")))
    assert interval((2.0, -1.0)) == "−1.000 to 2.000"


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-0.37, 0.002), (1e-9, 3e-9), (0.0, 12345.0), (5.0, 5.1)])
def test_ticks_are_few_round_numbers_within_the_axis(low: float, high: float) -> None:
    found = svg.ticks(low, high)
    assert 2 <= len(found) <= 7
    assert all(low - (high - low) * 1e-6 <= tick <= high + (high - low) * 1e-6 for tick in found)


def test_an_axis_has_a_length_even_where_all_values_are_the_same() -> None:
    for values in ([], [3.0], [float("nan")], [0.0, 0.0]):
        low, high = svg.widened(values)
        assert low < high


def test_the_terminal_tells_figures_of_two_kinds_apart_and_a_winner_below_chance() -> None:
    search = made(branches=3)
    (own,) = search.winners.values()
    assert len(own.selection.chosen) > 1
    reported = "\n".join(summary(search, Path("out")))
    assert own.selection.alone < own.selection.path[1]
    assert (
        f"together, of contents left out of the fit; the best alone has {own.selection.alone:.3f} of these" in reported
    )
    assert f"{own.selection.alone:.3f}".replace("-", "−") in page(search)
    assert "the best is below that" not in reported
    beaten = attrs.evolve(search, winners={None: attrs.evolve(own, chance=ChanceLevel(0.999, 1.0))})
    assert "the best is below that: nothing here agrees" in "\n".join(summary(beaten, Path("out")))
