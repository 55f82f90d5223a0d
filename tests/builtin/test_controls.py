"""Controls: what they measure, on pairs made by hand."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

from veiqa_core.api import UsageError
from veiqa_core.contracts import Pair
from veiqa_core.extension.registry import installed
from veiqa_core.recipes.recipe import Branch

TABLE = Branch.read({"pri": {"name": "jpeg", "quality": 5}, "metric": "ssim", "layer": -2}, "test").write()


def make(name: str, **params: Any) -> Any:
    return installed().part("control", f"veiqa:{name}", params).create()


def pair(**given: Any) -> Pair:
    rng = torch.Generator().manual_seed(1)
    image, pri = torch.rand(2, 1, 3, 8, 6, generator=rng)
    image_vei, pri_vei = torch.rand(2, 1, 4, 3, generator=rng)
    values = {"image": image, "pri": pri, "image_vei": image_vei, "pri_vei": pri_vei, "similarity": 0.25}
    return Pair(**{**values, "compare": refuse, **given})


def refuse(x: Tensor, y: Tensor) -> float:
    raise AssertionError("the metric was asked")


@pytest.mark.parametrize("name", ["pixels", "vei-mean"])
def test_the_branch_stays_as_it_is(name: str) -> None:
    before = copy.deepcopy(TABLE)
    assert make(name).branch(TABLE) == before
    assert before == TABLE


def test_pixels_compares_the_grey_pri_with_the_grey_image() -> None:
    seen: list[Tensor] = []

    def compare(x: Tensor, y: Tensor) -> float:
        seen.extend((x, y))
        return 7.5

    given = pair(compare=compare)
    assert make("pixels").value(given) == 7.5
    for grey, colours in zip(seen, (given.pri, given.image), strict=True):
        assert grey.shape == (1, 8, 6)
        assert grey.dtype == torch.float64
        by_hand = torch.tensordot(torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64), colours[0].double(), dims=1)
        assert torch.allclose(grey[0], by_hand, rtol=1e-12)


def test_grey_stays_grey_and_within_zero_and_one() -> None:
    seen: list[Tensor] = []
    levels = torch.linspace(0, 1, 256).expand(1, 3, 1, 256)
    make("pixels").value(pair(image=levels, pri=levels, compare=lambda x, y: seen.append(x) or 0.0))
    assert torch.allclose(seen[0], levels[:, 0].double(), rtol=1e-12)
    assert seen[0].min() == 0
    assert 1 - 1e-12 < seen[0].max() <= 1


@pytest.mark.parametrize(
    ("extractor", "due"),
    [
        ("veiqa:vgg16", {"name": "veiqa:vgg16", "weights": "random:3"}),
        ({"name": "vgg16", "resize": 224}, {"name": "vgg16", "resize": 224, "weights": "random:3"}),
        ({"name": "vgg16", "weights": "random.pth"}, {"name": "vgg16", "weights": "random:3"}),
    ],
)
def test_random_network_changes_the_weights_and_nothing_else(extractor: Any, due: Any) -> None:
    table = {**TABLE, "extractor": extractor}
    before = copy.deepcopy(table)
    assert make("random-network", seed=3).branch(table) == {**table, "extractor": due}
    assert table == before
    assert make("random-network").value(pair()) == 0.25


def test_random_network_makes_a_branch_that_resolves() -> None:
    for seed in (0, 2**63 - 1):
        branch = Branch.read(make("random-network", seed=seed).branch(TABLE), "test")
        part = installed().part("extractor", branch.extractor.name, branch.extractor.params)
        assert part.create() is not None


def test_random_network_refuses_a_network_that_is_random_already() -> None:
    table = {**TABLE, "extractor": {"name": "vgg16", "weights": "random:7"}}
    with pytest.raises(UsageError, match=r"the network of this branch is random already \(weights = 'random:7'\)"):
        make("random-network").branch(table)
    with pytest.raises(UsageError, match="seed: must be at least 0"):
        make("random-network", seed=-1)


def test_vei_mean_is_the_mean_of_the_map_as_it_is() -> None:
    vei = torch.tensor([[[1e8, 1.0, -1e8, 2.0]]])
    assert make("vei-mean").value(pair(image_vei=vei)) == 0.75  # float32 would lose the ones
