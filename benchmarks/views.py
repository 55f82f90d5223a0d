"""How well photos are judged by how large they are seen: damaged at full size, reduced, and scored.

    python benchmarks/views.py PHOTOS [--view 768 --view 1024 ...] [--recipe fast] [--photos 8]

PHOTOS is a folder of photos larger than the views. Each is blurred, coded as JPEG and made noisy, in three levels at
its full size. Scores with a view are compared with full-reference metrics of what is then seen, in people's place.
Prints after each photo, for each view: SROCC over all so far, the share of steps to more damage that lower the score,
the mean score of undamaged photos, and processor time.
"""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import click
import numpy as np
import PIL.Image
import PIL.ImageFilter
import torch
from common import PATH
from numpy.typing import NDArray
from scipy.stats import spearmanr

from veiqa_core import Scorer, images
from veiqa_core.extension.registry import installed
from veiqa_core.full_reference import FullReference, image_metric
from veiqa_core.inputs import walk
from veiqa_core.measuring.memory import retain_heap
from veiqa_core.recipes.view import NATIVE, parse_view

METRICS = ("gmsd", "vsi")
BLURS = (1.5, 3.0, 6.0)
"""Standard deviations in pixels."""
QUALITIES = (40, 15, 5)
NOISES = (8.0, 20.0, 45.0)
"""Standard deviations in levels of 255."""


@attrs.frozen
class Seen:
    """A photo as it was judged."""

    series: str
    score: float
    values: list[float]


def damaged(photo: PIL.Image.Image, seed: int) -> Iterator[tuple[str, Any]]:
    """The photo made worse at its full size, by kind, from little to much."""
    for sigma in BLURS:
        yield "blur", photo.filter(PIL.ImageFilter.GaussianBlur(sigma))
    for quality in QUALITIES:
        stream = io.BytesIO()
        photo.save(stream, "JPEG", quality=quality)
        yield "jpeg", PIL.Image.open(stream).convert("RGB")
    levels: NDArray[np.float32] = np.asarray(photo, np.float32)
    for deviation in NOISES:
        noise = np.random.default_rng(seed).normal(0, deviation, levels.shape)
        yield "noise", np.clip(levels + noise, 0, 255).round().astype(np.uint8)


def steps(seen: list[Seen]) -> list[bool]:
    """Of each step to more damage of a photo whether it lowers the score."""
    found = []
    for undamaged in (one for one in seen if one.series.endswith(" none")):
        photo = undamaged.series.removesuffix(" none")
        for kind in ("blur", "jpeg", "noise"):
            scores = [undamaged.score, *(one.score for one in seen if one.series == f"{photo} {kind}")]
            found += [later < earlier for earlier, later in itertools.pairwise(scores)]
    return found


@click.command()
@click.argument("photos", type=PATH)
@click.option("--view", "views", multiple=True, default=("512", "768", "1024", "1536"), show_default=True)
@click.option("--recipe", default="fast", show_default=True)
@click.option("--photos", "count", type=click.IntRange(min=1), default=8, show_default=True, help="The largest ones.")
def main(photos: Path, views: tuple[str, ...], recipe: str, count: int) -> None:
    """Measure."""
    torch.set_num_threads(1)
    retain_heap()
    registry = installed()
    metrics = [FullReference(image_metric(registry, name)) for name in METRICS]
    found = sorted(walk(str(photos)), key=_pixels)[-count:]
    scorers = {view: Scorer(recipe, device="cpu", view=parse_view(view) or NATIVE) for view in views}
    seen: dict[str, list[Seen]] = {view: [] for view in views}
    seconds = dict.fromkeys(views, 0.0)
    for number, path in enumerate(found):
        photo = PIL.Image.open(path).convert("RGB")
        for kind, picture in (("none", photo), *damaged(photo, number)):
            for view, scorer in scorers.items():
                begun = time.process_time()
                result = scorer.score(picture)
                seconds[view] += time.process_time() - begun
                assert result.score is not None
                pair = [images.read(one, view=parse_view(view)) for one in (photo, picture)]
                values = [metric.measure(pair[0], pair[1]) for metric in metrics]
                seen[view].append(Seen(f"{number} {kind}", result.score, values))
        click.echo(f"{number + 1} of {len(found)}: {path}, {photo.width}x{photo.height}")
        for text in table(seen, seconds):
            click.echo(text)


def table(seen: dict[str, list[Seen]], seconds: dict[str, float]) -> Iterator[str]:
    """What was found so far, a line for each view."""
    yield f"view    {'  '.join(f'SROCC {name}' for name in METRICS)}  lowered  undamaged  seconds an image"
    for view, judged in seen.items():
        scores = [one.score for one in judged]
        ranks = [abs(spearmanr(scores, column)[0]) for column in zip(*(one.values for one in judged), strict=True)]
        whole = np.mean([one.score for one in judged if one.series.endswith("none")])
        shown = "  ".join(f"{rank:10.3f}" for rank in ranks)
        lowered = np.mean(steps(judged))
        yield f"{view:>6}  {shown}  {lowered:7.2f}  {whole:9.1f}  {seconds[view] / len(judged):.2f}"


def _pixels(path: str) -> int:
    with PIL.Image.open(path) as photo:
        return photo.width * photo.height


if __name__ == "__main__":
    main()
