"""What a value or a VEI depends on besides the image, as one digest: by it what is kept is known again."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import PIL
import torch
from PIL import features

from ..contracts import scoring
from ..devices import Device
from ..extension.catalogue import OWN_DIST, Registered
from ..extension.discovery import version_of, versions_of_module
from ..extension.registry import Part
from ..images import image, shrinking
from ..isolation import isolated
from ..recipes.recipe import BRANCH_KINDS
from .branches import comparison, engine, tiling
from .branches.plan import Comparison, Explanation
from .runtimes import compiled, eager

STAGES_OF_VEIS = (scoring, image, isolated, engine, tiling, eager, compiled)
"""The modules of the core that shape a VEI. Each states a ``NUMERICAL_VERSION``, raised when it gives other numbers."""
STAGES = (*STAGES_OF_VEIS, comparison, shrinking)
"""The modules of the core that shape a similarity."""
STAGES_OF_METHODS = (image, isolated, shrinking)
"""The modules of the core that shape the value of a method."""
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
    """What tells a component's numbers from those of its other versions.

    That is the version that it states itself. Of a third party's the distribution's version counts as well, and while
    it is being developed (an editable installation) the text of its package, for nobody should have to raise a version
    with every line that he tries out.
    """
    component = item.component
    required = [f"{name} {_version(name)}" for name in sorted(component.requires)]
    own = [] if item.dist == OWN_DIST else [item.version, *_sources_in_development(item)]
    return " ".join([f"{item.ref} {component.version}", *own, *required])


def _sources_in_development(item: Registered) -> list[str]:
    return [_sources(item.component.factory.partition(":")[0].partition(".")[0])] if _is_editable(item.dist) else []


@functools.cache
def _is_editable(dist: str) -> bool:
    """Whether a distribution is installed in place (PEP 610)."""
    try:
        origin = json.loads(distribution(dist).read_text("direct_url.json") or "{}")
        return bool(origin.get("dir_info", {}).get("editable", False))
    except (PackageNotFoundError, OSError, ValueError, AttributeError):
        return False


def environment(device: Device) -> dict[str, Any]:
    """What decides the bits of a result on this machine: libraries, encoders, device and number of threads."""
    name = torch.cuda.get_device_name(device.torch) if device.torch.type == "cuda" else device.name
    encoders = {codec: features.version(codec) for codec in ("jpg", "jpg_2000", "libjpeg_turbo", "webp", "avif")}
    return {
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
        ("deterministic", torch.are_deterministic_algorithms_enabled()),
    )


def branch_digest(comparison: Comparison, weights_digest: str, device: Device) -> str:
    """SHA-256 over a branch with its layer resolved, all versions, the weights and the environment."""
    branch = comparison.branch
    content = {"branch": branch.identity, "layer": comparison.y.layer, "runtime": comparison.y.runtime}
    parts = [getattr(branch, kind) for kind in BRANCH_KINDS]
    return _digest(content, parts, STAGES, weights_digest, device)


def method_digest(method: Part, output: str, data: str) -> str:
    """SHA-256 over a method, one of its outputs, all versions and the environment with the processor as the device.

    Args:
        data: names what the method read from files; empty for nothing.
    """
    content = {"method": method.identity, "output": output, "data": data}
    return _digest(content, [method], STAGES_OF_METHODS, "none", Device())


def vei_digest(vei: Explanation, weights_digest: str, device: Device) -> str:
    """SHA-256 over what a VEI is of, all versions, the weights and the environment."""
    parts = [part for part in (vei.pri, vei.extractor, vei.explainer) if part is not None]
    content = {"vei": [part.identity for part in parts], "layer": vei.layer, "runtime": vei.runtime}
    return _digest(content, parts, STAGES_OF_VEIS, weights_digest, device)


def _digest(
    content: Mapping[str, Any],
    parts: Iterable[Part],
    stages: tuple[ModuleType, ...],
    weights_digest: str,
    device: Device,
) -> str:
    whole = {
        **content,
        "versions": {part.registered.kind: component_version(part.registered) for part in parts},
        "stages": {stage.__name__.rpartition(".")[2]: stage.NUMERICAL_VERSION for stage in stages},
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
    reported = version_of(top)
    if reported is None:  # the distribution has another name: to find it takes long
        reported = getattr(sys.modules.get(top), "__version__", None)
    return str(reported) if reported is not None else " ".join(versions_of_module(top))


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]
