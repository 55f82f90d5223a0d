"""Novelty: distances held against closed forms, intervals that grow, states that read back, and states that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.contracts import FloatArray, Prediction
from veiqa_core.errors import RecipeError
from veiqa_core.extension.registry import installed
from veiqa_core.scoring.mapping import fitted_mapper
from veiqa_core.scoring.novelty import LIMIT, Familiar, Novelty, fitted_novelty

TYPES = ("GB", "WN", "JPEG", "IN", "QN", "JP2K")


def images(seed: int, count: int = 240) -> tuple[FloatArray, FloatArray, list[str], list[str]]:
    """Similarities of four branches, their quality, contents and types, which differ in how the two go together."""
    random = np.random.default_rng(seed)
    types = [TYPES[index % len(TYPES)] for index in range(count)]
    severity = random.random(count)
    slopes = np.array([0.2 * TYPES.index(kind) for kind in types])
    own = np.array([[np.cos(TYPES.index(kind)), np.sin(TYPES.index(kind))] for kind in types])
    columns = np.stack([severity, severity * slopes, severity * own[:, 0], severity * own[:, 1]], axis=1)
    quality = 100 - 60 * severity - 30 * severity * slopes
    contents = [f"scene {index // 12}" for index in range(count)]
    return columns + random.normal(0, 0.01, columns.shape), quality + random.normal(0, 1, count), contents, types


def novelty_of(seed: int) -> tuple[Novelty, FloatArray]:
    similarities, quality, contents, types = images(seed)
    part = installed().part("mapper", "pca-svr", {"components": 4})
    mapper = fitted_mapper(part, similarities, quality, contents)
    found = fitted_novelty(part, mapper, similarities, quality, contents, types)
    assert found is not None
    return found, similarities


def test_distances_are_those_of_mahalanobis_where_all_directions_are_kept() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(500, 3)) @ random.normal(size=(3, 3)) + [1, -2, 3]
    others = random.normal(size=(20, 3))
    apart = others - values.mean(axis=0)
    inverse = np.linalg.inv(np.cov(values.T, bias=True))
    expected = np.sqrt(np.einsum("ni,ij,nj->n", apart, inverse, apart) / 3)
    assert Familiar.fit(values).distance(others) == pytest.approx(expected, rel=1e-9)


def test_what_was_never_varied_is_far_away() -> None:
    values = np.random.default_rng(0).normal(size=(100, 1)) @ np.ones((1, 5))
    familiar = Familiar.fit(values + np.random.default_rng(1).normal(0, 1e-3, values.shape))
    near, far = familiar.distance(np.array([[1.0] * 5, [1.0, 1, 1, 1, 0]]))
    assert near < 2
    assert far > 100 * near


def test_few_of_what_is_alike_and_all_of_what_is_not_exceed_the_limit() -> None:
    novelty, _ = novelty_of(0)
    others, *_ = images(1)
    assert (novelty.of(others) > LIMIT).mean() <= 0.06
    assert (novelty.of(others + np.array([0, 0, 0, 2])) > LIMIT).all()


def test_intervals_grow_with_novelty_and_never_shrink() -> None:
    novelty, _ = novelty_of(0)
    made = Prediction(np.full(4, 50.0), np.full(4, 40.0), np.full(4, 65.0))
    wide = novelty.widened(made, np.array([0.0, novelty.start, 2 * novelty.start, 4 * novelty.start]))
    growth = np.array([1, 1, 2**novelty.power, 4**novelty.power])
    assert wide.score.tolist() == [50] * 4
    assert 50 - wide.low == pytest.approx(10 * growth)
    assert wide.high - 50 == pytest.approx(15 * growth)
    assert novelty.power > 0  # the types of these images do not line up


def test_a_state_reads_back_to_the_same_novelty() -> None:
    novelty, similarities = novelty_of(0)
    again = Novelty.restore(dict(novelty.state()), 4, "here")
    assert (again.of(similarities) == novelty.of(similarities)).all()
    assert (again.start, again.power) == (novelty.start, novelty.power)


@given(st.integers(0, 39))
def test_rows_keep_their_bits_in_any_company(row: int) -> None:
    similarities, *_ = images(2, 40)
    familiar = Familiar.fit(similarities)
    assert familiar.distance(similarities[row : row + 1])[0] == familiar.distance(similarities)[row]


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"limit": 0}, "here.limit: must be a number above 0, not 0"),
        ({"power": "x"}, "here.power: must be a number 0 or above, not 'x'"),
        ({"centre": [1.0]}, "here.centre: must be a list of 4 numbers, not [1.0]"),
        ({"directions": []}, "here.directions: must be lists of numbers, not []"),
        ({"scale": [0.0] * 4}, "here: scale and variances must be above zero"),
        ({"more": 1}, "here: unknown field 'more'"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(change: dict[str, Any], reported: str) -> None:
    state = {**novelty_of(0)[0].state(), **change}
    with pytest.raises(RecipeError) as refused:
        Novelty.restore(state, 4, "here")
    assert str(refused.value) == reported


def test_too_few_images_and_single_similarities_have_none() -> None:
    similarities, quality, contents, types = images(0)
    part = installed().part("mapper", "pca-svr", {"components": 4})
    mapper = fitted_mapper(part, similarities[:20], quality[:20])
    assert fitted_novelty(part, mapper, similarities[:20], quality[:20], contents[:20], types[:20]) is None
    one = installed().part("mapper", "logistic5")
    mapper = fitted_mapper(one, similarities[:, :1], quality)
    assert fitted_novelty(one, mapper, similarities[:, :1], quality, contents, types) is None
