"""What a folder of photos of mixed size takes, and what it takes with another installation.

    python benchmarks/folder.py PHOTOS [--photos 1000] [--recipe default] [--workers 1] [--before PYTHON --sample 10]

The photos in PHOTOS are brought to sizes drawn from 0.1 to 24 megapixels, as many of each order of magnitude, and saved
as JPEG. ``veiqa run`` scores them in a process of its own, with one thread a worker. PYTHON is the interpreter of an
environment with another version of VEIQA; as that may be slow, both versions then score a sample as well.
"""

from __future__ import annotations

import csv
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import attrs
import click
import PIL.Image

from veiqa_core.datasets.photos import find_photos

LEAST, MOST = 0.1e6, 24e6  # pixels
CALL = """
import resource, sys
from veiqa_core.cli import main
try:
    main(sys.argv[1:])
finally:
    print(max(resource.getrusage(who).ru_maxrss for who in (0, -1)), file=sys.stderr)
"""


@attrs.frozen
class Taken:
    """What a run took.

    Attributes:
        images: how many were scored.
        wall, processor: seconds, those of all workers together.
        memory: the most megabytes of a process.
    """

    images: int
    wall: float
    processor: float
    memory: float

    def line(self, title: str, pixels: float) -> str:
        """In words; ``pixels`` are those of all images."""
        return (
            f"{title}: {self.images} photos, {self.processor:.0f} s of processor time, {self.wall:.0f} s; "
            f"{self.processor / self.images:.2f} s a photo, {self.processor / pixels * 1e6:.2f} s a megapixel; "
            f"{self.memory:.0f} MB at most"
        )


def made(photos: Path, count: int, folder: Path) -> list[Path]:
    """Photos of many sizes."""
    rng = random.Random(0)
    sources = list(find_photos(photos).values())
    found = []
    for number in range(count):
        with PIL.Image.open(sources[number % len(sources)]) as opened:
            image = opened.convert("RGB")
        pixels = math.exp(rng.uniform(math.log(LEAST), math.log(MOST)))
        factor = math.sqrt(pixels / (image.width * image.height))
        size = (round(image.width * factor), round(image.height * factor))
        found.append(folder / f"{number:04}.jpg")
        image.resize(size, PIL.Image.Resampling.LANCZOS).save(found[-1], quality=92)
    return found


def pixels_of(files: Sequence[Path]) -> float:
    """Of all photos together."""
    total = 0.0
    for path in files:
        with PIL.Image.open(path) as image:
            total += image.width * image.height
    return total


def scored(python: str, files: Sequence[Path], recipe: str, workers: int) -> Taken:
    """Score photos in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "scores.csv"
        how = ["--recipe", recipe, "--no-store", "--threads", "1", "--workers", str(workers)]
        call = [python, "-c", CALL, "run", *map(str, files), *how, "--format", "csv", "--output", str(output)]
        before, start = os.times(), time.perf_counter()
        # elsewhere, for PYTHON must not find this version in the folder at hand
        done = subprocess.run(call, cwd=folder, stderr=subprocess.PIPE, text=True)
        wall, after = time.perf_counter() - start, os.times()
        if done.returncode:
            raise click.ClickException(done.stderr)
        with output.open(newline="") as stream:
            rows = sum(1 for row in csv.DictReader(stream) if row["score"])
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Taken(rows, wall, processor, int(done.stderr.splitlines()[-1]) / 1024)


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--photos", "count", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--recipe", default="default", show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--before", metavar="PYTHON", help="Interpreter of an environment with another version of VEIQA.")
@click.option("--sample", type=click.IntRange(min=1), default=10, show_default=True, help="Photos for both versions.")
def main(photos: Path, count: int, recipe: str, workers: int, before: str | None, sample: int) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        files = made(photos, count, Path(folder))
        click.echo(scored(sys.executable, files, recipe, workers).line("all", pixels_of(files)))
        if before is None:
            return
        some = files[:sample]
        now, then = (scored(python, some, recipe, workers) for python in (sys.executable, before))
        click.echo(now.line("sample", pixels_of(some)))
        click.echo(then.line("sample, before", pixels_of(some)))
        click.echo(f"now over before: {now.processor / then.processor:.3f} of the processor time")


if __name__ == "__main__":
    main()
