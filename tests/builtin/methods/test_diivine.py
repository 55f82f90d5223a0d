"""DIIVINE against its release, and its pyramid."""

from __future__ import annotations

import numpy as np
import pytest
from method_vectors import NAMES, PARAMETERS, batch, error, levels, needs_vectors, photo, values

from veiqa_methods.common import grey
from veiqa_methods.diivine import DiivineScore, _correlation_at, _quantised, _structure, features
from veiqa_methods.parameters import DiivineScoreParams
from veiqa_methods.records import DIIVINE_FEATURES
from veiqa_methods.steerable import pyramid

CHOSEN = NAMES[::5]  # of 18: 2 s each


@needs_vectors
@pytest.mark.parametrize("name", CHOSEN)
def test_features_and_score_are_the_release_s(name: str) -> None:
    wanted, image = values("diivine", name), levels(name)
    assert error(features(grey(image)), wanted["features_88"]) < 1e-7
    method = DiivineScore(DiivineScoreParams(model=str(PARAMETERS)))
    assert method.outputs == ("diivine-score",)
    assert float(method.measure(batch(image))) == pytest.approx(wanted["score"], abs=1e-6)


@pytest.mark.parametrize("size", [(64, 64), (65, 70), (71, 67)])
def test_the_pyramid_s_parts_have_their_sizes_and_share_the_energy(size: tuple[int, int]) -> None:
    values = np.random.default_rng(0).normal(size=size)
    residual, levels = pyramid(values)
    assert residual.shape == size
    assert [band.shape for band in levels[0]] == [size] * 6
    assert levels[1][0].shape == tuple(-(-(2 * side - 1) // 4) for side in size)
    finest = (residual**2).sum() + sum((band**2).sum() for band in levels[0])
    assert 0.5 < finest / (values**2).sum() < 1  # of white noise most; the rest lies in coarser levels


def test_each_orientation_answers_to_its_own_waves() -> None:
    rows, columns = np.mgrid[:64, :64]
    for wave, strongest in ((np.cos(np.pi * columns / 2), 0), (np.cos(np.pi * rows / 2), 3)):
        _, levels = pyramid(wave)
        energies = [(band**2).sum() for band in levels[0]]
        assert np.argmax(energies) == strongest


def test_correlation_over_distance() -> None:
    waves = np.cos(np.pi * np.add.outer(np.zeros(40), np.arange(40)))  # alternating columns
    assert _correlation_at(waves, 1) == pytest.approx(-0.5, abs=0.03)  # rows agree, columns and diagonals oppose
    assert _correlation_at(np.zeros((40, 40)), 5) == 0


def test_values_are_brought_to_the_centres_of_bins() -> None:
    found = _quantised(np.array([[0.0, 100.0, 49.6, 50.0]]))
    assert found.tolist() == [[0.5, 99.5, 49.5, 49.5]]


def test_structure_of_itself_and_of_its_negative() -> None:
    band = np.random.default_rng(0).normal(0, 1000, (20, 20))
    assert _structure(band, band) == pytest.approx(1)
    assert _structure(band, -band) == pytest.approx(-1, abs=1e-3)


def test_names_are_as_many_as_features() -> None:
    assert len(set(DIIVINE_FEATURES)) == len(features(grey(photo(64, 64)))) == 88
