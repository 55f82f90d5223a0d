"""The local mapper: what it is fitted to, and that its map lies where a photo is worse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import PIL.Image
import pytest
import torch

from veiqa_core import Recipe, Scorer
from veiqa_core.datasets import distort
from veiqa_core.errors import UsageError
from veiqa_core.evaluation import local_fit
from veiqa_core.evaluation.local_fit import LocalFit
from veiqa_core.explanations.quality_map import local_similarities
from veiqa_core.extension.registry import installed
from veiqa_core.images import Image, read
from veiqa_core.recipes.recipe import Branch, Choice, Provenance
from veiqa_core.scorer import NO_MAP

PHOTOS = Path(__file__).parents[3] / "docs" / "images"
SMALL = Choice("timm", {"model": "test_resnet", "weights": "random:0"})
BRANCHES = tuple(
    Branch(
        pri=Choice("mean-blur"), extractor=SMALL, layer=0, explainer=Choice("activation-norm"), metric=Choice(metric)
    )
    for metric in ("nae", "psnr")
)
FITTED = Recipe("two", BRANCHES, Choice("linear"), {"coefficients": [80, -80, -0.5]}, Provenance("x", 9, (0, 100), ()))
RIDGE = installed().part("mapper", "ridge")


def photo(name: str = "coffee", width: int = 240, height: int = 180) -> Image:
    with PIL.Image.open(PHOTOS / f"{name}.png") as image:
        return read(image.convert("RGB").crop((100, 50, 100 + width, 50 + height)), name)


def fit(recipe: Recipe = FITTED, *, kinds: tuple[str, ...] = ("GB",), draws: int = 4, seed: int = 0) -> LocalFit:
    distortions = [distort.find(kind, installed()) for kind in kinds]
    return LocalFit(Scorer(recipe, device="cpu"), RIDGE, distortions, draws, seed)


def test_places_differ_by_what_the_worse_photo_lost_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fit(draws=6)
    scored: list[float] = []
    score = LocalFit._score

    def noting(self: LocalFit, image: Image) -> float:
        scored.append(score(self, image))
        return scored[-1]

    monkeypatch.setattr(LocalFit, "_score", noting)
    made.add(photo())
    good, *worse = scored
    assert good == Scorer(FITTED, device="cpu").score(photo().pixels).score
    assert len(worse) == len(made._places) == 6
    for places in made._places:
        assert places.differences.shape == (len(places.quality), 2)
        assert len(places.quality) <= 64
        assert places.quality.min() <= 1e-9
        assert places.quality.max() >= -1e-9
    apart = [float(np.ptp(places.quality)) for places in made._places]
    losses = [pytest.approx(abs(good - bad)) for bad in worse]
    assert any(one == loss for one, loss in zip(apart, losses, strict=True))  # some places are as good as the photo
    assert all(one == pytest.approx(0) or one <= abs(good - bad) + 1e-9 for one, bad in zip(apart, worse, strict=True))


def test_places_are_compared_with_their_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    worse: list[Image] = []

    def kept(*given: Any) -> Any:
        made = degrade(*given)
        worse.append(made.image)
        return made

    degrade = distort.degrade
    monkeypatch.setattr(distort, "degrade", kept)
    monkeypatch.setattr(local_fit, "_area", lambda height, width, rng: torch.ones(height, width, dtype=torch.bool))
    monkeypatch.setattr(local_fit, "_share", lambda mask, cells: np.linspace(0, 1, cells[0] * cells[1]))
    monkeypatch.setattr(local_fit, "_chosen", lambda share, rng: np.arange(len(share)))
    made = fit(draws=1)
    made.add(photo())
    (places,) = made._places
    scorer = Scorer(FITTED, device="cpu")
    good = scorer.score(photo().pixels).score
    bad = scorer.score(worse[0].pixels).score
    assert good is not None
    assert bad is not None
    assert places.quality == pytest.approx((np.linspace(0, 1, len(places.quality)) - 0.5) * (bad - good))
    _, engine, outcome = scorer.meter.shown(worse[0], range(2))
    whole = np.array([item.similarity for item in outcome.measurements])
    around = local_similarities(engine, worse[0], outcome).flatten(1).T.numpy()
    assert places.differences == pytest.approx(around - whole)


def test_shares_are_those_of_the_surroundings() -> None:
    mask = torch.zeros(12, 12, dtype=torch.bool)
    mask[:6] = True
    share = local_fit._share(mask, (6, 6)).reshape(6, 6)
    assert share[:, 0].tolist() == pytest.approx([1, 1, 2 / 3, 1 / 3, 0, 0])
    assert (share == share[:, :1]).all()


def test_the_same_photos_give_the_same_mapper_and_another_seed_another() -> None:
    states = []
    for seed in (0, 0, 1):
        made = fit(seed=seed)
        made.add(photo())
        states.append(made.fitted())
    assert states[0] == states[1]
    assert states[0].state != states[2].state
    recorded = states[0].fitted
    assert recorded is not None
    assert (recorded.images, recorded.contents, recorded.range) == (4, 1, (0, 100))
    assert recorded.seen_ids == (f"sha256:{distort.eight_bit(photo()).digest}",)


def test_places_that_are_worse_get_less_quality() -> None:
    made = fit(draws=10)
    made.add(photo("chelsea"))
    mapped = Scorer(attrs.evolve(FITTED, local=made.fitted()), device="cpu")
    own = photo()
    mixed = own.pixels.clone()
    blurred = distort.degrade(own, distort.find("GB", installed()), distort.Level("x", "severity", 0.9)).image
    mixed[..., :90, :120] = blurred.pixels[..., :90, :120]
    plain, hurt = (mapped.score(pixels[0], heatmaps=True).quality_map for pixels in (own.pixels, mixed))
    assert plain is not None
    assert hurt is not None
    more = hurt - plain
    assert more[20:70, 20:100].mean() > more[110:, 140:].mean() + 1


def test_methods_beside_branches_have_a_part_in_the_score_only() -> None:
    mixed = attrs.evolve(FITTED, methods=(Choice("blur-effect"),), state={"coefficients": [80, -80, -0.5, -30.0]})
    plain = Scorer(mixed, device="cpu").score(photo().pixels[0], heatmaps=True)
    assert plain.quality_map is None
    assert NO_MAP in plain.flags
    made = fit(mixed)
    made.add(photo())
    local = made.fitted()
    assert len(local.state["coefficients"]) == 1 + len(BRANCHES)
    result = Scorer(attrs.evolve(mixed, local=local), device="cpu").score(photo().pixels[0], heatmaps=True)
    assert (result.score, NO_MAP in result.flags) == (plain.score, False)
    assert result.score is not None
    assert result.quality_map is not None
    assert float(result.quality_map.mean()) == pytest.approx(100 - result.score, abs=0.01)
    assert float(result.quality_map.std()) > 0


def test_what_has_no_map_is_refused() -> None:
    with pytest.raises(UsageError, match="recipe 'two' is not fitted to ratings, so its map has no scale"):
        fit(attrs.evolve(FITTED, state={}, mapper=None))
    with pytest.raises(UsageError, match="has no branches, and no quality map"):
        fit(attrs.evolve(FITTED, branches=(), methods=(Choice("blur-effect"),), state={"coefficients": [80, -80]}))
    with pytest.raises(UsageError, match="mapper logistic5 cannot be fitted to 2 similarities"):
        LocalFit(Scorer(FITTED, device="cpu"), installed().part("mapper", "logistic5"), [], 1)
