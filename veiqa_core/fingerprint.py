"""What a similarity or a VEI depends on besides the image, as one digest: by it what is kept is known again."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from PIL import features

from .devices import Device
from .offers import Registered
from .plan import Comparison, Explanation
from .recipe import BRANCH_KINDS
from .registry import Part

_CORE_OF_VEIS = (
    "arithmetic",
    "contracts/scoring",
    "engine",
    "images/image",
    "isolation",
    "pieces",
    "tiling",
    "views",
)
"""The modules of the core that shape a VEI."""
_CORE = ("comparison", "shrinking", *_CORE_OF_VEIS)
"""The modules of the core that shape a similarity."""


def component_version(item: Registered) -> str:
    """A component's version: its distribution's, and a hash of its record and of its package's source files."""
    component = item.component
    record = repr((component.factory, sorted(component.traits.items(), key=lambda trait: trait[0])))
    sources = _sources(component.factory.partition(":")[0].partition(".")[0])
    return f"{item.version}+{hashlib.sha256(f'{record}{sources}'.encode()).hexdigest()[:16]}"


def environment(device: Device) -> dict[str, Any]:
    """What decides the bits of a result on this machine: libraries, encoders, device and number of threads."""
    name = torch.cuda.get_device_name(device.torch) if device.torch.type == "cuda" else device.name
    encoders = {codec: features.version(codec) for codec in ("jpg", "jpg_2000", "libjpeg_turbo")}
    return {
        "veiqa": version("veiqa"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        **encoders,
        "timm": version("timm"),
        "captum": version("captum"),
        "device": name,
        "precision": device.precision,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


def branch_digest(comparison: Comparison, weights_digest: str, device: Device) -> str:
    """SHA-256 over a branch with its layer resolved, all versions, the weights and the environment."""
    branch = comparison.branch
    content = {"branch": branch.identity, "layer": comparison.y.layer}
    parts = [getattr(branch, kind) for kind in BRANCH_KINDS]
    return _digest(content, parts, _CORE, weights_digest, device)


def vei_digest(vei: Explanation, weights_digest: str, device: Device) -> str:
    """SHA-256 over what a VEI is of, all versions, the weights and the environment."""
    parts = [part for part in (vei.pri, vei.extractor, vei.explainer) if part is not None]
    content = {"vei": [part.identity for part in parts], "layer": vei.layer}
    return _digest(content, parts, _CORE_OF_VEIS, weights_digest, device)


def _digest(
    content: Mapping[str, Any], parts: Iterable[Part], core: tuple[str, ...], weights_digest: str, device: Device
) -> str:
    whole = {
        **content,
        "versions": {part.registered.kind: component_version(part.registered) for part in parts},
        "core": _core_sources(core),
        "weights": weights_digest,
        "environment": _environment(device, torch.get_num_threads()),
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


@functools.cache
def _environment(device: Device, threads: int) -> dict[str, Any]:
    """:func:`environment`, looked up once for hundreds of branches."""
    return environment(device)


@functools.cache
def _sources(top: str) -> str:
    """A hash over the Python files of a top-level package, or over a module that is none."""
    file = getattr(importlib.import_module(top), "__file__", None)
    if file is None:
        return "unknown"
    package = hasattr(sys.modules[top], "__path__")
    return _hash(sorted(Path(file).parent.rglob("*.py")) if package else [Path(file)])


@functools.cache
def _core_sources(modules: tuple[str, ...]) -> str:
    return _hash([Path(__file__).parent / f"{name}.py" for name in modules])


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]
