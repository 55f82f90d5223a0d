"""Weights files, seeds and arbitrary networks of timm, on timm's tiny test models."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import safetensors.torch
import timm
import torch
from making import one_thread
from torch import Tensor, nn

from veiqa_core.api import DamagedWeightsError, IncompatibleError, UsageError, WeightsError
from veiqa_core.contracts import Network
from veiqa_extractors import hub
from veiqa_extractors.anatomy import examine
from veiqa_extractors.plugin import TimmParams
from veiqa_extractors.timm_model import TimmModel
from veiqa_extractors.timm_networks import (
    EfficientNetLite0,
    EfficientNetLite1,
    EfficientNetLite2,
    InceptionResNetV2,
    TimmNetwork,
    Vgg16,
)

CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def opened(weights: str | Path = "random:5", model: str = "test_resnet", **values: Any) -> Network:
    return TimmModel(TimmParams(model=model, weights=str(weights), **values)).open(CPU)


def state_of(network: Network) -> dict[str, Tensor]:
    return {name: tensor.clone().contiguous() for name, tensor in network.module.state_dict().items()}


def fingerprint(network: Network) -> str:
    sha = hashlib.sha256()
    for tensor in network.module.state_dict().values():
        sha.update(tensor.contiguous().numpy().tobytes())
    return sha.hexdigest()


def test_state_dicts_come_back_from_every_kind_of_file(tmp_path: Path) -> None:
    state = state_of(opened("random:1"))
    safetensors.torch.save_file(state, tmp_path / "w.safetensors")
    torch.save(state, tmp_path / "w.pth")
    torch.save({"state_dict": {f"module.{name}": t for name, t in state.items()}, "epoch": 3}, tmp_path / "w.pt")
    torch.save(state, tmp_path / "w.bin", _use_new_zipfile_serialization=False)
    images = torch.rand(1, 3, 64, 80)
    logits = opened("random:1")(images)
    for path in sorted(tmp_path.iterdir()):
        network = opened(path)
        assert torch.equal(network(images), logits), path.name
        assert network.weights_digest == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_a_home_folder_in_a_path_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    safetensors.torch.save_file(state_of(opened()), tmp_path / "w.safetensors")
    assert opened("~/w.safetensors").weights_digest.startswith("sha256:")


def test_half_precision_weights_become_float32_and_counters_may_be_missing(tmp_path: Path) -> None:
    state = {name: t.half() for name, t in state_of(opened()).items() if not name.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "half.pth")
    assert next(opened(tmp_path / "half.pth").module.parameters()).dtype == torch.float32


def test_a_checkpoint_sets_the_number_of_classes(tmp_path: Path) -> None:
    torch.save(timm.create_model("test_resnet", num_classes=7).state_dict(), tmp_path / "seven.pth")
    network = opened(tmp_path / "seven.pth")
    assert network(torch.rand(1, 3, 64, 64)).shape == (1, 7)
    assert network.linear_head is not None
    assert len(network.linear_head) == 7


class Dangerous:
    """A pickle of it would create a folder when loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_could_run_code_is_refused_and_does_not_run(tmp_path: Path, zipped: bool) -> None:
    path, made = tmp_path / "evil.pth", tmp_path / "made"
    torch.save({"a": Dangerous(made)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"evil\.pth is refused: .*mkdir.* run code"):
        opened(path)
    assert not made.exists()


def test_a_pickled_network_is_refused_with_its_class(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "whole.pth")
    with pytest.raises(WeightsError, match=r"whole\.pth is refused: .*torch\.nn\.modules\.linear\.Linear"):
        opened(tmp_path / "whole.pth")


def damaged_files(folder: Path) -> dict[str, bytes]:
    state = state_of(opened())
    torch.save(state, folder / "good")
    zipped = (folder / "good").read_bytes()
    tensors = safetensors.torch.save(state)
    return {
        "cut.pth": zipped[: len(zipped) // 2],
        "empty.pth": b"",
        "noise.pt": bytes(range(1, 200)),
        "plain.bin": pickle.dumps({"a": 1}, protocol=2),
        "cut.safetensors": tensors[: len(tensors) // 2],
        "empty.safetensors": b"",
        "page.safetensors": b"<!DOCTYPE html><title>404</title>",
        "page.pth": b"\n<html></html>",
        "pointer.safetensors": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    }


def test_damaged_files_are_named_in_one_line(tmp_path: Path) -> None:
    for name, content in damaged_files(tmp_path).items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DamagedWeightsError) as caught:
            opened(path)
        text = str(caught.value)
        assert str(path) in text, name
        assert "\n" not in text, name
        assert ("a web page" in text) == name.startswith("page"), name
        assert ("a Git LFS pointer" in text) == name.startswith("pointer"), name


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder.pth").mkdir()
    for name in ("absent.pth", "folder.pth"):
        with pytest.raises(WeightsError, match=f"cannot read the weights file .*{name}"):
            opened(tmp_path / name)


def test_weights_of_another_network_are_refused_with_the_first_differences(tmp_path: Path) -> None:
    torch.save(timm.create_model("test_efficientnet").state_dict(), tmp_path / "other.pth")
    with pytest.raises(WeightsError) as caught:
        opened(tmp_path / "other.pth")
    text = str(caught.value)
    assert "another network than test_resnet" in text
    assert "missing: conv1.0.weight, conv1.1.weight" in text
    assert "unknown: conv_stem.weight, blocks.0" in text
    assert "of another shape: bn1.weight (24,) instead of (32,)" in text
    assert len(text) < 600


def test_weights_of_another_width_are_refused_with_both_shapes(tmp_path: Path) -> None:
    state = state_of(opened())
    state["layer1.0.conv1.weight"] = torch.zeros(2, 3, 1, 1)
    torch.save(state, tmp_path / "wide.pth")
    with pytest.raises(WeightsError, match=r"of another shape: layer1\.0\.conv1\.weight \(2, 3, 1, 1\) instead of"):
        opened(tmp_path / "wide.pth")


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    state = state_of(opened())
    state["fc.bias"][3] = float("nan")
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(DamagedWeightsError, match="not finite"):
        opened(tmp_path / "nan.pth")


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {"state_dict": [1]}])
def test_files_without_a_state_dict_are_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match=r"odd\.pth holds no state dict"):
        opened(tmp_path / "odd.pth")


