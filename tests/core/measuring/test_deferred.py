"""Networks whose module is made when it is first needed: nobody notices, but for the time that it saves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from veiqa_core import Scorer
from veiqa_core.contracts import Network
from veiqa_core.devices import Device
from veiqa_core.errors import VeiqaError
from veiqa_core.extension.registry import Part, installed
from veiqa_core.measuring.networks import open_again, open_network
from veiqa_core.measuring.seals import seal_of
from veiqa_core.recipes.recipe import Branch, Choice, Recipe

SLOW = ("timm", "torchvision", "sympy", "torch._dynamo", "captum", "scipy.stats", "sklearn", "skimage", "matplotlib")
CPU = Device.find("cpu")


@pytest.fixture
def part() -> Part:
    return installed().part("extractor", "efficientnet-lite0-quality")


@pytest.fixture
def network(part: Part) -> Network:
    made = open_network(part, CPU)
    assert made.deferred
    return made


@pytest.mark.parametrize("recipe", ["fast", "default"])
def test_a_run_with_a_shipped_recipe_imports_nothing_slow(recipe: str, tmp_path: Path) -> None:
    """In a process of its own, as a command is."""
    rng = np.random.default_rng(0)
    PIL.Image.fromarray(rng.integers(0, 256, (64, 72, 3), dtype=np.uint8)).save(tmp_path / "photo.png")
    code = (
        "import sys; from veiqa_core.cli import main\n"
        f"main(['run', 'photo.png', '--recipe', {recipe!r}, '--no-store', '--device', 'cpu'], standalone_mode=False)\n"
        f"print(sorted(set({SLOW!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_module_made_later_gives_what_it_gives_at_once(part: Part, network: Network) -> None:
    images = torch.rand((1, 3, 70, 64), generator=torch.Generator().manual_seed(0))
    assert network.device == torch.device("cpu")
    head = network.linear_head
    logits = network(images)
    assert not network.deferred
    assert head is not None
    assert torch.equal(head, network.module.get_parameter("classifier.weight"))
    again = open_network(part, CPU)
    assert torch.equal(again(images), logits)
    assert again.module is not network.module


def test_a_graph_that_onnx_runtime_refuses_leaves_the_passes_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 72, 3), dtype=np.uint8)
    expected = Scorer("fast", device="cpu", runtime="torch").score(image)

    def refuse(*_: object) -> None:
        raise RuntimeError("unsupported model IR version")

    monkeypatch.setattr("veiqa_core.measuring.runtimes.compiled._session", refuse)
    scorer = Scorer("fast", device="cpu")
    assert scorer.score(image).similarities == expected.similarities
    assert any("onnxruntime does not take it: RuntimeError: unsupported" in remark for remark in scorer.meter.remarks)


def test_what_is_done_to_its_fields_is_seen_before_and_after_the_module_is_there(part: Part, network: Network) -> None:
    assert network.linear_head is not None
    assert seal_of(network).damage() is None
    network.linear_head.zero_()
    assert seal_of(network).damage() == "changes weights of"
    assert network.module is not None
    assert seal_of(network).damage() == "changes weights of"
    anew = open_again(part, network, CPU)
    assert seal_of(anew).damage() is None


def test_what_is_done_to_its_module_is_seen(part: Part, network: Network) -> None:
    network.module.get_submodule("bn1").register_forward_hook(lambda *_: None)
    assert seal_of(network).damage() == "leaves a hook on"
    anew = open_again(part, network, CPU)
    assert seal_of(anew).damage() is None


def test_runtimes_agree_on_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    photo = np.clip(rng.normal(120, 30, (80, 96, 3)), 0, 255).astype(np.uint8)
    fast, exact = (Scorer("fast", device="cpu", runtime=name).score(photo) for name in ("onnxruntime", "torch"))
    assert fast.score is not None
    assert exact.score is not None
    assert abs(fast.score - exact.score) < 0.05


def test_a_module_that_cannot_be_made_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the factory is broken")

    monkeypatch.setattr("veiqa_extractors.base.fill", fail)
    recipe = Recipe(
        "mine", (Branch(pri=Choice("jpeg"), extractor=Choice("efficientnet-lite0-quality"), layer="blocks.1.0"),)
    )
    with pytest.raises(VeiqaError, match="efficientnet-lite0-quality.*the factory is broken"):
        Scorer(recipe, device="cpu")
