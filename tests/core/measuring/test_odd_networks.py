"""Networks that are wrapped are unwrapped; what is no network that can be used is one line that names its extractor."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from veiqa_core import Recipe, Scorer
from veiqa_core.errors import VeiqaError
from veiqa_core.extension.discovery import Found, find
from veiqa_core.extension.registry import Registry
from veiqa_core.recipes.recipe import Branch, Choice

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
ORIGIN = "extractor 'odd' (odd 1.0)"
NO_GRADIENT = f"{ORIGIN}: its network gives logits without a gradient; is forward under torch.no_grad?"

PLUGIN = """
import torch
from torch import nn
from veiqa_core.api import Component, hookimpl
from veiqa_core.contracts import Network

@hookimpl
def veiqa_feature_extractors():
    yield Component(name="odd", summary="S.", factory="odd:Odd")

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.one = nn.Conv2d(3, 8, 3, padding=1)
        self.act = nn.ReLU({inplace})
        self.two = nn.Conv2d(8, 12, 3, padding=1, stride=2)
        self.last = nn.ReLU()
        self.head = nn.Linear(12, 10)
    def maps(self, x): return self.last(self.two(self.act(self.one(x))))
    {decorated}
    def forward(self, x):
        logits = self.head(self.maps(x).mean((2, 3)))
        return {returned}

class Odd:
    def __init__(self, params): pass
    def open(self, device):
        module = Net().eval().requires_grad_(False)
        layers = ["one", "two"]
        {opened}
        return Network(name="odd", module=module, layers=tuple(layers), default_layer=layers[-1],
                       weights_digest="random:0", min_size=16)
