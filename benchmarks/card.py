"""What a graphics card brings: whether scores agree with the processor's, and how many images a second it scores.

    python benchmarks/card.py [--images 256] [--workers 1 --workers 4 ...] [--recipe fast ...] [--output FILE]

Each recipe scores different photos of 512x384 on the card, with one number of processes after another. Each process
decodes, makes PRIs and compares maps on a core of its own, beside the passes of the others. Starts do not count: the
clock runs once each process has its networks. Beside it the bare forward passes of the default network at their best
batch size, and the greatest difference from the processor's scores. It is made to end within ten minutes on a machine
with 16 cores. ``--device cpu`` tries the script itself where there is no card.
"""

from __future__ import annotations

import cProfile
import io
import json
import pstats
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
import PIL.Image
import torch
from common import output_option, write
from speed import HEIGHT, WIDTH, BarePass, crops, seconds

from veiqa_core import Scorer
from veiqa_core.contracts import Network
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.executors.executor import Executor, InProcess
from veiqa_core.measuring.executors.pool import ProcessPool
from veiqa_core.measuring.memory import retain_heap

_WARM = 4  # images for each process before the clock runs
_COMPARED = 8  # images that are scored on the processor as well


def photos(folder: Path, count: int) -> list[str]:
    """Files of different cuts from the sample photos, as JPEG."""
    names = [str(folder / f"{number:05}.jpg") for number in range(count)]
    for name, pixels in zip(names, crops(count), strict=True):
        PIL.Image.fromarray(pixels).save(name, quality=95)
    return names


def bare_rate(device: str, count: int = 32) -> float:
    """Images a second that the default network alone passes, in its best batch size and memory format."""
    network: Network = installed().part("extractor", "efficientnet-lite0").create().open(torch.device(device))
    images = torch.rand(count, 3, HEIGHT, WIDTH, device=device)
    passes = [
        BarePass(network, images, batch, memory)
        for memory in (torch.channels_last, torch.contiguous_format)
        for batch in (1, 8, count)
    ]
    for bare in passes:
        bare()
    return count / min(seconds(bare) for bare in passes for _ in range(3))


def scores(scorer: Scorer, names: Sequence[str], executor: Executor) -> list[float]:
    """The score of each image.

    Raises:
        click.ClickException: one has none.
    """
    found = []
    for result in scorer.score_many(names, executor=executor):
        if result.score is None:
            raise click.ClickException(f"{result.name}: {result.error}")
        found.append(result.score)
    return found


def executor(scorer: Scorer, folder: Path, workers: int) -> AbstractContextManager[Executor]:
    """This process alone, or several."""
    return InProcess(scorer.meter, folder) if workers == 1 else ProcessPool(scorer.meter, folder, workers)


def rate(scorer: Scorer, names: Sequence[str], folder: Path, workers: int) -> float:
    """Images a second, once all processes are at work."""
    warm = _WARM * workers
    with executor(scorer, folder, workers) as used:
        scores(scorer, names[:warm], used)
        begun = time.perf_counter()
        scores(scorer, names[warm:], used)
        return (len(names) - warm) / (time.perf_counter() - begun)


def profile(scorer: Scorer, names: Sequence[str], folder: Path, lines: int = 25) -> str:
    """Where the time of this process goes; what waits for the card is in the calls that fetch results from it."""
    with InProcess(scorer.meter, folder) as alone, cProfile.Profile() as watched:
        scores(scorer, names, alone)
    text = io.StringIO()
    pstats.Stats(watched, stream=text).sort_stats("tottime").print_stats(lines)
    return text.getvalue()


def measured(recipe: str, device: str, names: Sequence[str], folder: Path, workers: Sequence[int]) -> dict[str, Any]:
    """All figures of a recipe."""
    there, here = Scorer(recipe, device=device), Scorer(recipe, device="cpu")
    some = names[:_COMPARED]
    with InProcess(there.meter, folder) as one, InProcess(here.meter, folder) as other:
        pairs = list(zip(scores(there, some, one), scores(here, some, other), strict=True))
        again = scores(there, some[::-1], one)[::-1]
    return {
        "greatest_difference_from_the_processor": max(abs(x - y) for x, y in pairs),
        "same_bits_in_reverse_order": again == [x for x, _ in pairs],
        "images_a_second": {str(count): rate(there, names, folder, count) for count in workers},
        "profile": profile(there, some, folder),
    }


@click.command()
@click.option("--images", default=256, show_default=True, help="How many images are scored each time.")
@click.option("--workers", type=click.IntRange(min=1), multiple=True, default=(1, 4, 8, 16), show_default=True)
@click.option("--recipe", "recipes", multiple=True, default=("fast", "default"), show_default=True)
@click.option("--device", default="cuda", show_default=True, help="Where.")
@output_option
def main(images: int, workers: tuple[int, ...], recipes: tuple[str, ...], device: str, output: Path | None) -> None:
    """Print what a card brings."""
    if images <= _WARM * max(workers):
        raise click.UsageError(f"--images: more than {_WARM * max(workers)} are needed, {_WARM} warm up each process")
    retain_heap()
    torch.set_num_threads(1)
    found: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else device,
        "torch": torch.__version__,
        "bare_images_a_second": bare_rate(device),
    }
    click.echo(f"{found['device']}, torch {found['torch']}: {found['bare_images_a_second']:.0f} bare passes a second")
    with tempfile.TemporaryDirectory(prefix="veiqa-card-") as temporary:
        folder = Path(temporary)
        names = photos(folder, images)
        for recipe in recipes:
            own = found[recipe] = measured(recipe, device, names, folder, workers)
            rates = ", ".join(f"{value:.1f} with {count}" for count, value in own["images_a_second"].items())
            click.echo(f"{recipe}: images a second by processes: {rates}")
            click.echo(f"  from the processor's scores at most {own['greatest_difference_from_the_processor']:.2g}")
            click.echo(f"  same bits in another order: {'yes' if own['same_bits_in_reverse_order'] else 'NO'}")
            click.echo(own["profile"])
    write(json.dumps(found, indent=2) + "\n", output)


if __name__ == "__main__":
    main()
