"""Passes by ONNX Runtime: they give what torch gives, the same bits in any company, and are not trusted unseen."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from torch import nn

from veiqa_core import Recipe, Scorer
from veiqa_core.contracts import Network
from veiqa_core.devices import Device
from veiqa_core.errors import OutOfMemoryError, UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_core.isolation.isolated import isolated
from veiqa_core.measuring.executors.executor import Task
from veiqa_core.measuring.executors.pool import ProcessPool
from veiqa_core.measuring.meter import Meter
from veiqa_core.measuring.networks import open_network
from veiqa_core.measuring.quantity import Similarity
from veiqa_core.measuring.runtimes import compiled, graphs, onnx_export, serving
from veiqa_core.measuring.runtimes.compiled import CompiledNetwork, CompiledPass
from veiqa_core.measuring.runtimes.eager import TorchPass
from veiqa_core.measuring.runtimes.onnx_export import NotServed
from veiqa_core.measuring.runtimes.onnx_file import with_weights
from veiqa_core.measuring.seals import seal_of
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Provenance
from veiqa_core.recipes.resolution import resolve
from veiqa_core.searching.costs import operations
from veiqa_core.store import Store

SHIPPED = Choice("efficientnet-lite0", {"weights": "random:0"})
SCRIPT = Path(__file__).parents[3] / "benchmarks" / "ship_graphs.py"


def opened(choice: Choice = SHIPPED) -> Network:
    return open_network(installed().part("extractor", choice.name, choice.params), Device())


def pixels(height: int = 70, width: int = 85, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def branch(explainer: str = "activation-norm", layer: str | None = "blocks.1", **changes: Any) -> Branch:
    parts = {"pri": "mean-blur", "explainer": explainer, "metric": "psnr"}
    given: dict[str, Any] = {kind: Choice(name) for kind, name in parts.items()}
    return Branch(**{**given, "extractor": SHIPPED, "layer": layer, **changes})


def values(*branches: Branch, runtime: str = "auto", image: Any = None, **options: Any) -> list[float | None]:
    scorer = Scorer(Recipe("r", branches), device="cpu", runtime=runtime, **options)
    return list(scorer.score(pixels() if image is None else image).similarities.values())


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("size", [(33, 33), (70, 85), (128, 97), (224, 320)], ids=str)
def test_maps_and_logits_are_torchs_at_any_size(size: tuple[int, int]) -> None:
    network = opened()
    made = serving.compiled(network)
    assert isinstance(made, CompiledNetwork)
    images = torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(1))
    found = CompiledPass(network, made, images, network.layers)
    due = TorchPass(network, images, activations=network.layers)
    for layer in network.layers:
        expected = due.activations(layer)
        assert torch.allclose(found.activations(layer), expected, rtol=0, atol=float(expected.abs().max()) * 2e-5)
    assert torch.allclose(found.logits, due.logits, rtol=1e-4, atol=1e-5)
    assert torch.equal(found.choose_target("top").classes or 0, due.choose_target("top").classes or 0)  # type: ignore[arg-type]


def test_what_explainers_of_activations_ask_for_is_served_and_the_rest_is_torchs() -> None:
    made = [branch(), branch("cam", "bn2"), branch("gradcam", "bn2"), branch("activation-norm", "blocks.1.0")]
    meter = Meter([Similarity(b) for b in resolve(Recipe("r", tuple(made)), installed()).branches], Device())
    runtimes = [step.runtime.partition(" ")[0] for step in meter.engine(range(4)).plan.passes if step.pri is None]
    assert sorted(runtimes) == ["onnxruntime", "torch"]
    by_branch = [comparison.y.runtime.partition(" ")[0] for comparison in meter.engine(range(4)).plan.comparisons]
    assert by_branch == ["onnxruntime", "onnxruntime", "torch", "torch"]  # the last layer is not a listed one
    assert meter.environment()["runtime"] == meter.runtime() == f"onnxruntime {compiled.library().__version__}"
    assert Meter(meter.quantities, Device(runtime="torch")).runtime() == "torch"


@pytest.mark.parametrize("runtime", ["torch", "onnxruntime"])
def test_a_value_has_the_same_bits_in_any_company_and_order(runtime: str) -> None:
    first, second, gradient = branch(), branch("cam", "bn2"), branch("gradcam", "bn2")
    alone = values(first, runtime=runtime) + values(second, runtime=runtime)
    assert values(first, second, gradient, runtime=runtime)[:2] == alone
    scorer = Scorer(Recipe("r", (first, second)), device="cpu", runtime=runtime)
    images = [pixels(), pixels(96, 64, 1), pixels(50, 130, 2)]
    forwards = [list(result.similarities.values()) for result in scorer.score_many(images)]
    backwards = [list(result.similarities.values()) for result in scorer.score_many(images[::-1])]
    assert forwards == backwards[::-1]
    assert forwards[0] == alone


def test_the_two_runtimes_are_close_and_kept_apart(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        turns = ("torch", "auto", "torch", "auto", "onnxruntime")
        found = [values(branch(), branch("cam", "bn2"), runtime=runtime, store=store) for runtime in turns]
    assert found[0] == found[2]
    assert found[1] == found[3] == found[4]
    assert found[0] != found[1]
    assert np.allclose(found[0], found[1], rtol=1e-4)  # type: ignore[arg-type]


def test_workers_have_the_runtime_of_the_one_that_sends(tmp_path: Path) -> None:
    import PIL.Image

    PIL.Image.fromarray(pixels()).save(tmp_path / "a.png")
    found = {}
    for runtime in ("torch", "auto"):
        device = Device.find("cpu", runtime=runtime)
        meter = Meter([Similarity(b) for b in resolve(Recipe("r", (branch(),)), installed()).branches], device)
        with ProcessPool(meter, tmp_path, 2) as pool:
            (done,) = pool.run([Task("a.png", (0,))])
        found[runtime] = done.measured[0].similarity
    assert [found["torch"], found["auto"]] == [values(branch(), runtime=name)[0] for name in ("torch", "auto")]


@pytest.mark.usefixtures("threads")
def test_a_session_has_as_many_threads_as_torch_and_stays_while_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    make = compiled._session
    monkeypatch.setattr(compiled, "_session", lambda model, threads: asked.append(threads) or make(model, threads))
    torch.set_num_threads(1)
    scorer = Scorer(Recipe("r", (branch(),)), device="cpu")
    first = [scorer.score(pixels()).similarities for _ in range(2)]
    torch.set_num_threads(2)
    second = [scorer.score(pixels()).similarities for _ in range(2)]
    assert asked == [1, 2]
    assert first[0] == first[1]
    assert second[0] == second[1]


def test_what_is_done_to_a_network_later_does_not_reach_it() -> None:
    network = opened()
    made = serving.compiled(network)
    assert isinstance(made, CompiledNetwork)
    inputs = torch.rand((1, 3, 64, 64))
    before = made.run(inputs, ["bn2"])[1]["bn2"]
    next(network.module.parameters()).data.zero_()
    assert torch.equal(made.run(inputs, ["bn2"])[1]["bn2"], before)


def test_a_damaged_network_is_opened_again_for_it_too() -> None:
    scorer = Scorer(Recipe("r", (branch(),)), device="cpu")
    before = scorer.score(pixels())
    (network,) = scorer.meter.networks.values()
    with torch.no_grad():
        next(network.module.parameters()).zero_()
    assert scorer.score(pixels()).similarities == before.similarities
    assert next(iter(scorer.meter.networks.values())) is not network


@pytest.mark.parametrize("name", ["efficientnet-lite0", "efficientnet-lite1", "darknet19", "inception-resnet-v2"])
def test_the_shipped_graph_is_what_an_export_gives(name: str) -> None:
    pytest.importorskip("onnx")
    spec = importlib.util.spec_from_file_location("ship_graphs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert name in script.NETWORKS
    assert script.exported(name) == (script.SHIPPED / f"{name}.onnx").read_bytes(), f"run {SCRIPT.name}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder."""
    monkeypatch.setattr(graphs.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path))
    return tmp_path / "graphs"


