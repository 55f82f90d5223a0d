"""Seconds and memory an image of every method and every shipped recipe: the paper's table 7 on this machine.

    python benchmarks/methods.py [IMAGE] [-p METHOD.NAME=VALUE] [--rounds 5] [--only NAME] [--processor-time]

One thread, one image, by default a photo, brought to 512x384; decoding is left out. Each contestant has a process of
its own, one after another, so that its peak memory is its own. What cannot be timed, such as a method without its
release's files, is named with the reason. Beside other work ``--processor-time`` measures what the process itself
takes. For Linux, which says what a process has used.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import attrs
import click
import torch
from common import PATH, output_option, write

from veiqa_core.errors import VeiqaError, one_line
from veiqa_core.extension.registry import Registry, installed
from veiqa_core.paper.times import SIZE, Contestant, parameters, resized, timed
from veiqa_core.recipes.files import find

LIBRARIES = ["veiqa_core.paper.times", "scipy.stats", "skimage.measure", "captum.attr", "timm", "onnxruntime"]
"""What each process has loaded before its memory counts."""
PHOTO = Path(__file__).resolve().parents[1] / "docs" / "images" / "chelsea.png"


@attrs.frozen
class Found:
    """What a contestant takes: megabytes beyond those of a process with the libraries, and seconds of each round."""

    title: str
    memory: float
    rounds: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """Their median."""
        return statistics.median(self.rounds)


def peak() -> float:
    """Megabytes that this process has used at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def alone(contestant: Contestant, file: Path, rounds: int, processor: bool) -> Found:
    """What a contestant takes in this process; its first scoring is not counted."""
    torch.set_num_threads(1)
    clock = time.process_time if processor else time.perf_counter
    image, registry = resized(file), installed()
    before = peak()
    scorers = contestant.opened(registry)
    timed(scorers, image)
    taken = tuple(timed(scorers, image, clock) for _ in range(rounds))
    return Found(contestant.title, peak() - before, taken)


def contestants(registry: Registry, texts: tuple[str, ...]) -> Iterator[Contestant]:
    """All methods, then all recipes that come with VEIQA; of a set the mean of its recipes."""
    given = parameters(texts, registry)
    for item in registry.of_kind("method"):
        yield Contestant.of_method(item.label, item.ref, given.get(item.ref, {}))
    for shipped in registry.recipes:
        yield Contestant.of_recipe(f"recipe {shipped.label}", find(shipped.label, registry))


def measure(wanted: list[Contestant], file: Path, rounds: int, processor: bool) -> tuple[list[Found], dict[str, str]]:
    """What is found of each, and why nothing is of the others."""
    found: list[Found] = []
    missing: dict[str, str] = {}
    context = get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    for contestant in wanted:
        with ProcessPoolExecutor(1, context) as pool:
            try:
                found.append(pool.submit(alone, contestant, file, rounds, processor).result())
                click.echo(f"{contestant.title}: {found[-1].seconds:.3f} s", err=True)
            except VeiqaError as error:
                missing[contestant.title] = one_line(error)
                click.echo(f"{contestant.title}: {one_line(error)}", err=True)
    return found, missing


def page(found: list[Found], missing: dict[str, str]) -> str:
    """The table, the quickest first, and what is missing."""
    found = sorted(found, key=lambda one: one.seconds)
    cheapest = found[0].seconds
    lines = [
        "| method or recipe | seconds an image | over the quickest (rounds) | memory, MB |",
        "|---|---|---|---|",
        *(
            f"| `{one.title}` | {one.seconds:.3f} | {one.seconds / cheapest:.1f} "
            f"({min(one.rounds) / cheapest:.1f} to {max(one.rounds) / cheapest:.1f}) | {one.memory:.0f} |"
            for one in found
        ),
        "",
        *(f"- `{title}`: {reason}" for title, reason in missing.items()),
    ]
    return "\n".join(lines).rstrip() + "\n"


@click.command()
@click.argument("image", type=PATH, default=PHOTO)
@click.option("-p", "texts", multiple=True, metavar="METHOD.NAME=VALUE", help="A parameter of a method; repeatable.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--only", multiple=True, metavar="NAME", help="Only this one, such as niqe or 'recipe fast'; repeatable.")
@click.option("--processor-time", "processor", is_flag=True, help="Time of the process, not of the clock.")
@output_option
def main(
    image: Path, texts: tuple[str, ...], rounds: int, only: tuple[str, ...], processor: bool, output: Path | None
) -> None:
    """Measure them and print the table."""
    every = list(contestants(installed(), texts))
    wanted = [one for one in every if not only or one.title in only]
    found, missing = measure(wanted, image, rounds, processor)
    if not found:
        raise click.ClickException("; ".join(missing.values()) or f"none is called {' or '.join(only)}")
    width, height = SIZE
    clock = ", processor time" if processor else ""
    text = f"{image.name} at {width}x{height}, one thread, {rounds} rounds{clock}.\n\n{page(found, missing)}"
    click.echo(text)
    write(text, output)


if __name__ == "__main__":
    try:
        main()
    except VeiqaError as error:
        sys.exit(f"Error: {error}")
