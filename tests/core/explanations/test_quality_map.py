"""The quality map: neighbourhoods cut by hand, the map recomputed place by place, and what it says of empty VEIs."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from veiqa_core import Recipe, Scorer
from veiqa_core.contracts import FloatArray
from veiqa_core.devices import Device
from veiqa_core.explanations.neighbourhoods import grid, neighbourhoods, spread
from veiqa_core.explanations.quality_map import adding_up, quality_map
from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_core.measuring.branches.comparison import prepare
from veiqa_core.measuring.branches.engine import Engine
from veiqa_core.measuring.branches.outcome import Outcome
from veiqa_core.recipes.recipe import Branch, Choice, LocalMapper, Provenance
from veiqa_core.recipes.resolution import ResolvedRecipe, resolve
from veiqa_core.scoring.recipe_scorer import RecipeScorer

PHOTO = Path(__file__).parents[3] / "docs" / "images" / "coffee.png"
SMALL = Choice("timm", {"model": "test_resnet", "weights": "random:0"})
BRANCHES = tuple(
    Branch(pri=Choice(pri), extractor=SMALL, layer=layer, explainer=Choice("activation-norm"), metric=Choice(metric))
    for pri, layer, metric in (("mean-blur", 0, "nae"), ("mean-blur", 0, "psnr"), ("jpeg", 1, "gmsd"))
)
WEIGHTS = [50.0, -20.0, -0.5, -30.0]  # of quality on the oriented similarities, the intercept first
FITTED = Recipe("fitted", BRANCHES, Choice("linear"), {"coefficients": WEIGHTS}, Provenance("made", 9, (0, 100), ()))


def photo(width: int = 300, height: int = 200) -> PIL.Image.Image:
    with PIL.Image.open(PHOTO) as image:
        return image.convert("RGB").crop((100, 50, 100 + width, 50 + height))


@pytest.mark.parametrize(
    ("image", "cells"), [((384, 512), (12, 16)), ((512, 384), (16, 12)), ((40, 40), (12, 12)), ((9, 9000), (12, 60))]
)
def test_the_grid_follows_the_shape_and_stays_small(image: tuple[int, int], cells: tuple[int, int]) -> None:
    assert grid(image) == cells


def test_a_neighbourhood_is_the_cell_and_those_beside_it() -> None:
    maps = torch.arange(24.0 * 36).view(1, 24, 36)
    found = neighbourhoods(maps, (12, 12), min_size=1)
    assert found.shape == (144, 6, 9)
    assert torch.equal(found[5 * 12 + 4], maps[0, 8:14, 9:18])
    corner = found[0]
    assert torch.equal(corner[2:, 3:], maps[0, :4, :6])
    assert torch.equal(corner[:3, :4], maps[0, :1, :1].expand(3, 4))  # the border goes on


def test_neighbourhoods_are_as_large_as_the_metric_needs() -> None:
    for side in (1, 5, 12, 40):
        found = neighbourhoods(torch.rand(1, side, side), (12, 12), min_size=11)
        assert len(found) == 144
        assert min(found.shape[1:]) >= 11


def test_spread_values_stay_within_theirs() -> None:
    values = torch.rand(12, 16)
    wide = spread(values, (384, 512))
    assert wide.shape == (384, 512)
    assert values.min() <= wide.min() <= wide.max() <= values.max()
    assert wide[16, 16] == pytest.approx(float(values[0, 0]), abs=0.1)


def engine_and_judge(recipe: Recipe) -> tuple[Engine, RecipeScorer, ResolvedRecipe]:
    resolved = resolve(recipe, installed())
    return Engine(resolved.branches, Device()), RecipeScorer(resolved), resolved


def whole(outcome: Outcome) -> FloatArray:
    return np.array([item.similarity for item in outcome.measurements])


@given(
    arrays(np.float64, (4, 5), elements=st.floats(0, 100)),
    st.floats(0, 100),
)
def test_a_map_that_adds_up_is_the_nearest_of_its_mean(lost: np.ndarray, mean: float) -> None:
    made = adding_up(torch.from_numpy(lost), torch.ones(4, 5, dtype=torch.float64), mean, 100).numpy()
    assert made.mean() == pytest.approx(mean, abs=1e-6)
    assert 0 <= made.min() <= made.max() <= 100
    between = (made > 0) & (made < 100)
    shift = (made - lost)[between]
    assert np.ptp(shift) < 1e-9 if len(shift) else True
    if len(shift):  # what is held at an end would lie beyond it
        assert (lost[made == 0] + shift[0] <= 1e-6).all()
        assert (lost[made == 100] + shift[0] >= 100 - 1e-6).all()


def test_what_is_not_seen_costs_nothing_and_the_rest_adds_up() -> None:
    seen = torch.ones(4, 4, dtype=torch.float64)
    seen[:, :2] = 0
    made = adding_up(torch.full((4, 4), 30.0, dtype=torch.float64), seen, 20, 100)
    assert float(made[:, :2].max()) == 0
    assert float(made.mean()) == pytest.approx(20)
    assert float(adding_up(made, seen, 80, 100).max()) == 100  # more than half an image can cost


def test_the_map_is_what_the_mapper_makes_of_each_neighbourhood() -> None:
    engine, recipe_scorer, _ = engine_and_judge(FITTED)
    image = read(photo(), "photo")
    outcome = engine.measure(image)
    made = quality_map(engine, image, outcome, whole(outcome), recipe_scorer)
    assert made is not None
    assert made.lost.shape == (200, 300)
    cells = grid((200, 300))
    lost = 100 - recipe_scorer.score(np.array([m.similarity for m in outcome.measurements])).score
    assert float(made.lost.mean()) == pytest.approx(lost, abs=1e-3)
    shifts = []
    for down, across in ((0, 0), (5, 7), (11, 17)):
        quality = WEIGHTS[0]
        for weight, step in zip(WEIGHTS[1:], engine.plan.comparisons, strict=True):
            x, y = outcome.veis[step.x], outcome.veis[step.y]
            assert isinstance(x, torch.Tensor)
            assert isinstance(y, torch.Tensor)
            pair = prepare(x, y, scale="pair", size="layer", image=(200, 300), min_size=1)
            least = step.branch.metric.traits.get("min_size", 1)
            own = (neighbourhoods(maps, cells, least)[down * cells[1] + across][None] for maps in pair)
            similarity = float(step.branch.metric.create().compare(*own))
            quality += weight * (similarity if step.branch.metric.traits["similar"] == "high" else -similarity)
        expected = min(max(100 - quality, 0), 100)
        around = made.lost[down * 200 // 12 + 8, across * 300 // 18 + 8]  # the middle of the cell
        shifts.append(float(around) - expected)
    assert max(shifts) - min(shifts) < 1
    assert set(made.influence) == {step.x for step in engine.plan.comparisons}
    assert all(value >= 0 for value in made.influence.values())


def test_a_local_mapper_makes_the_map_and_leaves_the_score() -> None:
    other = attrs.evolve(FITTED, local=LocalMapper(Choice("linear"), {"coefficients": [2.0, 30.0, 0.4, -10.0]}))
    engine, recipe_scorer, _ = engine_and_judge(other)
    image = read(photo(), "photo")
    outcome = engine.measure(image)
    made, plain = (
        quality_map(engine, image, outcome, whole(outcome), engine_and_judge(one)[1]) for one in (other, FITTED)
    )
    assert made is not None
    assert plain is not None
    assert float(made.lost.mean()) == pytest.approx(float(plain.lost.mean()), abs=1e-3)  # what the score lost
    rows, own = np.random.default_rng(3).normal(0.5, 0.1, (7, 3)), whole(outcome)
    oriented = [-1, 1, -1]  # nae and gmsd are low where VEIs are alike
    expected = recipe_scorer.scores(own[None]) + 2 + ((rows - own) * oriented) @ [30.0, 0.4, -10.0]
    assert recipe_scorer.local_quality(rows, own) == pytest.approx(expected)
    nearby = recipe_scorer.local_quality(own[None], own)
    assert nearby == pytest.approx(recipe_scorer.scores(own[None]) + 2)
    assert np.corrcoef(made.lost.flatten(), plain.lost.flatten())[0, 1] < 0.9


def test_there_is_no_map_without_a_calibrated_score() -> None:
    for recipe in (attrs.evolve(FITTED, state={}), attrs.evolve(FITTED, fitted=None)):
        engine, recipe_scorer, _ = engine_and_judge(recipe)
        image = read(photo(), "photo")
        outcome = engine.measure(image)
        assert quality_map(engine, image, outcome, whole(outcome), recipe_scorer) is None


def test_where_nothing_is_seen_nothing_is_said() -> None:
    engine, recipe_scorer, _ = engine_and_judge(attrs.evolve(FITTED, state={"coefficients": [0.0, 0.0, 0.0, 0.0]}))
    image = read(photo(), "photo")
    outcome = engine.measure(image)
    for vei in outcome.veis.values():
        assert isinstance(vei, torch.Tensor)
        vei[..., : vei.shape[-1] // 2] = 0
    made = quality_map(engine, image, outcome, whole(outcome), recipe_scorer)
    assert made is not None
    assert made.lost[:, :120].max() == 0
    assert made.lost[:, 200:].min() == 100


def test_a_result_has_the_map_when_asked_for_and_the_pairs_that_shape_it_first() -> None:
    scorer = Scorer(FITTED, device="cpu")
    plain, shown = scorer.score(photo()), scorer.score(photo(), heatmaps=True)
    assert plain.quality_map is None
    assert shown.quality_map is not None
    assert shown.score == plain.score
    influence = [pair.influence for pair in shown.heatmaps]
    assert len(influence) == 2
    assert influence == sorted(influence, key=lambda value: -(value or 0))
    assert np.isfinite(shown.quality_map.numpy()).all()
