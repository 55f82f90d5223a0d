"""What a component leaves behind on what it shares with others changes no value of theirs, and is said."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import numpy as np
import PIL.Image
import PIL.ImageFile
import pytest
import torch
from torch import nn

from veiqa_core import Recipe, Scorer
from veiqa_core.extension.discovery import Found, find
from veiqa_core.extension.registry import Registry
from veiqa_core.images import read
from veiqa_core.isolation import process
from veiqa_core.isolation.isolated import isolated
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.store import Store

PIXELS = np.random.default_rng(0).integers(0, 256, (48, 40, 3), dtype=np.uint8)

NETWORK = {
    "forward-hook": ("module.conv1.register_forward_hook(lambda m, i, o: o * 0)", "leaves a hook on"),
    "forward-pre-hook": ("module.conv1.register_forward_pre_hook(lambda m, i: (i[0] * 0,))", "leaves a hook on"),
    "backward-hook": ("module.conv1.register_full_backward_hook(lambda m, i, o: (i[0] * 0,))", "leaves a hook on"),
    "hooks-replaced": ("module.conv1._forward_hooks = {1: lambda m, i, o: o * 0}", "leaves a hook on"),
    "train-mode": ("module.train()", "changes the mode of"),
    "train-mode-of-a-part": ("module.bn1.train()", "changes the mode of"),
    "module-replaced": ("module.conv1 = nn.Conv2d(3, 4, 3)", "replaces parts of"),
    "module-added": ("module.more = nn.ReLU()", "replaces parts of"),
    "module-removed": ("del module.fc", "replaces parts of"),
    "parameter-replaced": ("module.conv1[0].weight = nn.Parameter(module.conv1[0].weight * 2)", "replaces parts of"),
    "buffer-replaced": ("module.bn1.running_mean = module.bn1.running_mean + 1", "replaces parts of"),
    "parametrized": (
        "import torch.nn.utils.parametrize as p; p.register_parametrization(module.conv1[0], 'weight', nn.Tanh())",
        "replaces parts of",
    ),
    "method-replaced": (
        "module.conv1.forward = lambda x: nn.Conv2d.forward(module.conv1, x) * 0",
        "replaces methods of",
    ),
    "method-of-a-class": (
        "kind = type(module); old = kind.forward; kind.forward = lambda s, x: old(s, x) * 2",
        "replaces methods of",
    ),
    "class-replaced": (
        "module.conv1.__class__ = type('C', (type(module.conv1),), {'forward': lambda s, x: x})",
        "replaces methods of",
    ),
    "weight-in-place": ("with torch.no_grad(): module.conv1[0].weight.mul_(2)", "changes weights of"),
    "weight-behind-torch": ("module.conv1[0].weight.data.mul_(2)", "changes weights of"),
    "weight-by-data": ("module.conv1[0].weight.data = module.conv1[0].weight.data * 2", "changes weights of"),
    "weight-by-numpy": ("module.fc.bias.detach().numpy()[:] += 1", "changes weights of"),
    "requires-gradients": ("module.requires_grad_(True)", "changes what requires gradients in"),
    "gradient-left": (
        "module.conv1[0].weight.grad = torch.ones_like(module.conv1[0].weight)",
        "leaves gradients on weights of",
    ),
    "field": ("view.network.resize = 40", "changes fields of"),
    "normalisation": ("view.network._scale.mul_(2)", "changes weights of"),
    "then-it-raises": ("module.train(); raise RuntimeError('too late')", "changes the mode of"),
}
"""What an explainer does to the network, and what is said of it."""

ALL_MODULES = "nn.modules.module.register_module_forward_hook(lambda m, i, o: o * 0 if o.ndim == 4 else None)"

PROCESS = {
    "Pillow's limit": ("PIL.Image.MAX_IMAGE_PIXELS = None", lambda: PIL.Image.MAX_IMAGE_PIXELS),
    "truncated files": ("PIL.ImageFile.LOAD_TRUNCATED_IMAGES = True", lambda: PIL.ImageFile.LOAD_TRUNCATED_IMAGES),
    "an opener": ("PIL.Image.OPEN['PNG'] = None", lambda: PIL.Image.OPEN["PNG"]),
    "the environment": ("os.environ.update(LEFT='1'); os.environ.pop('PATH')", lambda: dict(os.environ)),
    "the path of modules": ("sys.path.insert(0, '/left')", lambda: list(sys.path)),
    "another path": ("sys.path = ['/left']", lambda: (id(sys.path), list(sys.path))),
    "the recursion limit": ("sys.setrecursionlimit(200)", sys.getrecursionlimit),
    "standard error": ("sys.stderr = None", lambda: sys.stderr),
    "filters of warnings": (
        "import warnings; warnings.simplefilter('error')",
        lambda: list(__import__("warnings").filters),
    ),
    "NumPy's errors": ("np.seterr(all='raise')", np.geterr),
    "NumPy's printing": ("np.set_printoptions(precision=2)", np.get_printoptions),
    "decimal numbers": (
        "import decimal; decimal.getcontext().prec = 3",
        lambda: __import__("decimal").getcontext().prec,
    ),
    "the umask": ("os.umask(0o077)", process._umask),
    "a signal": (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        lambda: __import__("signal").getsignal(15),
    ),
    "the collector": ("import gc; gc.disable()", lambda: __import__("gc").isenabled()),
    "an exception hook": ("sys.excepthook = print", lambda: sys.excepthook),
    "deterministic mode": (
        "torch.use_deterministic_algorithms(True, warn_only=True)",
        torch.are_deterministic_algorithms_enabled,
    ),
    "anomaly mode": ("torch.autograd.set_detect_anomaly(True)", torch.is_anomaly_enabled),
    "the default device": ("torch.set_default_device('meta')", lambda: torch.empty(0).device),
    "denormal numbers": ("torch.set_flush_denormal(True)", lambda: 5e-324 * 1.0),
    "oneDNN": ("torch._C._set_mkldnn_enabled(False)", torch._C._get_mkldnn_enabled),
    "a function of torch": ("nn.functional.relu = torch.sin", lambda: nn.functional.relu),
    "a class of torch": ("nn.ReLU.forward = lambda s, x: x * 0", lambda: nn.ReLU.forward),
    "the call of modules": ("nn.Module.__call__ = lambda s, x: x", lambda: nn.Module.__call__),
    "buffers' registration": (
        "nn.modules.module._global_forward_hooks[0] = print; nn.modules.module._global_forward_hooks.clear()",
        lambda: dict(nn.modules.module._global_forward_hooks),
    ),
}
"""What a metric does to the process, and how that stands."""

PLUGIN = """
import os, sys
import numpy as np
import PIL.Image, PIL.ImageFile
import torch
from torch import nn
from veiqa_core.api import Component, hookimpl

