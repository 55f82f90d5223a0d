"""What the benchmarks share: the rated set that they are given, how it is measured, and files that are new."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import attrs
import click
import torch

from veiqa_core.api import parameters
from veiqa_core.datasets.rated_set import RatedSet, load
from veiqa_core.devices import Device
from veiqa_core.evaluation.measured import MeasuredSet, measure
from veiqa_core.extension.registry import Registry, installed
from veiqa_core.files.writing import write_text
from veiqa_core.measuring.executors.executor import Executor, InProcess
from veiqa_core.measuring.executors.pool import ProcessPool
from veiqa_core.measuring.memory import retain_heap
from veiqa_core.measuring.meter import Meter
from veiqa_core.measuring.quantity import quantities
from veiqa_core.recipes.resolution import ResolvedSet
from veiqa_core.results.progress import progress
from veiqa_core.store import Store, open_default

PATH = click.Path(path_type=Path)


def _new(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file that is there, and one whose folder is not, before any work is done."""
    if path is not None and (path.exists() or not path.absolute().parent.is_dir()):
        raise click.BadParameter(f"{path} is there already, or its folder is not", ctx, param)
    return path


output_option = click.option("--output", type=PATH, callback=_new, metavar="FILE", help="Write here too, a new file.")
device_option = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")


def write(text: str, output: Path | None) -> None:
    """Write a file, if one is named."""
    if output is not None:
        write_text(text, output)


@attrs.frozen
class Given:
    """A rated set, and where and how it is measured."""

    registry: Registry
    rated: RatedSet
    device: Device
    store: Path | None
    workers: int

    def opened(self) -> AbstractContextManager[Store | None]:
        """The store that is named, or the default one."""
        return Store(self.store) if self.store is not None else open_default() or nullcontext(None)

    def executor(self, meter: Meter, root: Path) -> Executor:
        """Who measures the images of a folder."""
        return InProcess(meter, root) if self.workers == 1 else ProcessPool(meter, root, self.workers)

    def measured(self, sets: Sequence[RatedSet], recipes: ResolvedSet) -> list[MeasuredSet]:
        """Sets under all quantities of some recipes, with one set of networks."""
        measured = []
        with self.opened() as store:
            meter = Meter(quantities(recipes), self.device, store)
            for rated in sets:
                with self.executor(meter, rated.root) as executor:
                    measured.append(measure(rated, recipes, executor, progress(rated.name)))
        return measured


def on_rated_set(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command DATASET, PATH and the options that go with them, as one object ``given``."""

    @click.argument("dataset")
    @click.argument("path", type=PATH)
    @click.option("-p", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the dataset; repeatable.")
    @click.option("--range", "ends", type=float, nargs=2, help="Of the ratings, for a dataset that declares none: csv.")
    @click.option("--store", type=PATH, help="Where similarities are kept. Default: in the cache.")
    @click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True)
    @click.option("--threads", type=click.IntRange(min=1), help="Of each process. Default: as PyTorch chooses.")
    @device_option
    @functools.wraps(command)
    def called(
        dataset: str,
        path: Path,
        settings: tuple[str, ...],
        ends: tuple[float, float] | None,
        store: Path | None,
        workers: int,
        threads: int | None,
        device: str,
        **more: Any,
    ) -> None:
        retain_heap()
        if threads is not None:
            torch.set_num_threads(threads)
        registry = installed()
        cls = registry.get("dataset", dataset).component.params
        texts = dict(setting.split("=", 1) for setting in settings)
        values = {name: parameters.from_text(cls, name, text, f"dataset {dataset}") for name, text in texts.items()}
        part = registry.part("dataset", dataset, values if ends is None else {**values, "range": list(ends)})
        command(given=Given(registry, load(part, path), Device.find(device), store, workers), **more)

    return called
