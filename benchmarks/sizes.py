"""Memory of a ``Scorer`` over images of ever new sizes, with what is freed returned to the system and without.

    python benchmarks/sizes.py [--images 400]

Each way runs in a process of its own (Linux). Prints megabytes as images pass, the ratio of processor times, and
whether the scores have the same bits.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from veiqa_core import Scorer
from veiqa_core.measuring import memory

WAYS = ("returned", "kept")
PAGE = 4096


def resident() -> int:
    """Megabytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE // 1_000_000


def passed(way: str, images: int, recipe: str) -> dict[str, Any]:
    """Score images of random sizes, each its own, in this process."""
    torch.set_num_threads(1)
    if way == "kept":
        memory.trim_heap = lambda: None
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    sizes = list(dict.fromkeys((int(rng.integers(256, 401)), int(rng.integers(192, 301))) for _ in range(2 * images)))
    scorer = Scorer(recipe, device="cpu")
    scorer.score(pixels)
    start, held, scores = time.process_time(), [resident()], []
    for width, height in sizes[:images]:
        scores.append(scorer.score(pixels[:height, :width]).score)
        held.append(resident())
    return {"seconds": time.process_time() - start, "held": held, "scores": scores}


@click.command()
@click.option("--images", type=click.IntRange(min=10), default=400, show_default=True)
@click.option("--recipe", default="fast", show_default=True)
@click.option("--way", type=click.Choice(WAYS), help="One way, in this process, as JSON.")
def main(images: int, recipe: str, way: str | None) -> None:
    """Measure."""
    if way is not None:
        click.echo(json.dumps(passed(way, images, recipe)))
        return
    command = [sys.executable, __file__, "--images", str(images), "--recipe", recipe, "--way"]
    found = {way: json.loads(subprocess.run([*command, way], check=True, capture_output=True).stdout) for way in WAYS}
    for way, one in found.items():
        held = ", ".join(str(one["held"][place]) for place in range(0, images + 1, max(1, images // 8)))
        click.echo(f"{way}: MB {held}; at most {max(one['held'])}")
    first, second = (found[way] for way in WAYS)
    click.echo(f"processor time, returned over kept: {first['seconds'] / second['seconds']:.3f}")
    click.echo(f"scores {'have the same bits' if first['scores'] == second['scores'] else 'DIFFER'}")


if __name__ == "__main__":
    main()