EXPLAINER = {{"space": "input", "uses": ("forward",)}}
METRIC = {{"similar": "low", "bounds": (0, None), "identity": "min", "symmetric": True}}

@hookimpl
def veiqa_explainers():
    yield Component(name="guilty", summary="S.", factory="{module}:Guilty", traits=EXPLAINER)

@hookimpl
def veiqa_similarity_metrics():
    yield Component(name="meddler", summary="S.", factory="{module}:Meddler", traits=METRIC)

@hookimpl
def veiqa_pri_generators():
    yield Component(name="reuses", summary="S.", factory="{module}:Reuses")

class Guilty:
    def __init__(self, params): pass
    def explain(self, view):
        module = {network}.module
        made = view.images.mean(1)
{explain}
        return made

class Meddler:
    def __init__(self, params): pass
    def compare(self, x, y):
        made = (x - y).abs().mean((1, 2))
{compare}
        return made

class Reuses:
    kept = torch.empty(1, 3, 48, 40)
    def __init__(self, params): pass
    def generate(self, images, seeds): return self.kept.copy_(images).mul_(127).round_().div_(255)
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Registry]:
    """Makes a registry with a distribution whose components do what they should not."""

    def make(explain: str = "pass", compare: str = "pass", network: str = "view.network") -> Registry:
        parts = {name: textwrap.indent(work, " " * 8) for name, work in (("explain", explain), ("compare", compare))}
        (tmp_path / "guilty.py").write_text(PLUGIN.format(module="guilty", network=network, **parts))
        monkeypatch.delitem(sys.modules, "guilty", raising=False)
        return Registry([*find(), Found("guilty", "main", "1.0", "guilty")])

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # it is written again within a second
    return make


def branch(small: Choice, **parts: str) -> Branch:
    chosen = {"pri": "jpeg", "metric": "psnr", **parts}
    return Branch(extractor=small, **{kind: Choice(name) for kind, name in chosen.items()})  # type: ignore[arg-type]


def recipe(small: Choice) -> Recipe:
    """The guilty one first, then others that use the network after it."""
    explainers = ("guilty:guilty", "gradcam", "guided-backprop")
    return Recipe("r", tuple(branch(small, explainer=explainer) for explainer in explainers))


def values(scorer: Scorer) -> tuple[dict[str, float], list[str]]:
    """Similarities by key, and errors, of two images one after the other."""
    found, errors = {}, []
    for number in range(2):
        measured = scorer.meter.measure(read(np.roll(PIXELS, number, 1)), scorer._all)
        found |= {f"{number} {m.key}": m.similarity for m in measured.values() if m.similarity is not None}
        errors += [str(m.error) for m in measured.values() if m.error is not None]
    return found, errors


