"""Where weights are looked for, and files in other layouts brought to the networks' own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch
from click.testing import CliRunner

from veiqa_core.cli import main
from veiqa_core.contracts import WeightsProvider
from veiqa_core.extension.registry import installed

CPU = torch.device("cpu")


def provider(name: str, **given: object) -> WeightsProvider:
    made = installed().part("extractor", name, given).create()
    assert isinstance(made, WeightsProvider)
    return made


def logits(name: str, weights: Path, images: torch.Tensor) -> torch.Tensor:
    network = installed().part("extractor", name, {"weights": str(weights)}).create().open(CPU)
    with torch.no_grad():
        return network(images)


def test_packaged_weights_are_found_with_their_digest() -> None:
    status = provider("efficientnet-lite0").weights_status()
    assert status.found is not None
    file = Path(status.found.removeprefix("packaged: "))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == status.sha256
    assert status.licence == "Apache-2.0"


def test_weights_that_are_not_here_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for name, source in (("darknet19", "darknet19.weights"), ("inception-resnet-v2", "inception_resnet_v2.tf_in1k")):
        status = provider(name).weights_status()
        assert status.found is None
        assert source in status.obtain
    shown = CliRunner().invoke(main, ["weights"], catch_exceptions=False)
    assert shown.exit_code == 0
    assert "darknet19: not here" in shown.output
    assert "looked in" in shown.output


def test_a_state_dict_of_timm_makes_the_same_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = timm.create_model("tf_efficientnet_lite0").eval()
    file, output = tmp_path / "lite.pth", tmp_path / "lite.safetensors"
    torch.save({"state_dict": {f"module.{name}": value for name, value in source.state_dict().items()}}, file)
    shown = CliRunner().invoke(main, ["weights", "convert", "efficientnet-lite0", str(file), str(output)])
    assert shown.exit_code == 0, shown.output
    images = torch.rand(1, 3, 64, 72)
    with torch.no_grad():
        wanted = source((images - 0.5) / 0.5)
    torch.testing.assert_close(logits("efficientnet-lite0", output, images), wanted, rtol=1e-4, atol=1e-5)
    again = tmp_path / "again.safetensors"
    again.write_bytes(provider("efficientnet-lite0").converted(output))
    assert all(
        value.equal(safetensors.torch.load_file(output)[name])
        for name, value in safetensors.torch.load_file(again).items()
    )


def test_a_state_dict_of_torchvision_makes_the_same_network(tmp_path: Path) -> None:
    models = pytest.importorskip("torchvision").models
    torch.manual_seed(0)
    source = models.vgg16(num_classes=5).eval()
    file, output = tmp_path / "vgg16.pth", tmp_path / "vgg16.safetensors"
    torch.save(source.state_dict(), file)
    output.write_bytes(provider("vgg16").converted(file))
    images = torch.rand(1, 3, 224, 224)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        wanted = source((images - mean) / std)
    torch.testing.assert_close(logits("vgg16", output, images), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("extractor", "source", "output", "problem"),
    [
        ("vgg16", "other.pth", "out.safetensors", "weights of another network than vgg16"),
        ("vgg16", "absent.pth", "out.safetensors", "cannot read the weights file"),
        ("vgg16", "other.pth", "out.pth", "name a file that ends in .safetensors"),
        ("vgg16", "other.pth", "there.safetensors", "is there already"),
        ("darknet19", "short.weights", "out.safetensors", "is damaged or of another network"),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, extractor: str, source: str, output: str, problem: str) -> None:
    torch.save({"weight": torch.ones(3)}, tmp_path / "other.pth")
    (tmp_path / "short.weights").write_bytes(b"\0" * 40)
    (tmp_path / "there.safetensors").write_bytes(b"mine")
    shown = CliRunner().invoke(main, ["weights", "convert", extractor, str(tmp_path / source), str(tmp_path / output)])
    assert shown.exit_code in (1, 2)
    assert problem in shown.output
    assert len(shown.output.strip().splitlines()) == 1
    assert (tmp_path / "there.safetensors").read_bytes() == b"mine"
    assert not (tmp_path / "out.safetensors").exists()
