"""The metric of TorchMetrics: the scores of a scorer, whatever the batches."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from making import photo

from veiqa_core import Recipe, Scorer
from veiqa_core.errors import ComponentError, UsageError
from veiqa_core.recipes.recipe import Branch, Choice

torchmetrics = pytest.importorskip("torchmetrics", reason="TorchMetrics is not installed")

from veiqa_core.metrics import Veiqa  # noqa: E402  # which needs it

RECIPE = Recipe(
    "small",
    (Branch(pri=Choice("mean-blur"), extractor=Choice("timm", {"model": "test_resnet", "weights": "random:0"})),),
    Choice("linear"),
    {"coefficients": [3.0, 0.5]},
)


@pytest.fixture(scope="module")
def batch() -> torch.Tensor:
    return torch.stack([torch.from_numpy(photo(72, 88, seed)).permute(2, 0, 1) for seed in range(5)])


@pytest.fixture(scope="module")
def scores(batch: torch.Tensor) -> list[float]:
    scorer = Scorer(RECIPE, device="cpu")
    made = [scorer(image).score for image in batch]
    assert len({*made}) == 5
    return [score for score in made if score is not None]


def metric(**others: object) -> Veiqa:
    return Veiqa(RECIPE, scorer={"device": "cpu"}, **others)


def test_it_is_the_mean_of_what_a_scorer_gives(batch: torch.Tensor, scores: list[float]) -> None:
    mean = torch.tensor(scores, dtype=torch.float64).mean()
    for cuts in ([5], [2, 3], [1, 1, 3]):
        quality = metric()
        for part in batch.split(cuts):
            quality.update(part)
        assert torch.equal(quality.compute(), mean)


def test_each_score_is_there_in_order(batch: torch.Tensor, scores: list[float]) -> None:
    quality = metric(reduction="none")
    quality.update(batch[:2])
    quality.update(batch[2:])
    assert quality.compute().tolist() == scores
    quality.reset()
    assert quality.compute().tolist() == []


def test_it_goes_in_a_collection_and_forward_gives_the_batch(batch: torch.Tensor, scores: list[float]) -> None:
    collection = torchmetrics.MetricCollection({"quality": metric(), "each": metric(reduction="none")})
    given = collection(batch[:2].float() / 255)
    assert given["each"].tolist() == scores[:2]
    collection.update(batch[2:])
    assert collection.compute()["each"].tolist() == scores


def test_copies_go_on_by_themselves(batch: torch.Tensor, scores: list[float]) -> None:
    first = metric(reduction="none")
    first.update(batch[:1])
    for other in (copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        other.update(batch[1:])
        assert other.compute().tolist() == scores
    assert first.compute().tolist() == scores[0]  # TorchMetrics makes one value a number


def test_before_any_image_there_is_no_mean() -> None:
    quality = metric()
    with pytest.warns(UserWarning, match="before the ``update``"):
        assert quality.compute().isnan()


def test_what_cannot_be_scored_is_refused_and_keeps_nothing(batch: torch.Tensor) -> None:
    quality = metric(reduction="none")
    with pytest.raises(UsageError, match=r"a batch \[N, 3, H, W\] is needed, not a tensor of shape \[3, 72, 88\]"):
        quality.update(batch[0])
    with pytest.raises(ComponentError, match="image 0: float pixels must be finite"):
        quality.update(batch.float())
    with pytest.raises(UsageError, match="recipe 'bare' has no mapper"):
        Veiqa(Recipe("bare", RECIPE.branches))
    with pytest.raises(UsageError, match="reduction must be 'mean' or 'none', not 'sum'"):
        metric(reduction="sum")
