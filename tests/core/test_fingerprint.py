"""What is kept is known again only where nothing that decides its bits has changed."""

from __future__ import annotations

import ast
import shutil
import sys
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch

import veiqa_core
from veiqa_core import Recipe, Scorer
from veiqa_core.devices import Device
from veiqa_core.errors import UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.measuring import fingerprint, worker
from veiqa_core.measuring.meter import Meter, Quantity
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.recipes.resolution import resolve
from veiqa_core.store import Store

CORE = Path(veiqa_core.__file__).parent
DECIDES_NO_VALUE = {
    "api",  # what plugins see of the core
    "isolation/attempts",  # how failures are told
    "contracts/__init__",
    "contracts/data",
    "contracts/judging",
    "contracts/searching",
    "devices",  # in the environment
    "errors",
    "files",
    "images/decoded",
    "images/limits",
    "measuring/seals",  # says whether a network is still what was opened
    "images/__init__",  # an image is known by its pixels
    "extension/kinds",
    "measuring/memory",
    "extension/offers",
    "extension/params",
    "isolation/prints",
    "recipe",  # what is computed stands in the digest itself: branch, parameters, layer
    "extension/registry",
    "resolution",
    "images/shrinking",
    "extension/__init__",
    "isolation/__init__",
    "measuring/__init__",
}


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked up once a process is looked up anew, here and afterwards."""
    for name in ("_environment", "_sources", "_core_sources", "_version"):
        monkeypatch.setattr(fingerprint, name, getattr(fingerprint, name).__wrapped__)


def meter(small: Choice, **changes: Any) -> Meter:
    branch = Branch(**{"pri": Choice("gaussian-blur"), "extractor": small, "explainer": Choice("gradcam"), **changes})
    branch = attrs.evolve(branch, metric=changes.get("metric", Choice("psnr")))
    resolved = resolve(Recipe("r", (branch,)), installed())
    return Meter([Quantity(resolved.branches[0])], Device())


def digest(small: Choice, **changes: Any) -> str:
    return meter(small, **changes).digests()[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"pri": Choice("gaussian-blur", {"sigma": 3.0})},
        {"pri": Choice("mean-blur")},
        {"extractor": Choice("timm", {"model": "test_resnet", "weights": "random:1"})},
        {"explainer": Choice("gradcam++")},
        {"explainer": Choice("gradcam", {"target": 3})},
        {"metric": Choice("ssim")},
        {"layer": 0},
        {"scale": "none"},
        {"size": "input"},
    ],
    ids=str,
)
def test_every_part_of_a_branch_counts(small: Choice, changes: dict[str, Any]) -> None:
    assert digest(small, **changes) != digest(small)
    assert digest(small) == digest(small)


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (torch, "__version__", "0.0"),
        (np, "__version__", "0.0"),
        (torch.backends.cpu, "get_cpu_capability", lambda: "NONE"),
        (torch, "are_deterministic_algorithms_enabled", lambda: True),
        (torch, "get_num_threads", lambda: 7),
        (fingerprint, "version_of", lambda name: "0.0" if name == "scipy" else "1.0"),
        (fingerprint, "_hash", lambda files: str(len(files))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_everything_around_a_branch_counts(
    small: Choice, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, value: Any
) -> None:
    if name == "version_of":
        monkeypatch.setattr(fingerprint, "version_of", lambda _: "1.0")
    before = digest(small)
    monkeypatch.setattr(owner, name, value)
    assert digest(small) != before


@pytest.mark.filterwarnings("ignore:TF32 acceleration")  # torch's, on setting the flags
def test_a_library_without_onednn_counts(small: Choice) -> None:
    before = digest(small)
    with torch.backends.mkldnn.flags(enabled=False):
        assert digest(small) != before


@pytest.mark.usefixtures("forget")
def test_every_file_of_a_plugin_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "some_plugin"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "table.csv").write_text("1")
    monkeypatch.syspath_prepend(tmp_path)
    before = fingerprint._sources("some_plugin")
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "new.pyc").write_bytes(b"x")
    assert fingerprint._sources("some_plugin") == before
    (package / "table.csv").write_text("2")
    assert fingerprint._sources("some_plugin") != before
    monkeypatch.delitem(sys.modules, "some_plugin")
    shutil.rmtree(package)


def test_a_module_of_the_core_that_is_used_in_measuring_is_named_or_decides_nothing() -> None:
    """One that is split off later must be put in one list or the other."""
    reached: set[str] = set()
    waiting = ["measuring/branches/engine", "measuring/branches/comparison"]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += [] if module in DECIDES_NO_VALUE else _imported(module)
    assert reached - set(fingerprint._CORE) <= DECIDES_NO_VALUE
    assert all((CORE / f"{module}.py").is_file() for module in fingerprint._CORE)


def _imported(module: str) -> list[str]:
    """The core's modules that a module of it imports while it is loaded."""
    found = []
    for node in ast.parse((CORE / f"{module}.py").read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            parents = list(Path(module).parent.parts)
            base = CORE.joinpath(*parents[: len(parents) - node.level + 1])
            base = base.joinpath(*(node.module or "").split(".")) if node.module else base
            for name in [None, *(alias.name for alias in node.names)]:
                for path in (base if name is None else base / name,):
                    if path.with_suffix(".py").is_file():
                        found.append(path.relative_to(CORE).as_posix())
                    elif (path / "__init__.py").is_file() and path != CORE:
                        found.append((path / "__init__").relative_to(CORE).as_posix())
    return found


def test_a_store_follows_the_number_of_threads(small: Choice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    get = Store.get
    monkeypatch.setattr(Store, "get", lambda self, image, keys: asked.append(tuple(keys)) or get(self, image, keys))
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with Store(tmp_path / "s.sqlite") as store:
        scorer = Scorer(recipes.ad_hoc(extractor=small), device="cpu", store=store)
        threads = torch.get_num_threads()
        scorer.score(image)
        try:
            torch.set_num_threads(threads + 1)
            scorer.score(image)
        finally:
            torch.set_num_threads(threads)
        scorer.score(image)
    first, other, again = asked
    assert first == again
    assert not set(first) & set(other)


def test_a_worker_that_would_give_other_values_is_refused(small: Choice, tmp_path: Path) -> None:
    job = worker.Job.of(meter(small), tmp_path, veis=False)
    job.check(meter(small))
    elsewhere = attrs.evolve(job, environment={**job.environment, "torch": "9.9"})
    with pytest.raises(UsageError, match=f"it has torch {torch.__version__} where 9.9 is due".replace("+", "\\+")):
        elsewhere.check(meter(small))
    with pytest.raises(UsageError, match="it has other components or weights"):
        attrs.evolve(job, digests=("else",)).check(meter(small))
