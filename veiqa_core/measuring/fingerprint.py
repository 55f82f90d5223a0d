"""What a similarity or a VEI depends on besides the image, as one digest: by it what is kept is known again."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from PIL import features

from ..devices import Device
from ..extension.catalogue import Registered
from ..extension.discovery import version_of, versions_of_module
from ..extension.registry import Part
from ..recipes.recipe import BRANCH_KINDS
from .branches.plan import Comparison, Explanation

_CORE_OF_VEIS = (
    "isolation/arithmetic",
    "contracts/layout",
    "contracts/scoring",
    "measuring/branches/engine",
    "images/image",
    "isolation/isolated",
    "guard/process",
    "measuring/networks",
    "measuring/branches/tiled_image",
    "measuring/branches/plan",
    "measuring/branches/tiling",
    "measuring/branches/views",
    "measuring/wrappers",
)
"""The modules of the core that shape a VEI."""
_CORE = ("measuring/branches/comparison", "images/shrinking", *_CORE_OF_VEIS)
"""The modules of the core that shape a similarity."""
_BIG = 2**22
_MAKE = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")
"""By what Linux names a processor, whatever the architecture."""
_CHOOSING = (
    *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"),
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE", "OPENBLAS_CORETYPE"),
    *("NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES"),
)
"""Variables by which people choose what code libraries run on a processor."""


def component_version(item: Registered) -> str:
    """A component's version: its distribution's, and a hash over its record, its package and what it requires."""
    component = item.component
    required = [(name, _version(name)) for name in sorted(component.requires)]
    record = repr((component.factory, sorted(component.traits.items(), key=lambda trait: trait[0]), required))
    sources = _sources(component.factory.partition(":")[0].partition(".")[0])
    return f"{item.version}+{hashlib.sha256(f'{record}{sources}'.encode()).hexdigest()[:16]}"


def environment(device: Device) -> dict[str, Any]:
    """What decides the bits of a result on this machine: libraries, encoders, device and number of threads."""
    name = torch.cuda.get_device_name(device.torch) if device.torch.type == "cuda" else device.name
    encoders = {codec: features.version(codec) for codec in ("jpg", "jpg_2000", "libjpeg_turbo")}
    return {
        "veiqa": version_of("veiqa"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        **encoders,
        "timm": version_of("timm"),
        "captum": version_of("captum"),
        "device": name,
        "cudnn": _cudnn() if device.torch.type == "cuda" else None,
        "precision": device.precision,
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "chosen code": " ".join(f"{name}={os.environ[name]}" for name in _CHOOSING if name in os.environ) or "none",
        **dict(passing()),
    }


@functools.cache
def _processor() -> str:
    """The make of the processor, by which MKL and oneDNN choose their code beside its instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").partition("\n\n")[0].splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    about = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return " ".join([platform.machine(), *(about[name] for name in _MAKE if name in about)])


def _cudnn() -> int | None:
    found: int | None = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return found


def passing() -> tuple[tuple[str, Any], ...]:
    """What of the environment may change while the process runs."""
    return (
        ("threads", torch.get_num_threads()),
        ("mkldnn", torch.backends.mkldnn.enabled),
        ("deterministic", torch.are_deterministic_algorithms_enabled()),
    )


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
        "environment": _environment(device, passing()),
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


@functools.cache
def _environment(device: Device, now: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """:func:`environment`, looked up once for hundreds of branches."""
    return environment(device)


@functools.cache
def _sources(top: str) -> str:
    """A hash over the files of a top-level package, or over a module that is none."""
    file = getattr(importlib.import_module(top), "__file__", None)
    if file is None:
        return "unknown"
    package = hasattr(sys.modules[top], "__path__")
    return _hash(sorted(_files(Path(file).parent)) if package else [Path(file)])


def _files(folder: Path) -> Iterator[Path]:
    """A package's own files; not big ones, which are weights: these are known by their digest."""
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and path.stat().st_size <= _BIG:
            yield path


@functools.cache
def _version(module: str) -> str:
    """The version of what a module comes from."""
    top = module.partition(".")[0]
    told = version_of(top)
    if told is None:  # the distribution has another name: to find it takes long
        told = getattr(sys.modules.get(top), "__version__", None)
    return str(told) if told is not None else " ".join(versions_of_module(top))


@functools.cache
def _core_sources(modules: tuple[str, ...]) -> str:
    return _hash([Path(__file__).parents[1] / f"{name}.py" for name in modules])


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]