"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, float | None]]:
    """Scores an image by some explainers on a network that is odd in some way."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def score(*explainers: str, **oddity: str) -> dict[str, float | None]:
        given = {"inplace": "", "decorated": "", "returned": "logits", "opened": "pass", **oddity}
        (tmp_path / "odd.py").write_text(PLUGIN.format(**given))
        monkeypatch.delitem(sys.modules, "odd", raising=False)
        registry = Registry([*find(), Found("odd", "main", "1.0", "odd")])
        branches = (
            Branch(pri=Choice("jpeg"), extractor=Choice("odd"), explainer=Choice(name), metric=Choice("psnr"))
            for name in explainers
        )
        return dict(Scorer(Recipe("r", tuple(branches)), device="cpu", registry=registry).score(PIXELS).similarities)

    return score


EXPLAINERS = ("saliency", "guided-backprop", "gradcam")
PREFIXED = "; layers = [name for name, part in module.named_modules() if isinstance(part, nn.Conv2d)]"
WRAPPED = {
    "compiled": {"opened": "module = torch.compile(module, backend='eager')" + PREFIXED},
    "compiled, layers by their own names": {"opened": "module = torch.compile(module, backend='eager')"},
    "compiled in place": {"opened": "module.compile(backend='eager')"},
    "a part compiled": {"opened": "module.two = torch.compile(module.two, backend='eager')" + PREFIXED},
    "its forward compiled": {"opened": "module.forward = torch.compile(module.forward, backend='eager')"},
    "DataParallel": {"opened": "module = nn.DataParallel(module).eval()" + PREFIXED},
    "one in another": {"opened": "module = torch.compile(nn.DataParallel(module).eval(), backend='eager')" + PREFIXED},
    "GraphModule": {"opened": "import torch.fx; module = torch.fx.symbolic_trace(module)"},
    "works in place": {"inplace": "inplace=True"},
    "double logits": {"returned": "logits.double()"},
}
if hasattr(torch.compiler, "set_stance"):
    WRAPPED["a class that compiles"] = {"decorated": "@torch.compile(backend='eager')"}


@pytest.fixture
def plain(odd: Callable[..., dict[str, float | None]]) -> dict[str, float | None]:
    found = odd(*EXPLAINERS)
    assert len(set(found.values())) == 3
    return found


@pytest.mark.parametrize("situation", WRAPPED)
def test_a_wrapped_network_gives_what_it_gives_alone(
    odd: Callable[..., dict[str, float | None]], plain: dict[str, float | None], situation: str
) -> None:
    assert odd(*EXPLAINERS, **WRAPPED[situation]) == plain  # keys too: layers have their own names


def test_a_network_without_parameters_works(odd: Callable[..., dict[str, float | None]]) -> None:
    bare = "\n        ".join(
        (
            "for part in list(module.modules()):",
            "    for name, value in list(part._parameters.items()):",
            "        del part._parameters[name]",
            "        part.register_buffer(name, value.detach()) if value is not None else setattr(part, name, None)",
        )
    )
    assert odd(*EXPLAINERS, opened=bare) == odd(*EXPLAINERS)
    nothing = "class Pool(nn.Module):\n            def forward(self, x): return self.one(x).mean((2, 3))\n        "
    assert odd("saliency", opened=f"{nothing}module = Pool(); module.one = nn.ReLU(); module.eval(); layers = ['one']")


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a tuple": ({"returned": "(logits, x)"}, "its network gives a tuple; a tensor of logits [N, K] is due"),
    "a dict": ({"returned": "{'logits': logits}"}, "its network gives a dict; a tensor of logits [N, K] is due"),
    "nothing": ({"returned": "None"}, "its network gives a NoneType; a tensor of logits [N, K] is due"),
    "no batch": ({"returned": "logits[0]"}, "its network gives torch.float32 (10,) for 1 images; floating "),
    "a map": ({"returned": "self.maps(x)"}, "its network gives torch.float32 (1, 12, 8, 8) for 1 images; floating "),
    "no classes": ({"returned": "logits[:, :0]"}, "its network gives torch.float32 (1, 0) for 1 images; floating "),
    "integers": ({"returned": "logits.long()"}, "its network gives torch.int64 (1, 10) for 1 images; floating "),
    "another device": ({"returned": "logits.to('meta')"}, "its network gives logits on meta for images on cpu"),
    "not a number": ({"returned": "logits * float('nan')"}, "its network gives logits that are not finite"),
    "no gradient": ({"decorated": "@torch.no_grad()"}, NO_GRADIENT.partition(": ")[2]),
    "inference mode": ({"decorated": "@torch.inference_mode()"}, ""),
    "detached": ({"returned": "logits.detach()"}, NO_GRADIENT.partition(": ")[2]),
    "detached pixels": (
        {"returned": "self.head(self.maps(x.detach()).mean((2, 3)))"},
        NO_GRADIENT.partition(": ")[2],
    ),
    "no layer": ({"opened": "layers = ['one', 'gone']"}, "opens a network without the layer 'gone' that it lists"),
    "meta device": ({"opened": "module.to('meta')"}, "opens a network whose one.weight has no values"),
    "lazy": ({"opened": "module.head = nn.LazyLinear(10).eval()"}, "opens a network whose head.weight has no values"),
    "train mode": ({"opened": "module.train()"}, "opens a network that is in train mode; call eval() on it"),
    "no module": ({"opened": "module = lambda x: x"}, "failed: TypeError: the module of a Network is a function; a "),
    "another type": ({"opened": "module.double()"}, "failed: RuntimeError: "),
    "TorchScript": ({"opened": "module = torch.jit.script(module)"}, "its network is a RecursiveScriptModule: hooks "),
    "counts its passes": (
        {"opened": "module.register_buffer('n', torch.zeros(1))", "returned": "(self.n.add_(1), logits)[1]"},
        "a forward pass of its network changes weights of that network",
    ),
}


@pytest.mark.parametrize("explainers", [("saliency",), ("guided-backprop",), ("gradcam",)], ids=" ".join)
@pytest.mark.parametrize("situation", REFUSED)
def test_a_network_that_is_none_is_the_extractors_fault(
    odd: Callable[..., dict[str, float | None]], situation: str, explainers: tuple[str]
) -> None:
    oddity, reported = REFUSED[situation]
    if situation == "detached pixels" and explainers == ("gradcam",):
        pytest.skip("Grad-CAM asks for no gradient at the pixels")
    with pytest.raises(VeiqaError) as raised:
        odd(*explainers, **oddity)
    line = str(raised.value).removeprefix("array: ")
    assert line.startswith(
        f"{ORIGIN} {reported}" if reported.startswith("failed") else f"{ORIGIN}: {reported}"[: None if reported else -2]
    )
    assert "\n" not in line


def test_quantised_networks_and_distributed_ones_are_refused() -> None:
    from veiqa_core.measuring.wrappers import _problem

    class Spread(nn.Module):
        pass

    Spread.__module__ = "torch.distributed.fsdp"
    assert _problem(Spread()) == "its weights are spread over processes"
    try:
        quantised = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(2, 2)), {nn.Linear})
    except RuntimeError as error:  # no engine for it here
        pytest.skip(str(error))
    assert _problem(quantised[0]) == "it is quantised, and gives no gradients"
