"""Occlusion piece by piece gives captum's maps on networks of any make, or is not used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor, nn
from torch.nn import functional as F

from veiqa_core.contracts import Network, Target
from veiqa_core.measuring.branches.views import ImagePass, PassView
from veiqa_explainers import incremental
from veiqa_explainers.incremental import Incremental
from veiqa_explainers.locality import survey
from veiqa_explainers.occlusion import Occlusion
from veiqa_explainers.plugin import OcclusionParams

WINDOW = 16  # pixels, and the stride


class Chain(nn.Module):
    """Convolutions with something between the second and the third that a test is about, and a linear head.

    In float64, so that rounding hides nothing.
    """

    def __init__(self, between: Callable[[Chain, Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.c, self.d = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 3)
        self.between = between
        self.skipped = torch.zeros(1, 1, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.between(self, self.b(self.a(images).relu()).relu())
        maps = self.d(self.c(maps).relu_())
        return self.head(maps.mean(dim=(2, 3)) + self.skipped.mean(dim=(2, 3)))


def squeezed(_: Chain, x: Tensor) -> Tensor:
    return x * x.mean(dim=(2, 3), keepdim=True).sigmoid()


def attending(_: Chain, x: Tensor) -> Tensor:
    tokens = F.avg_pool2d(x, 8).flatten(2)
    weights = (tokens.transpose(1, 2) @ tokens).softmax(dim=-1)
    return (tokens @ weights).unflatten(2, (x.shape[2] // 8, x.shape[3] // 8))


def unequal(_: Chain, x: Tensor) -> Tensor:
    """Every other row starts further left: what is beside a cell depends on where it is."""
    return torch.stack([x[:, :, 0::2], x[:, :, 1::2].roll(3, dims=3)], dim=3).flatten(2, 3)


def placed(_: Chain, x: Tensor) -> Tensor:
    places = torch.linspace(0, 1, x.shape[3])
    return x * places


def cropping(_: Chain, x: Tensor) -> Tensor:
    return x * torch.linspace(0, 1, 128)[: x.shape[3]]


def branching_by_values(_: Chain, x: Tensor) -> Tensor:
    return x * 2 if x.amax() > 1.2 else x


def branching_by_size(_: Chain, x: Tensor) -> Tensor:
    return x if x.shape[3] > 90 else x * 2


def passing_by(chain: Chain, x: Tensor) -> Tensor:
    chain.skipped = F.avg_pool2d(x, 4)
    return F.avg_pool2d(x, 2)


def twice(chain: Chain, x: Tensor) -> Tensor:
    return chain.b(x).relu()


CASES: dict[str, tuple[Callable[[Chain, Tensor], Tensor], str]] = {
    "nothing": (lambda _, x: x, "d"),
    "functional average pooling": (lambda _, x: F.avg_pool2d(x, 2), "d"),
    "functional pooling by 4": (lambda _, x: F.max_pool2d(x, 3, stride=4, padding=1), "d"),
    "functional convolution": (lambda net, x: F.conv2d(x, net.b.weight, stride=2, padding=1), "d"),
    "channels swapped": (lambda _, x: torch.cat(x.chunk(2, dim=1)[::-1], dim=1), "d"),
    "every other cell": (lambda _, x: x[..., ::2, ::2], "b"),
    "interpolated": (lambda _, x: F.interpolate(x, scale_factor=0.5, mode="bilinear"), "b"),
    "borders cut off": (lambda _, x: x[..., 8:-8, 8:-8], "b"),
    "globally pooled": (lambda _, x: x - x.mean(dim=(2, 3), keepdim=True), "b"),
    "squeezed and excited": (squeezed, "b"),
    "attention": (attending, "b"),
    "rows shifted": (unequal, "b"),
    "by place": (placed, "b"),
    "by place, from a table": (cropping, "b"),
    "flipped": (lambda _, x: x.flip(3), "b"),
    "branches by values": (branching_by_values, "b"),
    "branches by size": (branching_by_size, "d"),
    "passing by": (passing_by, "d"),
    "called twice": (twice, "d"),
}
"""What is between, and the last layer that sees a part of the image only."""


def network_of(between: Callable[[Chain, Tensor], Tensor], **more: Any) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = Chain(between).double().eval().requires_grad_(False)
    layers = ("a", "b", "c", "d")
    return Network(name="n", module=module, layers=layers, default_layer="d", weights_digest="", min_size=8, **more)


def view_of(network: Network, size: tuple[int, int] = (64, 96)) -> PassView:
    images = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1)).double()
    return PassView(ImagePass(network, images), "d", Target(torch.tensor([1])), ("forward",))


def captums(view: PassView) -> Tensor:
    shape, strides = (3, WINDOW, WINDOW), (3, WINDOW, WINDOW)
    with torch.no_grad():
        made: Tensor = CaptumOcclusion(view.forward).attribute(view.images, shape, strides, baselines=0.5)
    return made[:, 0].float()


def ours(view: PassView) -> Tensor:
    return Occlusion(OcclusionParams(window=WINDOW, stride=WINDOW)).explain(view)


@pytest.fixture(autouse=True)
def _in_pieces_wherever_they_are_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incremental, "_EXTRA", -1000)  # whether it pays does not matter here


@pytest.mark.parametrize("case", CASES)
def test_maps_are_captums_whatever_the_network_does(case: str) -> None:
    between, last = CASES[case]
    view = view_of(network_of(between))
    with torch.no_grad():
        assert survey(view).layers[-1].name == last
    made, expected = ours(view), captums(view)
    assert expected.abs().max() > 0
    assert (made - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize(
    ("between", "sound"),
    [(CASES["functional average pooling"][0], True), (branching_by_size, False), (passing_by, False)],
)
def test_pieces_are_used_where_they_give_what_whole_passes_give(
    between: Callable[[Chain, Tensor], Tensor], sound: bool
) -> None:
    network = network_of(between)
    network.layers = ("d",)
    with torch.no_grad():
        assert Incremental(view_of(network), (WINDOW, WINDOW), 24, 0.5).sound is sound


def test_no_pieces_where_the_rounding_of_bfloat16_would_show() -> None:
    network = network_of(CASES["nothing"][0], precision="bfloat16")
    network.module.float()
    view = PassView(ImagePass(network, torch.rand(1, 3, 64, 96)), "d", Target(None), ("forward",))
    with torch.no_grad():
        assert survey(view).layers == ()


@pytest.mark.parametrize("message", ["shape", "DefaultCPUAllocator: can't allocate memory"])
def test_a_failing_piece_gives_way_to_whole_passes_but_want_of_memory_is_told(message: str) -> None:
    calls = 0

    def failing(_: Chain, x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 12:  # in the middle of the windows
            raise RuntimeError(message)
        return x

    view = view_of(network_of(failing))
    calls = 0
    if "Allocator" in message:
        with pytest.raises(RuntimeError, match="Allocator"):
            ours(view)
    else:
        assert torch.equal(ours(view), captums(view))
