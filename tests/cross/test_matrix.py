"""Every PRI with every extractor, explainer and metric, on a small image: all run, or are refused for a stated reason.

One engine run for each extractor and explainer measures all PRIs and metrics, so stages are shared as in a search.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from veiqa_core.contracts import Network
from veiqa_core.engine import Engine
from veiqa_core.errors import IncompatibleError
from veiqa_core.images import read
from veiqa_core.recipe import Branch, Choice, Recipe
from veiqa_core.registry import Part, installed
from veiqa_core.resolution import resolve

EXTRACTORS = {
    "efficientnet-lite0": {"weights": "random:1"},
    "efficientnet-lite0-quality": {},
    "efficientnet-lite1": {"weights": "random:1"},
    "efficientnet-lite2": {"weights": "random:1"},
    "vgg16": {"weights": "random:1"},
    "inception-resnet-v2": {"weights": "random:1"},
    "darknet19": {"weights": "random:1"},
    "timm": {"model": "test_resnet", "weights": "random:1"},
}
EXPLAINER_PARAMS = {"occlusion": {"window": 64, "stride": 64}}
REFUSED = {("vgg16", "cam")}


def names(kind: str) -> list[str]:
    return [item.component.name for item in installed().of_kind(kind) if item.dist == "veiqa"]


@cache
def opened(part: Part) -> Network:
    """Each network is opened once."""
    network: Network = part.registered.load()(part.params).open(torch.device("cpu"))
    return network


class _Opened:
    def __init__(self, part: Part) -> None:
        self._part = part

    def open(self, device: torch.device) -> Network:
        return opened(self._part)


@pytest.fixture(autouse=True)
def _open_once(monkeypatch: pytest.MonkeyPatch) -> None:
    create = Part.create
    monkeypatch.setattr(
        Part, "create", lambda part: _Opened(part) if part.registered.kind == "extractor" else create(part)
    )


def test_the_matrix_names_every_built_in_extractor() -> None:
    assert set(EXTRACTORS) == set(names("extractor"))


@pytest.mark.parametrize("explainer", names("explainer"))
@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_all_pris_and_metrics(extractor: str, explainer: str) -> None:
    branches = tuple(
        Branch(
            pri=Choice(pri),
            extractor=Choice(extractor, EXTRACTORS[extractor]),
            explainer=Choice(explainer, EXPLAINER_PARAMS.get(explainer, {})),
            metric=Choice(metric),
        )
        for pri in names("pri")
        for metric in names("metric")
    )
    resolved = resolve(Recipe("cross", branches), installed()).branches
    if (extractor, explainer) in REFUSED:
        with pytest.raises(IncompatibleError):
            Engine(resolved, torch.device("cpu"))
        return
    pixels = np.random.default_rng(0).integers(0, 256, (112, 128, 3)).astype(np.uint8)
    for measurement in Engine(resolved, torch.device("cpu")).measure(read(pixels)).measurements:
        assert measurement.error is None
        assert measurement.similarity is not None
        assert np.isfinite(measurement.similarity)
