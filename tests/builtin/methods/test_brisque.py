"""BRISQUE against its release, and the evaluation of LIBSVM's files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from method_vectors import NAMES, PARAMETERS, batch, error, levels, needs_vectors, photo, values

from veiqa_core.api import WeightsError
from veiqa_methods.brisque import BrisqueScore, features
from veiqa_methods.libsvm import Machine, Scaling, _coupled
from veiqa_methods.parameters import BrisqueScoreParams

MODEL = """svm_type epsilon_svr
kernel_type rbf
gamma 0.5
nr_class 2
total_sv 2
rho -3
SV
2 1:1 2:-1
-1 2:0.5
"""


@needs_vectors
@pytest.mark.parametrize("name", NAMES)
def test_features_and_score_are_the_release_s(name: str) -> None:
    wanted, image = values("brisque", name), levels(name)
    assert error(features(image), wanted["features_36_zeroed"]) < 1e-9
    model, ranges = (str(PARAMETERS / f"brisque_{name}.txt") for name in ("allmodel", "allrange"))
    method = BrisqueScore(BrisqueScoreParams(model=model, ranges=ranges))
    assert method.outputs == ("brisque-score",)
    assert float(method.measure(batch(image))) == pytest.approx(wanted["score_zeroed_double"], abs=1e-8)


def test_a_flipped_image_swaps_the_diagonals() -> None:
    image = photo(64, 64)
    upright, flipped = (features(np.ascontiguousarray(view)) for view in (image, image[:, :, ::-1]))
    np.testing.assert_allclose(flipped[:10], upright[:10], rtol=1e-9)
    np.testing.assert_allclose(flipped[10:14], upright[14:18], rtol=1e-9)


def test_a_machine_is_its_formula(tmp_path: Path) -> None:
    model, ranges = tmp_path / "model", tmp_path / "ranges"
    model.write_text(MODEL)
    ranges.write_text("x\n-1 1\n1 0 4\n2 -1 1\n")
    point = Scaling.read(ranges, 2).scaled(np.array([3.0, 0.5]))
    assert point.tolist() == [0.5, 0.5]
    wanted = 2 * np.exp(-0.5 * (0.25 + 2.25)) - np.exp(-0.5 * 0.25) + 3
    assert Machine.read(model, 2).values(point)[0] == pytest.approx(wanted, rel=1e-15)


def test_pairwise_probabilities_are_coupled_until_libsvm_stops() -> None:
    wanted = np.array([0.4, 0.3, 0.2, 0.1])
    pairwise = wanted[:, None] / (wanted[:, None] + wanted)
    np.fill_diagonal(pairwise, 0)
    found = _coupled(pairwise)
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose(found, wanted, atol=0.02)
    form = np.array([[-pairwise[j, i] * pairwise[i, j] for j in range(4)] for i in range(4)])
    np.fill_diagonal(form, [sum(pairwise[j, i] ** 2 for j in range(4)) for i in range(4)])
    assert np.abs(form @ found - found @ form @ found).max() < 0.005 / 4


def test_two_classes_share_by_the_logistic_curve_of_their_value(tmp_path: Path) -> None:
    file = tmp_path / "model"
    head = MODEL.replace("epsilon_svr", "c_svc").replace("SV\n", "probA -2\nprobB 0.25\nnr_sv 1 1\nSV\n")
    file.write_text(head)
    value = 2 * np.exp(-0.5 * 8) - np.exp(-0.5 * (1 + 0.25)) + 3
    share = 1 / (1 + np.exp(-2 * value + 0.25))
    found = Machine.read(file, 2).probabilities(np.array([-1.0, 1.0]))
    assert found.tolist() == pytest.approx([share, 1 - share], abs=0.005)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rbf", "linear"),
        ("2:0.5", "3:0.5"),
        ("2:0.5", "2:x"),
        ("-1 2:0.5\n", ""),
        ("gamma 0.5\n", ""),
        ("rho -3", "rho nan"),
    ],
)
def test_what_is_no_such_machine_is_refused(old: str, new: str, tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.write_text(MODEL.replace(old, new))
    with pytest.raises(WeightsError, match="model"):
        Machine.read(file, 2)


def test_one_file_is_not_enough() -> None:
    with pytest.raises(WeightsError, match="allmodel and allrange"):
        BrisqueScore(BrisqueScoreParams(model="allmodel"))
