"""Networks that compute in bfloat16: scores move a little and say so, and those in float32 do not move at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from making import photo

from veiqa_core import Scorer
from veiqa_core.devices import Device
from veiqa_core.errors import UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.branches.plan import Explanation
from veiqa_core.measuring.branches.views import PassView
from veiqa_core.measuring.networks import open_network
from veiqa_core.measuring.runtimes.eager import TorchPass
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Branch, Choice, Provenance, Recipe
from veiqa_core.remarks import unsure
from veiqa_core.store import Store

LITE = "efficientnet-lite0"


def sure(flags: Iterable[str]) -> list[str]:
    """The flags that do not call the score of so small a photo a guess."""
    return [flag for flag in flags if not unsure([flag])]


def test_scores_move_a_little_and_say_so() -> None:
    exact = Scorer("fast", device="cpu").score(photo(150, 180))
    rough = Scorer("fast", device="cpu", precision="bfloat16").score(photo(150, 180))
    assert exact.score is not None
    assert rough.score is not None
    assert 0 < abs(rough.score - exact.score) < 10
    assert "computed in bfloat16" in rough.flags
    assert sure(exact.flags) == []


def test_a_recipe_fitted_in_another_precision_is_flagged(small: Choice) -> None:
    basis = Provenance("made", 9, (0, 100), (), "bfloat16")
    branches = (Branch(pri=Choice("mean-blur"), extractor=small),)
    state = {"coefficients": [50.0, -0.1]}
    fitted = Recipe("fitted", branches, Choice("linear"), state, basis)
    assert "fitted in bfloat16" in Scorer(fitted, device="cpu").score(photo(150, 180)).flags
    flags = Scorer(fitted, device="cpu", precision="bfloat16").score(photo(150, 180)).flags
    assert "fitted in bfloat16" not in flags
    exact = Recipe("fitted", branches, Choice("linear"), state, Provenance("made", 9, (0, 100), ()))
    assert sure(Scorer(exact, device="cpu").score(photo(150, 180)).flags) == []
    flags = Scorer(exact, device="cpu", precision="bfloat16").score(photo(150, 180)).flags
    assert sure(flags)[-2:] == ["computed in bfloat16", "fitted in float32"]


def test_the_same_image_has_the_same_score_in_bfloat16_too(small: Choice) -> None:
    scorer = Scorer(recipes.ad_hoc(extractor=small), device="cpu", precision="bfloat16")
    images = [photo(100 + side, 120) for side in range(3)]
    forwards = [result.similarities for result in scorer.score_many(images)]
    backwards = [result.similarities for result in scorer.score_many(images[::-1])]
    assert forwards == backwards[::-1]


@pytest.mark.parametrize(
    "explainer",
    sorted(item.component.name for item in installed().of_kind("explainer") if item.ref.startswith("veiqa:")),
)
def test_every_explainer_gives_about_the_map_of_float32(explainer: str) -> None:
    maps = [explained(explainer, Device("cpu", precision)) for precision in ("float32", "bfloat16")]
    assert maps[1].dtype == torch.float32
    assert not torch.equal(*maps)
    assert float(torch.corrcoef(torch.stack([one.flatten() for one in maps]))[0, 1]) > 0.8


def explained(explainer: str, device: Device) -> torch.Tensor:
    """The map of a photo, at the network's last layer, for one class."""
    registry = installed()
    network = open_network(registry.part("extractor", LITE), device)
    settings: dict[str, Any] = {"occlusion": {"window": 64, "stride": 32}}.get(explainer, {})
    part = registry.part("explainer", explainer, settings)
    layer = network.default_layer
    vei = Explanation(None, registry.part("extractor", LITE), part, layer)
    image_pass = TorchPass(
        network,
        torch.from_numpy(photo(150, 180)).permute(2, 0, 1)[None].float() / 255,
        activations=[layer],
        gradients=[layer],
        pixels=True,
    )
    made: torch.Tensor = part.create().explain(PassView(image_pass, layer, image_pass.choose_target(7), vei.uses))
    return made.detach()


def test_a_store_keeps_the_two_apart(tmp_path: Path, small: Choice) -> None:
    recipe = recipes.ad_hoc(extractor=small)
    with Store(tmp_path / "s.sqlite") as store:
        found = [
            Scorer(recipe, device="cpu", precision=precision, store=store).score(photo(150, 180)).similarities
            for precision in ("float32", "bfloat16", "float32", "bfloat16")
        ]
    assert found[0] == found[2]
    assert found[1] == found[3]
    assert found[0] != found[1]


def test_a_precision_that_is_none_is_named(small: Choice) -> None:
    with pytest.raises(UsageError, match="precision 'bfloat61'.* bfloat16"):
        Scorer(recipes.ad_hoc(extractor=small), device="cpu", precision="bfloat61")
