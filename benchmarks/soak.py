"""Many mixed files, a tenth of them broken, through ``veiqa run`` in every way: none may be lost, no bit may differ.

    python benchmarks/soak.py FOLDER [--files 10000]

Makes the files in FOLDER (once), then scores them with a small network: alone, with a warm store, by two processes,
from a shuffled list, and killed and gone on with. Prints seconds, peak memory, and what differs: nothing should.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import click
import numpy as np
import PIL.Image

FORMATS = ("png", "jpg", "bmp", "tif", "webp", "gif")
SIZES = ((64, 64), (96, 72), (128, 96), (75, 211), (40, 40), (33, 200))
RECIPE = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
RECIPE += ("--pri", "mean-blur", "--pri", "jpeg", "--metric", "nae", "--threads", "1", "--quiet")
CODE = "import sys; from veiqa_core.cli import main; main(sys.argv[1:])"


@attrs.frozen
class Ran:
    """A run: its exit status, seconds, megabytes of its biggest process, and rows by image."""

    status: int
    seconds: float
    peak: float
    rows: dict[str, str]


def make(folder: Path, count: int) -> None:
    """Fill a folder with ``count`` images of all kinds, every tenth of them broken in some way."""
    rng = np.random.default_rng(0)
    for number in range(count):
        where = folder / f"{number // 500:03d}"
        where.mkdir(parents=True, exist_ok=True)
        path = where / f"{number:06d} bild é.{FORMATS[number % len(FORMATS)]}"
        if path.exists():
            continue
        width, height = SIZES[number % len(SIZES)]
        noise = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
        image = PIL.Image.fromarray(noise).resize((width, height), PIL.Image.Resampling.BICUBIC)
        image.convert(("RGB", "L", "P")[number % 3] if path.suffix in (".png", ".tif", ".bmp") else "RGB").save(path)
        if number % 10 == 9:
            spoil(path, number // 10)


def spoil(path: Path, how: int) -> None:
    """Break a file in one of five ways."""
    whole = path.read_bytes()
    broken = (b"", whole[: len(whole) // 2], whole[:20], b"no image at all\n" * 20, bytes(len(whole)))
    path.write_bytes(broken[how % len(broken)])


def run(what: Sequence[str], output: Path, store: Path, *more: str, kill_after: float | None = None) -> Ran:
    """Run ``veiqa run`` as a process of its own, perhaps killed."""
    start = time.perf_counter()
    command = [sys.executable, "-c", CODE, "run", *what, *RECIPE, "--output", str(output), "--store", str(store), *more]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        status = process.wait(kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        status = process.wait()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Ran(status, time.perf_counter() - start, peak, rows(output))


def rows(output: Path) -> dict[str, str]:
    """The rows of a file by image, a last one that is cut off left out."""
    if not output.is_file():
        return {}
    whole = (line for line in output.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n"))
    return {json.loads(line)["image"]: line for line in whole}


def differing(found: dict[str, str], expected: dict[str, str]) -> int:
    """In how many images two runs differ."""
    return sum(found.get(name) != expected.get(name) for name in found.keys() | expected.keys())


def shuffled(names: Iterable[str]) -> bytes:
    """A list of names in another order, each ended by NUL."""
    order = sorted(names)
    random.Random(1).shuffle(order)
    return b"".join(name.encode() + b"\0" for name in order)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--files", type=click.IntRange(min=100), default=10_000, show_default=True)
def main(folder: Path, files: int) -> None:
    """Soak."""
    images = folder / f"images-{files}"
    make(images, files)
    with tempfile.TemporaryDirectory(prefix="work-", dir=folder) as work:
        soak(images, Path(work), files)


def soak(images: Path, work: Path, files: int) -> None:
    """Score the images in every way, in a folder for the results."""
    (work / "list").write_bytes(shuffled(map(str, filter(Path.is_file, images.rglob("*")))))
    few = run([str(images / "000")], work / "few.jsonl", work / "few.sqlite")
    alone = run([str(images)], work / "alone.jsonl", work / "a.sqlite")
    broken = sum(json.loads(row)["error"] is not None for row in alone.rows.values())
    reported = f"{files} files: {len(alone.rows)} rows, {broken} of them errors"
    click.echo(f"{reported}; peak {alone.peak:.0f} MB, of {len(few.rows)} files {few.peak:.0f} MB")
    listed = ["--list", str(work / "list"), "--null"]
    killed = run([str(images)], work / "killed.jsonl", work / "k.sqlite", kill_after=alone.seconds / 2)
    ways = {
        "a warm store": run([str(images)], work / "warm.jsonl", work / "a.sqlite"),
        "two processes": run([str(images)], work / "two.jsonl", work / "b.sqlite", "--workers", "2"),
        "another order": run(listed, work / "order.jsonl", work / "c.sqlite"),
        f"killed after {len(killed.rows)}": run([str(images)], work / "killed.jsonl", work / "k.sqlite", "--resume"),
    }
    for name, way in ways.items():
        ratio, other = way.seconds / alone.seconds, differing(way.rows, alone.rows)
        click.echo(f"{name}: status {way.status}, {ratio:.2f} of the time, {other} rows differ, peak {way.peak:.0f} MB")
    lost = len(alone.rows) != files or broken != files // 10
    sys.exit(lost or any(differing(way.rows, alone.rows) for way in ways.values()))


if __name__ == "__main__":
    main()
