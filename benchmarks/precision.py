"""What computing in bfloat16 changes: time, scores, and their agreement with people.

    python benchmarks/precision.py DATASET PATH [--recipe default] [--images N] [--device cpu]

Every image is scored in both precisions, which take turns. The figures of agreement serve to compare the two only:
recipes that were fitted on the dataset know its contents.
"""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path

import click
import numpy as np
from common import device_option

from veiqa_core import Scorer
from veiqa_core.datasets.rated_set import load
from veiqa_core.evaluation.agreement import plcc, srocc
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.memory import retain_heap

PRECISIONS = ("float32", "bfloat16")


@click.command()
@click.argument("dataset")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--recipe", default="default", show_default=True)
@click.option("--images", "count", type=int, help="So many of them, drawn at random. Default: all.")
@device_option
def main(dataset: str, path: Path, recipe: str, count: int | None, device: str) -> None:
    """Score a dataset in both precisions."""
    retain_heap()
    registry = installed()
    rated = load(registry.part("dataset", dataset), path)
    images = list(rated.images)
    random.Random(0).shuffle(images)
    scorers = {name: Scorer(recipe, device=device, precision=name) for name in PRECISIONS}
    scores: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    ratios, quality = [], []
    for image in images[:count]:
        taken = {}
        for name, scorer in scorers.items():
            start = time.perf_counter()
            score = scorer.score(rated.root / image.image).score
            taken[name] = time.perf_counter() - start
            assert score is not None
            scores[name].append(score)
        ratios.append(taken["bfloat16"] / taken["float32"])
        quality.append(rated.ratings.quality(image))
    people = np.array(quality)
    exact, rough = (np.array(scores[name]) for name in PRECISIONS)
    moved = np.abs(rough - exact)
    click.echo(
        f"{len(moved)} images, recipe {recipe}: bfloat16 took {statistics.median(ratios):.2f} of the time (median)"
    )
    click.echo(
        f"scores moved by {moved.mean():.2f} on average, {np.quantile(moved, 0.95):.2f} or less for 95 of 100, "
        f"{moved.max():.2f} at most; SROCC between the two {srocc(exact, rough):.4f}"
    )
    for name, found in zip(PRECISIONS, (exact, rough), strict=True):
        click.echo(f"{name}: PLCC {plcc(found, people):.4f}, SROCC {srocc(found, people):.4f} with the ratings")


if __name__ == "__main__":
    main()
