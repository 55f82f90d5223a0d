"""What an occlusion map takes with so many occluded images in one pass.

    python benchmarks/occlusion.py [--rounds 3]

One sample photo at 512x384, EfficientNet-Lite0, windows of 64 pixels at every 32. Ratios to one image a pass, taken in
one run; the smallest of the rounds counts.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import torch

from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_core.measuring.branches.views import PassView
from veiqa_core.measuring.runtimes.eager import TorchPass

PHOTO = Path(__file__).resolve().parents[1] / "docs" / "images" / "coffee.png"
BATCHES = (1, 2, 4, 8)


@click.command()
@click.option("--rounds", default=3, show_default=True)
def main(rounds: int) -> None:
    """Measure."""
    registry = installed()
    network = registry.part("extractor", "efficientnet-lite0").create().open(torch.device("cpu"))
    image_pass = TorchPass(network, read(PHOTO).pixels[..., :384, :512].contiguous())
    view = PassView(image_pass, network.default_layer, image_pass.choose_target("top"), ("forward",))
    taken = {batch: float("inf") for batch in BATCHES}
    for _ in range(rounds):
        for batch in BATCHES:
            explainer = registry.part("explainer", "occlusion", {"batch": batch}).create()
            start = time.process_time()
            explainer.explain(view)
            taken[batch] = min(taken[batch], time.process_time() - start)
    click.echo("processor time by images in a pass, over one image a pass:")
    click.echo("  " + "   ".join(f"{batch}: {seconds / taken[1]:.2f}" for batch, seconds in taken.items()))


if __name__ == "__main__":
    main()
