"""How fast a recipe scores on this machine, and which options help here: each setting times the same ten images."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from scipy import ndimage

from . import limits
from .devices import Device, cpu_has_bfloat16
from .errors import VeiqaError, one_line
from .extension.registry import Registry
from .measuring.executors.executor import Executor, InProcess
from .measuring.executors.pool import ProcessPool
from .measuring.runtimes.base import TORCH
from .recipes.recipe import Recipe, RecipeSet
from .scorer import Scorer

IMAGES = 10
SIZE = (512, 384)
"""Width and height of the images."""

_POOL = 2  # worker processes that are timed; what more of them bring is estimated from these
_GAIN = 1.1  # from how many times as quick on a setting is worth its options; less may be chance


@attrs.frozen
class Setting:
    """What ``veiqa run`` is asked for, None being its default.

    Attributes:
        workers: processes; 1 is this one alone.
    """

    device: str | None = None
    precision: str | None = None
    runtime: str | None = None
    threads: int | None = None
    workers: int = 1

    @property
    def options(self) -> str:
        """The options to type; empty for none."""
        workers = None if self.workers == 1 else self.workers
        given = {
            "--device": self.device,
            "--precision": self.precision,
            "--runtime": self.runtime,
            "--workers": workers,
            "--threads": self.threads,
        }
        return " ".join(f"{option} {value}" for option, value in given.items() if value is not None)


@attrs.frozen
class Timing:
    """What a setting took.

    Attributes:
        rate: images a second; None where it cannot be used here.
        how: what computed.
        estimated: whether the rate follows from that of fewer workers.
        problem: why it cannot be used; None where it can.
    """

    setting: Setting
    rate: float | None
    how: str = ""
    estimated: bool = False
    problem: str | None = None


class Trial:
    """Times a recipe by one setting after another.

    Args:
        tick: is called after each image that is scored, those to warm up among them.

    Attributes:
        settings: what is to be timed, the one without options first. Each changes one thing of it, but for workers,
            which have one thread each.

    Raises:
        UsageError: the recipe cannot be run.
    """

    def __init__(
        self, recipe: Recipe | RecipeSet, registry: Registry, tick: Callable[[], object] = lambda: None
    ) -> None:
        self._recipe = recipe
        self._registry = registry
        self._tick = tick
        device = Device.find("auto").name
        self.settings = tuple(
            settings(
                cores=max(1, int(limits.cores())),
                threads=torch.get_num_threads(),
                compiled=self._scorer(Setting(device="cpu")).meter.runtime() != TORCH,
                card=device != "cpu",
                bfloat16=device.startswith("cuda") or cpu_has_bfloat16(),
            )
        )

    @property
    def images(self) -> int:
        """How many images are scored in all, those to warm up among them."""
        return sum(IMAGES + _warm_up(setting) for setting in self.settings)

    def run(self) -> Iterator[Timing]:
        """Time the settings one by one; one that cannot be used here says why."""
        with tempfile.TemporaryDirectory(prefix="veiqa-speed-") as folder:
            for number, pixels in enumerate(photos()):
                PIL.Image.fromarray(pixels).save(Path(folder, f"{number}.jpg"), quality=95)
            for setting in self.settings:
                with _threads(setting.threads):
                    try:
                        yield self._timed(setting, Path(folder))
                    except VeiqaError as error:
                        yield Timing(setting, None, problem=one_line(error))

    def _scorer(self, setting: Setting) -> Scorer:
        return Scorer(
            self._recipe,
            device=setting.device or "auto",
            precision=setting.precision or "float32",
            runtime=setting.runtime or "auto",
            registry=self._registry,
        )

    def _timed(self, setting: Setting, folder: Path) -> Timing:
        scorer = self._scorer(setting)
        meter = scorer.meter
        workers = min(setting.workers, _POOL)
        names = [str(folder / f"{number}.jpg") for number in range(IMAGES)]
        with ProcessPool(meter, folder, workers) if workers > 1 else InProcess(meter, folder) as executor:
            self._scored(scorer, executor, names[: _warm_up(setting)])
            begun = time.perf_counter()
            self._scored(scorer, executor, names)
            taken = time.perf_counter() - begun
        how = f"{meter.runtime()}, {meter.device.name}, {_counted(torch.get_num_threads(), 'thread')}"
        rate = IMAGES / taken * setting.workers / workers
        return Timing(setting, rate, how, estimated=setting.workers > workers)

    def _scored(self, scorer: Scorer, executor: Executor, names: Sequence[str]) -> None:
        for result in scorer.score_many(names, executor=executor):
            if result.error is not None:
                raise VeiqaError(result.error)
            self._tick()


def settings(*, cores: int, threads: int, compiled: bool, card: bool, bfloat16: bool) -> Iterator[Setting]:
    """What may help on a machine, the setting without options first.

    Args:
        cores: how many this process may use.
        threads: how many it takes unasked.
        compiled: whether a compiled runtime serves the recipe on the processor.
        card: whether networks compute on a card unasked.
        bfloat16: whether the device has instructions for it.
    """
    yield Setting()
    if bfloat16:
        yield Setting(precision="bfloat16")
    cpu = Setting(device="cpu" if card else None)
    if card:
        yield cpu
    if compiled:
        yield attrs.evolve(cpu, runtime=TORCH)
    for count in sorted({1, cores} - {threads}):
        yield attrs.evolve(cpu, threads=count)
    if cores > 1:
        yield attrs.evolve(cpu, workers=cores, threads=1)
        if card:
            yield Setting(workers=cores, threads=1)
        if bfloat16 and not card:
            yield Setting(precision="bfloat16", workers=cores, threads=1)


def advice(timings: Sequence[Timing]) -> str:
    """The quickest setting as options to type."""
    usable = [(timing.rate, timing) for timing in timings if timing.rate is not None]
    if not usable:
        return "no setting could be timed"
    rate, best = max(usable, key=lambda pair: pair[0])
    plain = timings[0].rate
    if not best.setting.options or (plain is not None and rate < _GAIN * plain):
        return "leave the options out: none of them makes it much quicker here"
    gain = "" if plain is None else f", {rate / plain:.1f} times as quick as without"
    moves = "; scores move a little by --precision bfloat16" if best.setting.precision else ""
    many = " (for many images)" if best.setting.workers > 1 else ""
    return f"{best.setting.options}{many}{gain}{', as estimated' if best.estimated else ''}{moves}"


def busy() -> bool:
    """Whether other work takes much of the machine, as far as it says, so that what is timed means little."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1) / 2


def photos() -> Iterator[NDArray[np.uint8]]:
    """The same pictures ``[H, W, 3]`` every time: smooth shapes in colour, with edges and noise as photos have."""
    random = np.random.default_rng(512384)
    width, height = SIZE
    for _ in range(IMAGES):
        smooth = ndimage.gaussian_filter(random.normal(size=(height, width, 3)), (24, 24, 0))
        shapes = ndimage.gaussian_filter(random.normal(size=(height, width)), 12) > 0
        light = smooth / smooth.std() + 0.8 * shapes[..., None] + random.normal(0, 0.1, smooth.shape)
        yield (110 + 45 * light).clip(0, 255).astype(np.uint8)


def _warm_up(setting: Setting) -> int:
    """How many images are scored before the clock runs: enough that each worker has opened its networks."""
    return 1 if setting.workers == 1 else 3 * min(setting.workers, _POOL)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
