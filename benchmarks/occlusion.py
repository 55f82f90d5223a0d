"""What an occlusion map takes, beside captum's loop at its best number of perturbations a pass.

    python benchmarks/occlusion.py [--rounds 5]

One sample photo at 512x384, EfficientNet-Lite0, windows of 64 pixels at every 32; both take turns, and what counts is
the median of the rounds' ratios. The maps must be the same to 1e-5 of the largest value.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import click
import torch
from captum.attr import Occlusion
from torch import Tensor

from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_core.measuring.branches.views import ImagePass, PassView

PHOTO = Path(__file__).resolve().parents[1] / "docs" / "images" / "coffee.png"
WINDOW, STRIDE = 64, 32


def timed(work: Callable[[], Tensor]) -> tuple[float, Tensor]:
    """Processor time of one call, and what it gives."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


@click.command()
@click.option("--rounds", default=5, show_default=True)
def main(rounds: int) -> None:
    """Compare."""
    registry = installed()
    network = registry.part("extractor", "efficientnet-lite0").create().open(torch.device("cpu"))
    images = read(PHOTO).pixels[..., :384, :512].contiguous()
    image_pass = ImagePass(network, images)
    view = PassView(image_pass, network.default_layer, image_pass.choose_target("top"), ("forward",))
    ours = registry.part("explainer", "occlusion", {"window": WINDOW, "stride": STRIDE}).create()

    def captum(batch: int) -> Tensor:
        with torch.no_grad():
            made: Tensor = Occlusion(view.forward).attribute(
                images, (3, WINDOW, WINDOW), (3, STRIDE, STRIDE), baselines=0.5, perturbations_per_eval=batch
            )
        return made[:, 0]

    batches = {batch: min(timed(lambda batch=batch: captum(batch))[0] for _ in range(2)) for batch in (1, 2, 4, 8)}  # type: ignore[misc]
    best = min(batches, key=batches.__getitem__)
    click.echo("captum, seconds by perturbations a pass: " + ", ".join(f"{b}: {s:.2f}" for b, s in batches.items()))
    ratios = []
    for _ in range(rounds):
        own, made = timed(lambda: ours.explain(view))
        theirs, expected = timed(lambda: captum(best))
        ratios.append(theirs / own)
    error = float((made - expected).abs().max() / expected.abs().max())
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    click.echo(
        f"captum at {best} takes {statistics.median(ratios):.2f} times as long ({spread}); maps differ by {error:.1e}"
    )


if __name__ == "__main__":
    main()