@isolated()
def compile_isolated(network: Network) -> CompiledNetwork:
    return graphs.compile_network(network)


def test_a_graph_is_exported_once_and_a_damaged_one_again(
    small: Choice, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    exports: list[str] = []
    export = onnx_export.export
    monkeypatch.setattr(graphs, "export", lambda network, images: exports.append("") or export(network, images))
    first = compile_isolated(opened(small))
    assert compile_isolated(opened(small)).identity == first.identity
    assert len(exports) == 1
    (path,) = folder.iterdir()
    sound = path.read_bytes()
    for damaged in (sound[:-9], sound[:200] + b"\0" + sound[201:], b"", b"\0" * 50):
        path.write_bytes(damaged)
        assert compile_isolated(opened(small)).identity == first.identity
        assert path.read_bytes() == sound
    other = compile_isolated(opened(attrs.evolve(small, params={**small.params, "weights": "random:1"})))
    assert other.graph == first.graph  # it holds no weights
    assert len(list(folder.iterdir())) == 2


def test_a_graph_that_gives_something_else_is_not_used() -> None:
    other = opened(Choice("darknet19", {"weights": "random:0"}))
    network = attrs.evolve(opened(), graph=other.graph)
    with pytest.raises(NotServed, match="onnxruntime does not take it"):
        compile_isolated(network)
    last = opened()
    turned = attrs.evolve(last, layers=last.layers[::-1])  # the graph has the map of bn1 where bn2 is listed
    with pytest.raises(NotServed, match="onnxruntime gives layer 'bn2' as .*, torch as"):
        compile_isolated(turned)


class Called(Network):
    """A network that does something of its own when it is called."""

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        return super().__call__(images) * 2


def test_a_network_that_is_called_in_its_own_way_is_torchs() -> None:
    last = opened()
    made = Called(name="n", module=last.module, layers=last.layers, default_layer="bn2", weights_digest="x")
    made.graph = last.graph
    with pytest.raises(NotServed, match="called in its own way"):
        compile_isolated(made)


def test_what_cannot_be_served_is_torchs_with_a_remark_and_an_error_where_it_was_named(
    small: Choice, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Iterator[bytes]:
        raise NotServed("it cannot be exported: odd")
        yield b""

    monkeypatch.setattr(graphs, "export", fails)
    wanted = branch(extractor=small, layer=None)
    scorer = Scorer(Recipe("r", (wanted,)), device="cpu")
    (remark,) = scorer.meter.remarks
    assert "extractor 'timm'" in remark
    assert remark.endswith("torch makes its passes, which takes longer: it cannot be exported: odd")
    assert scorer.meter.runtime() == "torch"
    assert list(scorer.score(pixels()).similarities.values()) == values(wanted, runtime="torch")
    with pytest.raises(UsageError, match="runtime 'onnxruntime' cannot serve extractor 'timm'.*: it cannot be export"):
        values(wanted, runtime="onnxruntime")
    with pytest.raises(UsageError, match="gives the maps of listed layers, and .* does not list 'blocks.1.0'"):
        values(branch(layer="blocks.1.0"), runtime="onnxruntime")
    assert values(branch("gradcam", "bn2"), runtime="onnxruntime") == values(branch("gradcam", "bn2"), runtime="torch")


@pytest.mark.parametrize(
    ("missing", "advice"),
    [("onnxruntime", "onnxruntime is not installed"), ("onnx", r"pip install 'veiqa\[export\]'")],
)
def test_without_a_library_the_reason_is_named(
    small: Choice, folder: Path, monkeypatch: pytest.MonkeyPatch, missing: str, advice: str
) -> None:
    pytest.importorskip("onnx")
    find = importlib.import_module

    def lacking(name: str) -> Any:
        if name == missing:
            raise ImportError(f"No module named {name!r}")
        return find(name)

    monkeypatch.setattr(importlib, "import_module", lacking)
    with pytest.raises(NotServed, match=advice):
        compile_isolated(opened(small))
    assert not folder.exists()  # nothing is kept that an installation mends


def test_a_runtime_that_is_none_or_elsewhere_is_named() -> None:
    with pytest.raises(UsageError, match="runtime 'onnx'.* onnxruntime"):
        Device.find("cpu", runtime="onnx")
    with pytest.raises(
        UsageError, match="runtime 'onnxruntime' computes on the cpu in float32, not on cpu in bfloat16"
    ):
        Device.find("cpu", "bfloat16", "onnxruntime")
    assert not Device.find("cpu", "bfloat16").may_compile


def test_weights_that_have_no_counterpart_are_refused() -> None:
    with pytest.raises(ValueError, match="its w is torch.complex64"):
        with_weights(b"", {"w": torch.zeros(2, dtype=torch.complex64)})


def test_the_runtime_of_a_fit_is_recorded() -> None:
    basis = Provenance("d", 3, (0.0, 1.0), ("x",), runtime="torch")
    assert Provenance.read(basis.write(), "w") == basis
    assert "runtime" not in attrs.evolve(basis, runtime=None).write()


def test_recipes_that_were_fitted_by_another_runtime_say_so() -> None:
    shipped = recipe_files.find("fast", installed())
    assert isinstance(shipped, Recipe)
    assert shipped.fitted is not None
    for fitted, runtime, flags in (
        ("torch", "auto", {"fitted by torch"}),
        ("onnxruntime", "auto", set()),
        (None, "auto", set()),
        ("onnxruntime", "torch", {"fitted by onnxruntime", "computed by torch"}),
    ):
        recipe = attrs.evolve(shipped, fitted=attrs.evolve(shipped.fitted, runtime=fitted))
        given = Scorer(recipe, device="cpu", runtime=runtime).score(pixels()).flags
        assert {flag for flag in given if flag.startswith(("fitted", "computed"))} == flags


def test_graphs_need_no_resizing_of_their_own() -> None:
    choice = attrs.evolve(SHIPPED, params={**SHIPPED.params, "resize": 64})
    found = values(branch(extractor=choice), image=pixels(200, 300))
    assert np.allclose(found, values(branch(extractor=choice), runtime="torch", image=pixels(200, 300)), rtol=1e-4)  # type: ignore[arg-type]


def test_a_network_whose_shapes_are_fixed_is_not_taken_for_one_of_any_size(folder: Path) -> None:
    pytest.importorskip("onnx")

    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 4, 3, padding=1)
            self.head = nn.Linear(4, 5)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            maps = self.one(images)
            return self.head(maps[..., : int(images.shape[2]) - 1, :].mean((2, 3)))

    network = Network(name="n", module=Fixed().eval(), layers=("one",), default_layer="one", weights_digest="random:0")
    with pytest.raises(NotServed, match="onnxruntime gives its logits .* apart from torch"):
        compile_isolated(network)
    assert not folder.exists()


class Counting(nn.Module):
    """Counts its passes in a buffer, and has a layer that takes no part."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.idle, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 1), nn.Linear(4, 5)
        self.register_buffer("passes", torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        logits: torch.Tensor = self.head(self.one(images).mean((2, 3)))
        return logits


@pytest.mark.parametrize(
    ("layer", "reason"),
    [("one", "a forward pass changes weights of it"), ("idle", "cannot be exported: KeyError: 'idle'")],
)
def test_a_network_that_cannot_be_tried_out_is_no_error(folder: Path, layer: str, reason: str) -> None:
    pytest.importorskip("onnx")
    module = Counting().eval().requires_grad_(False)
    network = Network(name="n", module=module, layers=(layer,), default_layer=layer, weights_digest="x")
    seal_of(network)  # as when an extractor has opened it
    found = serving.compiled(network)
    assert isinstance(found, NotServed)
    assert reason in str(found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="takes fork")
def test_a_fork_with_other_threads_makes_a_session_of_its_own() -> None:
    """As torch's data loaders do: threads are not forked, and nothing waits for those of the other process."""
    code = (
        "import os, sys, numpy as np, torch\n"
        "from veiqa_core import Scorer\n"
        "torch.set_num_threads(2)\n"
        "photo = np.random.default_rng(0).integers(0, 256, (64, 72, 3), dtype=np.uint8)\n"
        "scorer = Scorer('fast', device='cpu')\n"
        "print(scorer.score(photo).score, flush=True)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    torch.set_num_threads(1)\n"
        "    print(scorer.score(photo).score, flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    one, two = map(float, done.stdout.split())
    assert one == pytest.approx(two, abs=1e-3)


def test_the_runtime_of_a_recipe_is_that_of_its_own_branches() -> None:
    resolved = resolve(Recipe("r", (branch(), branch("gradcam"))), installed()).branches
    meter = Meter(list(map(Similarity, resolved)), Device())
    assert meter.runtime().startswith("onnxruntime ")
    assert meter.runtime([1]) == "torch"
    assert not meter.unserved
    assert Meter([Similarity(resolved[0])], Device(runtime="torch")).unserved
    assert not Meter([Similarity(resolved[1])], Device(runtime="torch")).unserved


def test_operations_count_whatever_makes_the_passes() -> None:
    image = read(pixels())
    resolved = resolve(Recipe("r", (branch(),)), installed()).branches
    made = [operations(Meter([Similarity(resolved[0])], Device(runtime=name)), image)[0] for name in ("auto", "torch")]
    assert made[0] == made[1] > 0


def test_want_of_memory_decides_nothing_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    network = opened()

    def fail(*_: Any) -> Any:
        raise MemoryError("Failed to allocate memory")

    with monkeypatch.context() as changed:
        changed.setattr(serving, "compile_network", fail)
        with pytest.raises(OutOfMemoryError, match="too little memory to make its graph ready"):
            serving.compiled(network)
    assert isinstance(serving.compiled(network), CompiledNetwork)
