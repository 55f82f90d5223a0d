"""A third-party plugin whose components misbehave, and a small network for quick runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from making import with_plugin

from veiqa_core.extension.registry import Registry, installed
from veiqa_core.recipes.recipe import Choice

INSTALLED = Path(__file__).parent.parent / "shared" / "installed"
SMALL = Choice("timm", {"model": "test_resnet", "weights": "random:0"})

_FAULTY = """
from veiqa_core.api import Component, ImageError, hookimpl

LAYER = {"space": "layer", "uses": ("activations",)}
METRIC = {"similar": "high", "bounds": (None, None), "identity": "max", "symmetric": True}

@hookimpl
def veiqa_pri_generators():
    yield Component(name="wrong-shape", summary="S.", factory="faulty:WrongShape")
    yield Component(name="writes-pri", summary="S.", factory="faulty:WritesPri")

@hookimpl
def veiqa_score_mappers():
    traits = {"fitted": False, "branches": "many"}
    yield Component(name="fails-late", summary="S.", factory="faulty:FailsLate", traits=traits)

@hookimpl
def veiqa_explainers():
    yield Component(name="writes-maps", summary="S.", factory="faulty:WritesMaps", traits=LAYER)
    yield Component(name="raises", summary="S.", factory="faulty:Raises", traits=LAYER)
    yield Component(name="particular", summary="S.", factory="faulty:Particular", traits=LAYER)
    yield Component(name="not-finite", summary="S.", factory="faulty:NotFinite", traits=LAYER)
    yield Component(name="zero", summary="S.", factory="faulty:Zero", traits=LAYER)
    yield Component(name="unplanned", summary="S.", factory="faulty:Unplanned", traits=LAYER)

@hookimpl
def veiqa_similarity_metrics():
    yield Component(name="not-a-number", summary="S.", factory="faulty:NotANumber", traits=METRIC)

class WrongShape:
    def __init__(self, params): pass
    def generate(self, images, seeds): return images[..., 1:]

class WritesPri:
    def __init__(self, params): pass
    def generate(self, images, seeds): return images.mul_(0.5)

class WritesMaps:
    def __init__(self, params): pass
    def explain(self, view): return view.activations().mul_(0).sum(1)

class FailsLate:
    def __init__(self, params): pass
    def predict(self, similarities):
        from types import SimpleNamespace
        score = similarities[:, 0] * (float("nan") if similarities.any() else 1)
        return SimpleNamespace(score=score, low=score, high=score)

class Raises:
    def __init__(self, params): pass
    def explain(self, view): raise RuntimeError("out of\\nluck")

class Refused(ImageError):
    def __init__(self, code, reason): super().__init__(f"{reason} ({code})")

class Particular:
    def __init__(self, params): pass
    def explain(self, view): raise Refused(7, "not to its taste")

class NotFinite:
    def __init__(self, params): pass
    def explain(self, view): return view.activations().sum(1) / 0

class Zero:
    def __init__(self, params): pass
    def explain(self, view): return view.activations().sum(1) * 0

class Unplanned:
    def __init__(self, params): pass
    def explain(self, view): return view.gradients().sum(1)

class NotANumber:
    def __init__(self, params): pass
    def compare(self, x, y): return (x - y).sum((1, 2)) * float("nan")
"""


@pytest.fixture
def small() -> Choice:
    """A tiny network with random weights."""
    return SMALL


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Everything installed, and the components of the distribution ``faulty``."""
    return with_plugin("faulty", _FAULTY, tmp_path, monkeypatch)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A network that takes no time to import is installed, for this process and all that it begins."""
    monkeypatch.syspath_prepend(INSTALLED)
    paths = (str(INSTALLED), os.environ.get("PYTHONPATH"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path))
    installed.cache_clear()
    yield
    installed.cache_clear()
