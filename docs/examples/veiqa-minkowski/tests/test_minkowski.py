"""The formula, beside what every metric must keep to."""

import pytest
import torch
from veiqa_minkowski.component import Minkowski
from veiqa_minkowski.plugin import MinkowskiParams


@pytest.mark.parametrize(("p", "expected"), [(1.0, 0.25), (2.0, 0.125**0.5), (4.0, (1 / 32) ** 0.25)])
def test_it_follows_the_formula(p, expected):
    x = torch.tensor([[[0.0, 0.5], [0.5, 1.0]]], dtype=torch.float64)
    y = torch.tensor([[[0.5, 0.5], [0.0, 1.0]]], dtype=torch.float64)
    assert Minkowski(MinkowskiParams(p=p)).compare(x, y).item() == pytest.approx(expected)
