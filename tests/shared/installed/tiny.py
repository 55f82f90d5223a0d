"""A plugin with a network of a few numbers, which needs nothing but torch: for tests that begin many processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from veiqa_core.api import Component, hookimpl, param, params

VEIQA_API = (2, 0)


@params
class TinyParams:
    """Of the network."""

    weights: str = param(default="random:0", help="random:SEED.")


@hookimpl
def veiqa_feature_extractors() -> Iterator[Component]:
    yield Component(
        name="tiny", summary="Two convolutions.", factory="tiny:Tiny", params=TinyParams, requires=("torch",)
    )


class Tiny:
    """Opens the network."""

    def __init__(self, given: TinyParams) -> None:
        self._weights = given.weights

    def open(self, device: Any) -> Any:
        import torch
        from torch import nn

        from veiqa_core.contracts import Network

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(self._weights.removeprefix("random:")))
            body = [
                nn.Conv2d(3, 6, 5, stride=2, padding=2),
                nn.ReLU(),
                nn.Conv2d(6, 8, 5, stride=2, padding=2),
                nn.ReLU(),
            ]
            module = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
        return Network(
            name="tiny",
            module=module.eval().requires_grad_(False).to(device),
            layers=("1", "3"),
            default_layer="3",
            weights_digest=self._weights,
            min_size=16,
            linear_head=module[-1].weight,
        )