@pytest.fixture(scope="module")
def expected() -> dict[str, float]:
    small = Choice("timm", {"model": "test_resnet", "weights": "random:0"})
    good = Recipe("r", recipe(small).branches[1:])
    return values(Scorer(good, device="cpu"))[0]


@pytest.mark.parametrize("situation", NETWORK)
def test_an_explainer_that_damages_the_network_fails_alone_and_nothing_is_kept(
    small: Choice, plugin: Callable[..., Registry], expected: dict[str, float], tmp_path: Path, situation: str
) -> None:
    work, reported = NETWORK[situation]
    with Store(tmp_path / "store") as store:
        scorer = Scorer(recipe(small), device="cpu", registry=plugin(work), store=store)
        found, errors = values(scorer)
        assert found == expected
        assert len(errors) == 2
        assert {error.partition(" the network")[0] for error in errors} == {
            f"explainer 'guilty' (guilty 1.0): {reported}"
        }
        digests = scorer.meter.digests()
        assert store.get(read(PIXELS).digest, list(digests)) == [None] * len(digests)


def test_a_hook_for_all_modules_is_the_failure_of_who_leaves_it(
    small: Choice, plugin: Callable[..., Registry], expected: dict[str, float]
) -> None:
    found, errors = values(Scorer(recipe(small), device="cpu", registry=plugin(ALL_MODULES)))
    assert found == expected
    reported = "explainer 'guilty' (guilty 1.0): leaves a hook for all modules of all networks behind; remove it"
    assert errors == [reported, reported]


def test_a_hook_of_the_callers_for_all_modules_changes_no_score_and_stays(
    small: Choice, expected: dict[str, float]
) -> None:
    handle = nn.modules.module.register_module_forward_hook(lambda m, i, o: o * 0)
    try:
        found, _ = values(Scorer(Recipe("r", recipe(small).branches[1:]), device="cpu"))
        assert handle.id in nn.modules.module._global_forward_hooks
    finally:
        handle.remove()
    assert found == expected


@pytest.mark.parametrize("once", [False, True])
def test_an_explainer_that_never_asks_for_the_network_is_found_too(
    small: Choice, plugin: Callable[..., Registry], expected: dict[str, float], once: bool
) -> None:
    only = "if not hasattr(Guilty, 'done'): " if once else ""
    registry = plugin(f"{only}module.train(); Guilty.done = True", network="view._pass.network")
    found, errors = values(Scorer(recipe(small), device="cpu", registry=registry))
    assert errors
    assert all("changes the mode of the network" in error and "'guilty' (guilty 1.0)" in error for error in errors)
    assert found.items() <= expected.items() | {(key, value) for key, value in found.items() if "guilty" in key}
    if not once:
        assert found == expected
        assert len(errors) == 2


def test_threads_share_a_scorer_with_a_guilty_explainer(
    small: Choice, plugin: Callable[..., Registry], expected: dict[str, float]
) -> None:
    scorer = Scorer(recipe(small), device="cpu", registry=plugin(NETWORK["forward-hook"][0]))
    with ThreadPoolExecutor(3) as pool:
        for found, errors in pool.map(lambda _: values(scorer), range(3)):
            assert found == expected
            assert len(errors) == 2


@pytest.mark.parametrize("situation", PROCESS)
def test_what_belongs_to_the_process_is_given_back(plugin: Callable[..., Registry], situation: str) -> None:
    work, look = PROCESS[situation]
    names = {"os": os, "sys": sys, "np": np, "PIL": PIL, "torch": torch, "nn": nn}
    for outer in (False, True):
        with isolated() if outer and situation in EACH else open(os.devnull):  # noqa: PTH123
            before = look()
            with isolated():
                exec(work, dict(names))
            assert look() == before


EACH = [
    name for name in PROCESS if name.startswith(("Pillow", "the env", "NumPy's errors", "a function", "the recursion"))
]


def test_what_is_handed_over_may_be_written_into(small: Choice, plugin: Callable[..., Registry]) -> None:
    registry = plugin(compare="x.zero_(); y.zero_()")
    alone = Scorer(Recipe("r", (branch(small),)), device="cpu").score(PIXELS).similarities
    branches = (branch(small, metric="guilty:meddler"), branch(small), branch(small, pri="guilty:reuses"))
    for scale in ("pair", "none"):
        chosen = tuple(attrs.evolve(branch, scale=scale) for branch in branches)
        one = Scorer(Recipe("r", chosen[1:2]), device="cpu").score(PIXELS).similarities
        several = Scorer(Recipe("r", chosen), device="cpu", registry=registry).score(PIXELS).similarities
        assert one.items() <= several.items()
    assert len(alone) == 1
