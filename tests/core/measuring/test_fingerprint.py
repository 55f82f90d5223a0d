"""What is kept is known again only where nothing that decides its bits has changed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch

from veiqa_core import Recipe, Scorer
from veiqa_core.api import Component
from veiqa_core.devices import Device
from veiqa_core.errors import UsageError
from veiqa_core.extension.catalogue import OWN_DIST, Registered
from veiqa_core.extension.registry import installed
from veiqa_core.measuring import fingerprint, worker
from veiqa_core.measuring.branches import comparison
from veiqa_core.measuring.fingerprint import component_version
from veiqa_core.measuring.meter import Meter
from veiqa_core.measuring.quantity import Similarity
from veiqa_core.measuring.runtimes import compiled, eager
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.recipes.resolution import resolve
from veiqa_core.store import Store


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked up once a process is looked up anew, here and afterwards."""
    for name in ("_environment", "_sources", "_version", "_is_editable"):
        monkeypatch.setattr(fingerprint, name, getattr(fingerprint, name).__wrapped__)


def meter(small: Choice, **changes: Any) -> Meter:
    branch = Branch(**{"pri": Choice("gaussian-blur"), "extractor": small, "explainer": Choice("gradcam"), **changes})
    branch = attrs.evolve(branch, metric=changes.get("metric", Choice("psnr")))
    resolved = resolve(Recipe("r", (branch,)), installed())
    return Meter([Similarity(resolved.branches[0])], Device())


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
        (comparison, "NUMERICAL_VERSION", 99),
        (eager, "NUMERICAL_VERSION", 99),
        (compiled, "NUMERICAL_VERSION", 99),
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


def test_the_version_that_a_component_states_counts_and_ours_alone_for_what_is_ours() -> None:
    component = installed().get("metric", "psnr").component
    ours = Registered("metric", component, OWN_DIST, "0.1")
    theirs = Registered("metric", component, "theirs", "0.1")
    for item in (ours, theirs):
        newer = attrs.evolve(item, record=attrs.evolve(component, version=2))
        assert component_version(newer) != component_version(item)
    assert component_version(attrs.evolve(ours, version="0.2")) == component_version(ours)
    assert component_version(attrs.evolve(theirs, version="0.2")) != component_version(theirs)


@pytest.mark.usefixtures("forget")
def test_every_file_of_a_plugin_counts_while_it_is_installed_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, metadata = tmp_path / "some_plugin", tmp_path / "some_plugin-1.0.dist-info"
    for folder in (package, metadata):
        folder.mkdir()
    (package / "__init__.py").write_text("")
    (package / "table.csv").write_text("1")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: some-plugin\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    component = Component(name="m", summary="S.", factory="some_plugin:M")
    item = Registered("metric", component, "some-plugin", "1.0")
    released = component_version(item)
    (package / "table.csv").write_text("2")
    assert component_version(item) == released
    (metadata / "direct_url.json").write_text('{"url": "file:///x", "dir_info": {"editable": true}}')
    developed = component_version(item)
    assert developed != released
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "new.pyc").write_bytes(b"x")
    assert component_version(item) == developed
    (package / "table.csv").write_text("3")
    assert component_version(item) != developed
    monkeypatch.delitem(sys.modules, "some_plugin")


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


def test_a_worker_that_would_give_other_values_is_refused(small: Choice) -> None:
    job = worker.Job.of(meter(small), veis=False)
    job.check(meter(small))
    elsewhere = attrs.evolve(job, environment={**job.environment, "torch": "9.9"})
    with pytest.raises(UsageError, match=f"it has torch {torch.__version__} where 9.9 is due".replace("+", "\\+")):
        elsewhere.check(meter(small))
    with pytest.raises(UsageError, match="it has other components or weights"):
        attrs.evolve(job, digests=("else",)).check(meter(small))
