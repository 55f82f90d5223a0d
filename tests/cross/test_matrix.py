"""Every two components of different kinds together, in combinations that are few: on a small image all of them give a
finite similarity, and after a fit a finite score.

Kinds: PRI generators, extractors, explainers, metrics and mappers, those of third parties too where they are installed.
Explainers that an extractor's network cannot serve are left out by the rule that a search has for it. One test an
extractor: ``-k vgg16`` runs its combinations alone. ``-rP`` shows what is left out.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.devices import Device
from veiqa_core.extension.registry import Registry, installed
from veiqa_core.images import read
from veiqa_core.measuring.executors.executor import InProcess
from veiqa_core.measuring.meter import Meter
from veiqa_core.measuring.quantity import Similarity, of_recipe, signs
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.recipes.resolution import ResolvedBranch, ResolvedRecipe, resolve_branch
from veiqa_core.scoring.mapping import fitted_mapper
from veiqa_core.scoring.recipe_scorer import RecipeScorer
from veiqa_core.searching.context import SearchContext
from veiqa_core.searching.feasibility import problems

Row = Mapping[str, str]
Pair = tuple[tuple[str, str], tuple[str, str]]

KINDS = ("extractor", "explainer", "metric", "pri", "mapper")
PARAMS: dict[str, dict[str, Any]] = {
    **{f"veiqa:efficientnet-lite{n}": {"weights": "random:1"} for n in (0, 1, 2)},
    "veiqa:vgg16": {"weights": "random:1"},
    "veiqa:inception-resnet-v2": {"weights": "random:1"},
    "veiqa:darknet19": {"weights": "random:1"},
    "veiqa:timm": {"model": "test_resnet", "weights": "random:1"},
    "veiqa:occlusion": {"window": 64, "stride": 64},
}
LEFT_OUT = {("veiqa:vgg16", "veiqa:cam")}
"""Of the built-ins, what cannot go together: an extractor and an explainer."""


def covering(factors: Mapping[str, Sequence[str]], allowed: Callable[[Row], bool]) -> list[Row]:
    """Few rows, one value a factor, in which every two values of different factors occur together.

    Args:
        factors: values by name.
        allowed: whether values may go together, for some factors or all.

    Returns:
        The rows; two values that no allowed row holds are missing in them.
    """
    missing = dict.fromkeys(pair for pair in _pairs(factors) if allowed(dict(pair)))
    rows: list[Row] = []
    used: Counter[tuple[str, str]] = Counter()
    while missing:
        seed = next(iter(missing))
        row = _completed(dict(seed), factors, allowed, missing, used)
        missing.pop(seed)  # also where no row can hold it
        if row is not None:
            rows.append(row)
            used.update(row.items())
            for pair in _pairs({name: (value,) for name, value in row.items()}):
                missing.pop(pair, None)
    return rows


def _completed(
    row: dict[str, str],
    factors: Mapping[str, Sequence[str]],
    allowed: Callable[[Row], bool],
    missing: Mapping[Pair, None],
    used: Mapping[tuple[str, str], int],
) -> Row | None:
    """A row with the values that bring the most missing pairs, of these the least used; None where none is allowed."""
    for name in factors:
        if name in row:
            continue
        able = [value for value in factors[name] if allowed({**row, name: value})]
        if not able:
            return None
        gains = {value: sum(pair in missing for pair in _with(row, name, value, factors)) for value in able}
        row[name] = max(able, key=lambda value: (gains[value], -used[name, value]))
    return {name: row[name] for name in factors}


def _with(row: Row, name: str, value: str, factors: Mapping[str, Sequence[str]]) -> Iterator[Pair]:
    """The pairs of a further value with those of a row, named as in :func:`_pairs`."""
    order = list(factors)
    for other in row.items():
        yield (other, (name, value)) if order.index(other[0]) < order.index(name) else ((name, value), other)


def _pairs(factors: Mapping[str, Sequence[str]]) -> Iterator[Pair]:
    """All pairs of values of different factors."""
    for first, second in itertools.combinations(factors, 2):
        yield from (((first, a), (second, b)) for a in factors[first] for b in factors[second])


sizes = st.lists(st.integers(1, 5), min_size=2, max_size=5)


@given(sizes, st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=4))
def test_a_covering_holds_every_pair_that_some_row_can_hold(counts: list[int], refused: set[tuple[int, int]]) -> None:
    factors = {f"f{n}": [f"v{n}{i}" for i in range(count)] for n, count in enumerate(counts)}
    bad = {(f"v0{a}", f"v1{b}") for a, b in refused}

    def allowed(row: Row) -> bool:
        return (row.get("f0"), row.get("f1")) not in bad

    rows = covering(factors, allowed)
    held = {pair for row in rows for pair in itertools.combinations(row.items(), 2)}
    able = [row for row in itertools.product(*factors.values()) if (row[0], row[1]) not in bad]
    names = list(factors)
    assert held == {pair for row in able for pair in itertools.combinations(zip(names, row, strict=True), 2)}
    assert all(allowed(row) for row in rows)
    assert len(rows) <= len(list(_pairs(factors)))


@attrs.frozen(eq=False)
class Plan:
    """The combinations by extractor, and why an extractor and an explainer are left out."""

    context: SearchContext
    rows: Mapping[str, Sequence[Row]]
    left_out: Mapping[tuple[str, str], str]


def names(kind: str) -> list[str]:
    """Components of a kind that can be used here."""
    return [item.ref for item in installed().of_kind(kind) if not item.missing]


def choice(kind: str, name: str) -> Choice:
    """A component as it is tried: without weights of its own, which may not be here, and quick."""
    params = PARAMS.get(name)
    if params is None and kind == "extractor" and not name.startswith("veiqa:"):
        fields = {field.name for field in attrs.fields(installed().get(kind, name).component.params)}
        params = {"weights": "random:1"} if "weights" in fields else {}
    return Choice(name, params or {})


def branch(row: Row, registry: Registry) -> ResolvedBranch:
    parts = {kind: choice(kind, row[kind]) for kind in ("pri", "extractor", "explainer", "metric")}
    return resolve_branch(Branch(**parts), registry)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """What is run; every network is opened once."""
    context = SearchContext(installed(), Device(), {}, None, lambda meter: InProcess(meter, Path()))
    factors = {kind: names(kind) for kind in KINDS}
    rest = {kind: factors[kind][0] for kind in ("metric", "pri")}
    tried = {
        (extractor, explainer): branch({"extractor": extractor, "explainer": explainer, **rest}, context.registry)
        for extractor in factors["extractor"]
        for explainer in factors["explainer"]
    }
    reasons = problems(list(tried.values()), context)
    left_out = {pair: reasons[made] for pair, made in tried.items() if made in reasons}
    rows = covering(factors, lambda row: (row.get("extractor"), row.get("explainer")) not in left_out)
    return Plan(
        context, {name: [row for row in rows if row["extractor"] == name] for name in factors["extractor"]}, left_out
    )


def test_what_is_left_out_is_as_it_should_be(plan: Plan) -> None:
    for (extractor, explainer), reason in plan.left_out.items():
        print(f"left out: {extractor} with {explainer}: {reason}")
    print({name: len(rows) for name, rows in plan.rows.items()}, "combinations")
    assert {pair for pair in plan.left_out if all(name.startswith("veiqa:") for name in pair)} == LEFT_OUT
    assert all(plan.rows.values())


@pytest.mark.parametrize("extractor", names("extractor"))
def test_every_combination_of_an_extractor_works(plan: Plan, extractor: str) -> None:
    rows, context = plan.rows[extractor], plan.context
    quantities = [Similarity(branch(row, context.registry)) for row in rows]
    meter = Meter(quantities, context.device, networks=context.networks)
    pixels = np.random.default_rng(0).integers(0, 256, (112, 128, 3)).astype(np.uint8)
    measured = meter.measure(read(pixels), range(len(rows)))
    failed = {}
    for index, row in enumerate(rows):
        reported = measured[index].error or _misjudged(quantities[index].branch, row, measured[index].similarity)
        if reported is not None:
            failed["/".join(row.values())] = str(reported)
    assert failed == {}


def _misjudged(measured: ResolvedBranch, row: Row, similarity: float | None) -> str | None:
    """What is wrong with the score of a similarity by a mapper that is fitted to others around it; None if nothing."""
    if similarity is None or not np.isfinite(similarity):
        return f"a similarity of {similarity}"
    part = installed().part("mapper", row["mapper"])
    recipe = ResolvedRecipe(name="cross", branches=(measured,), mapper=part, state={})
    around = similarity + max(abs(similarity), 1.0) * np.linspace(-0.2, 0.2, 25)
    oriented = (around * signs(of_recipe(recipe)))[:, None]
    quality = 50 - 30 * (oriented[:, 0] - oriented.mean()) / np.ptp(oriented)  # more similar to the PRI is worse
    recipe_scorer = RecipeScorer(attrs.evolve(recipe, state=fitted_mapper(part, oriented, quality).state()))
    scores = [recipe_scorer.score(np.array([value])).score for value in (similarity, around[0], around[-1])]
    if any(score is None or not np.isfinite(score) for score in scores):
        return f"scores of {scores}"
    falls = (scores[2] - scores[1]) * signs(of_recipe(recipe))[0] < 0
    return None if falls else f"scores of {scores[1:]} for similarities of {around[0]} and {around[-1]}"