def test_a_seed_gives_the_same_network_in_another_process() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "import runpy; here = runpy.run_path(sys.argv[1]); print(here['fingerprint'](here['opened']('random:11')))"
    )
    command = [sys.executable, "-c", code, __file__, *sys.path]
    elsewhere = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert elsewhere == fingerprint(opened("random:11"))
    assert elsewhere != fingerprint(opened("random:12"))


def test_a_seed_is_its_own_digest() -> None:
    assert opened("random:11").weights_digest == "random:11"


def test_global_state_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save(state_of(opened()), path)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    for weights in ("random:9", path):
        opened(weights)
        assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(WeightsError):
        opened("absent.pth")
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.is_grad_enabled()


def test_a_failed_download_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    create = timm.create_model

    def offline(name: str, pretrained: bool = False) -> nn.Module:
        if pretrained:
            raise ConnectionError("no route to host\nsecond line")
        return create(name)

    monkeypatch.setattr(timm, "create_model", offline)
    monkeypatch.setattr(hub, "_unreachable", lambda repository: None)
    with pytest.raises(WeightsError) as caught:
        opened("hub")
    text = str(caught.value)
    assert "test_resnet (no route to host)" in text
    assert "-p extractor.weights=FILE" in text
    assert "\n" not in text


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[float]]:
    """A machine whose way to the network is a proxy that does not answer; all pauses that are made meanwhile."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    forget: Any = getattr(huggingface_hub, "close_session", None) or huggingface_hub.utils.reset_sessions
    forget()
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    yield made
    forget()


def test_a_dead_proxy_is_one_error_without_a_pause_or_a_foreign_line(
    waits: list[float], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WeightsError) as caught:
        opened("hub")
    text = str(caught.value)
    assert re.fullmatch(
        r"timm could not download the weights of test_resnet \(.*refused.*\); "
        r"go online once, or set weights to a local file.*",
        text,
    )
    assert waits == []
    assert capfd.readouterr() == ("", "")
    assert not huggingface_hub.constants.HF_HUB_OFFLINE
    assert not logging.root.manager.disable


def test_what_is_in_the_cache_is_used_where_the_hub_cannot_be_reached(
    waits: list[float], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    create, offline = timm.create_model, []

    def cached(name: str, pretrained: bool = False) -> nn.Module:
        offline.extend([huggingface_hub.constants.HF_HUB_OFFLINE] * pretrained)
        return create(name)

    monkeypatch.setattr(timm, "create_model", cached)
    revision = tmp_path / "cache" / "models--timm--test_resnet.r160_in1k" / "snapshots" / ("0" * 40)
    revision.mkdir(parents=True)
    (revision.parent.parent / "refs").mkdir()
    (revision.parent.parent / "refs" / "main").write_text(revision.name)
    assert opened("hub").weights_digest.startswith("sha256:")
    assert (offline, waits) == ([True], [])


def test_downloaded_weights_are_digested_by_content(monkeypatch: pytest.MonkeyPatch) -> None:
    create, asked = timm.create_model, []

    def download(name: str, pretrained: bool = False) -> nn.Module:
        asked.extend([True] * pretrained)
        torch.manual_seed(seed)
        return create(name)

    monkeypatch.setattr(timm, "create_model", download)
    monkeypatch.setattr(hub, "_unreachable", lambda repository: None)
    seed = 1
    first, again = opened("hub").weights_digest, opened("hub").weights_digest
    seed = 2
    other = opened("hub").weights_digest
    assert asked == [True] * 3
    assert first == again != other
    assert first.startswith("sha256:")


@pytest.mark.parametrize(
    ("model", "layer", "linear"),
    [
        ("test_resnet", "layer4", True),
        ("test_efficientnet", "bn2", True),
        ("test_byobnet", "final_conv", True),
        ("test_nfnet", "final_act", True),
        ("test_convnext", "stages.3", False),  # a normalisation lies between pooling and classifier
    ],
)
def test_the_last_map_before_pooling_is_found(model: str, layer: str, linear: bool) -> None:
    network = opened(model=model)
    assert network.default_layer == network.layers[-1] == layer
    assert len(network.layers) >= 4
    assert (network.linear_head is not None) == linear


def test_a_network_that_ends_its_features_with_pooling_has_the_map_before_it() -> None:
    vgg = timm.create_model("vgg11", num_classes=3, mlp_ratio=0.01)
    with torch.no_grad():
        found = examine(vgg.eval(), "vgg11", None)
    assert found.default_layer == found.layers[-1] == "features.19"
    assert found.linear_head is None
    assert found.min_size == 32


def test_min_size_is_the_smallest_that_gives_a_map_of_two_by_two() -> None:
    for model, smallest in {"test_resnet": 33, "test_convnext": 64}.items():
        network = opened(model=model)
        sides: list[int] = []
        layer = network.module.get_submodule(network.default_layer)
        layer.register_forward_hook(lambda _, __, out, sides=sides: sides.append(out.shape[2]))
        assert network.min_size == smallest
        network.module(torch.rand(1, 3, smallest, smallest))
        network.module(torch.rand(1, 3, smallest - 1, smallest - 1))
        assert sides == [2, 1]


@pytest.mark.parametrize("model", ["test_vit", "test_mambaout"])
def test_networks_without_feature_maps_are_refused(model: str) -> None:
    with pytest.raises(IncompatibleError, match=f"{model} gives no feature maps"):
        opened(model=model)


@pytest.mark.skipif(not timm.list_models("test_maxvit"), reason="this timm has no such network")
def test_networks_of_one_size_ask_for_it() -> None:
    with pytest.raises(IncompatibleError, match=r"test_maxvit does not take .* -p extractor\.resize=160"):
        opened(model="test_maxvit")
    with pytest.raises(IncompatibleError, match=r"cannot take images of 100x100; .* -p extractor\.resize=160"):
        opened(model="test_maxvit", resize=100)
    assert opened(model="test_maxvit", resize=160)(torch.rand(1, 3, 50, 70)).shape == (1, 1000)


def test_a_resize_that_leaves_one_pixel_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="shrinks 32x32 pixels to a single one"):
        opened(resize=32)


def test_an_unknown_model_is_answered_with_the_nearest_names() -> None:
    with pytest.raises(UsageError, match=r"unknown timm model 'rezzznet50'\. Did you mean 'res"):
        opened(model="rezzznet50")
    with pytest.raises(UsageError, match="unknown timm model 'hf-hub:someone/resnet'"):
        opened(model="hf-hub:someone/resnet")
    with pytest.raises(UsageError, match=r"unknown pretrained tag of resnet50 'a1_in2k'\. Did you mean 'a1_in1k'"):
        opened(model="resnet50.a1_in2k")


@pytest.mark.parametrize("kind", [EfficientNetLite0, EfficientNetLite1, EfficientNetLite2, Vgg16, InceptionResNetV2])
def test_what_is_known_of_a_network_is_what_timm_declares(kind: type[TimmNetwork]) -> None:
    known, declared = kind.architecture, timm.get_pretrained_cfg(kind.architecture.timm_name)
    assert (known.mean, known.std, known.classifier) == (declared.mean, declared.std, declared.classifier)
