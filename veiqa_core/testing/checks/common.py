"""What every component must keep to, whatever its kind."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import random
import subprocess
import sys
import tomllib
from typing import Any

import numpy as np
import tomli_w
import torch

from ...api import parameters as params
from ...contracts import (
    Control,
    Dataset,
    DistortionClassifier,
    Explainer,
    FeatureExtractor,
    Method,
    PriGenerator,
    ScoreMapper,
    SearchStrategy,
    SimilarityMetric,
)
from ...extension.registration import HEAVY
from ...extension.registry import installed
from ...isolation.isolated import isolated
from ...isolation.process import Saved
from ..elsewhere import elsewhere
from ..kit import Subject, needs, require
from ..samples import probe

PROTOCOLS: dict[str, type] = {
    "pri": PriGenerator,
    "extractor": FeatureExtractor,
    "explainer": Explainer,
    "metric": SimilarityMetric,
    "method": Method,
    "mapper": ScoreMapper,
    "classifier": DistortionClassifier,
    "dataset": Dataset,
    "strategy": SearchStrategy,
    "control": Control,
}

_LIGHT = """
import importlib, json, sys
for module in {modules!r}:
    importlib.import_module(module)
print(json.dumps(sorted(set({heavy!r}) & set(sys.modules))))
"""


@needs("nothing")
def check_protocol(of: Subject) -> None:
    """It builds from its defaults, and has what its kind's protocol asks for."""
    protocol = PROTOCOLS[of.kind]
    made = of.make()
    members = getattr(protocol, "__protocol_attrs__", None) or {
        name for name in vars(protocol) if not name.startswith("_")
    }
    missing = sorted(name for name in members if not hasattr(made, name))
    require(not missing, f"{type(made).__name__} lacks {', '.join(missing)} of {protocol.__name__}")


@needs("building")
def check_described(of: Subject) -> None:
    """Its summary is a sentence, its source is named, and its class has a docstring."""
    component = of.part.registered.component
    require(component.summary.endswith("."), f"its summary is no sentence: {component.summary!r}")
    require(component.reference, "reference names no source; say 'Original to this package.' where there is none")
    require(type(of.make()).__doc__, f"{type(of.make()).__name__} has no docstring")


@needs("nothing")
def check_search_values(of: Subject) -> None:
    """The values that a search tries by default are values that its parameters take."""
    cls = of.part.registered.component.params
    for info in params.describe(cls):
        for value in info.search:
            params.build(cls, {info.name: params.plain(value)}, "search value")


@needs("nothing")
def check_parameters_survive_toml(of: Subject) -> None:
    """Its parameters come back from a recipe's TOML as they were."""
    cls = of.part.registered.component.params
    given = {info.name: params.plain(getattr(of.part.params, info.name)) for info in params.describe(cls)}
    written = tomli_w.dumps({name: value for name, value in given.items() if value is not None})
    again: Any = params.build(cls, tomllib.loads(written), "parameters read again")
    require(again == of.part.params, f"its parameters come back from TOML as {again}, not {of.part.params}")


@needs("nothing")
def check_registration_is_light(of: Subject) -> None:
    """The module that its entry point names imports neither torch nor numpy nor the like."""
    modules, heavy = _heavy(of.part.registered.dist)
    problem = f"importing {', '.join(modules)} imports {', '.join(heavy)}"
    require(not heavy, f"{problem}; import them in the component's module")


def check_same_in_another_process(of: Subject) -> None:
    """The same input gives the same output, bit for bit, in another process."""
    made = probe(of)
    require(probe(of) == made, "gives another output when asked again")
    require(elsewhere(of) == hashlib.sha256(made).hexdigest(), "gives another output in another process")


def check_leaves_no_trace(of: Subject) -> None:
    """Random generators, threads, environment and all else of the process stay as they were; nothing is printed."""
    with isolated():
        probe(of)  # libraries may do what they like when they are imported
    said = io.StringIO()
    changed: list[str] = []
    with isolated():  # so that a component which leaves one fails this check alone
        before, process = _state(), Saved(outermost=True)
        with contextlib.redirect_stdout(said):
            probe(of)
        changed += [name for name, value in _state().items() if value != before[name]]
        changed += process.changed()
    require(not changed, f"changes {', '.join(changed)}")
    require(not said.getvalue(), f"prints {said.getvalue().splitlines()[:1]}")


def _state() -> dict[str, Any]:
    return {
        "torch's random generator": torch.random.get_rng_state().tolist(),
        "NumPy's random generator": repr(np.random.get_state()),
        "Python's random generator": random.getstate(),
        "the grad mode": torch.is_grad_enabled(),
        "torch's default type": torch.get_default_dtype(),
    }


@functools.cache
def _heavy(dist: str) -> tuple[list[str], list[str]]:
    """A distribution's light modules, and what heavy ones they import."""
    modules = [plugin.value.partition(":")[0] for plugin in installed().plugins if plugin.dist == dist]
    code = _LIGHT.format(modules=modules, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last_line = (done.stderr.strip().splitlines() or ["?"])[-1]
    require(done.returncode == 0, f"{', '.join(modules)} cannot be imported in another process: {last_line}")
    return modules, json.loads(done.stdout)
