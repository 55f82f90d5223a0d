"""What scoring costs beside the bare forward pass of the same network on the same images.

    python benchmarks/speed.py [--images N] [--rounds R] [--device cuda] [--processor-time] [--output FILE]

One run on real photos at 512x384: default extractor, Grad-CAM, PSNR, at its last layer and at one in the middle. The
bare pass takes the same 2N images (N inputs, N PRIs) at its own best batch size and memory format, found first. The
contestants take turns, so a machine whose speed drifts slows all of them; what counts is the median over the rounds of
each round's ratio. The shipped recipes are held against it too, also by torch's runtime and in bfloat16: ``default``
takes 3 passes an image, ``fast`` 2. Beside other work ``--processor-time`` measures what this process itself takes.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import PIL.Image
import torch
from captum.attr import LayerGradCam
from numpy.typing import NDArray
from torch import Tensor, nn

try:
    from pytorch_grad_cam import GradCAM
except ImportError:
    GradCAM = None
try:
    from cv2 import quality as opencv  # opencv-contrib-python-headless
except ImportError:
    opencv = None

from common import output_option, write

from veiqa_core import Scorer
from veiqa_core.contracts import Network
from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes import recipe
from veiqa_core.recipes.recipe import Choice

PHOTOS = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDTH, HEIGHT = 512, 384
PRIS = ("mean-blur", "jpeg", "white-noise", "jpeg2000")


def crops(count: int) -> list[NDArray[np.uint8]]:
    """``count`` different 512x384 cuts from the sample photos."""
    photos = []
    for path in sorted(PHOTOS.glob("*.png")):
        with PIL.Image.open(path) as photo:
            scale = 1.15 * max(WIDTH / photo.width, HEIGHT / photo.height)
            size = (round(photo.width * scale), round(photo.height * scale))
            photos.append(np.asarray(photo.convert("RGB").resize(size, PIL.Image.Resampling.LANCZOS)))
    cuts = []
    for number in range(count):
        photo = photos[number % len(photos)]
        step = number // len(photos)
        top, left = (11 * step) % (photo.shape[0] - HEIGHT), (17 * step) % (photo.shape[1] - WIDTH)
        cuts.append(np.ascontiguousarray(photo[top : top + HEIGHT, left : left + WIDTH]))
    return cuts


clock = time.perf_counter


def seconds(work: Callable[[], Any]) -> float:
    """Time of one call, and of what it has the card do."""
    start = clock()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start


class BarePass:
    """The network alone, on preprocessed images, in one batch size and memory format."""

    def __init__(self, network: Network, images: Tensor, batch: int, memory: torch.memory_format) -> None:
        self.module = network.module.to(memory_format=memory)
        self.memory = memory
        self.batches = [part.contiguous(memory_format=memory) for part in network.preprocess(images).split(batch)]
        self.name = f"batch {batch}, {str(memory).removeprefix('torch.')}"

    def __call__(self) -> None:
        self.module.to(memory_format=self.memory)  # all contestants share one module
        with torch.inference_mode():
            for batch in self.batches:
                self.module(batch)


def captum_loop(network: Network, images: Tensor) -> None:
    """Grad-CAM as one would write it with captum, image by image."""

    class Preprocessed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = network.module

        def forward(self, values: Tensor) -> Tensor:
            logits: Tensor = self.module(network.preprocess(values))
            return logits

    model = Preprocessed()
    explainer = LayerGradCam(model, network.module.get_submodule(network.default_layer))
    for image in images.split(1):
        with torch.no_grad():
            target = int(model(image).argmax())
        explainer.attribute(image.requires_grad_(), target=target, relu_attributions=True)


def grad_cam_loop(network: Network, images: Tensor) -> None:
    """Grad-CAM as one would write it with pytorch-grad-cam, image by image."""
    with GradCAM(network.module, [network.module.get_submodule(network.default_layer)]) as explainer:
        for image in network.preprocess(images).split(1):
            explainer(image.requires_grad_(), None)  # the network here has no gradients of its own


def peers(network: Network, both: Tensor, arrays: Sequence[NDArray[np.uint8]]) -> dict[str, Callable[[], Any]]:
    """Other packages, where they are installed: on inputs and PRIs, or on the inputs alone."""
    found: dict[str, Callable[[], Any]] = {}
    if GradCAM is not None:
        found["pytorch-grad-cam's GradCAM on them"] = lambda: grad_cam_loop(network, both)
    if opencv is not None:  # the features are nearly all of what a score costs, and need no model file
        reversed_channels = [np.ascontiguousarray(array[..., ::-1]) for array in arrays]
        found["BRISQUE's features by OpenCV"] = lambda: [
            opencv.QualityBRISQUE_computeFeatures(array) for array in reversed_channels
        ]
    return found


def measure(count: int, rounds: int, device: str) -> dict[str, Any]:
    """Median times and ratios."""
    arrays = crops(count)
    registry = installed()
    recipes = {f"scoring, {pri}": recipe.ad_hoc(pris=[Choice(pri)]) for pri in PRIS[:2]}
    recipes["scoring, mean-blur, at blocks.2"] = recipe.ad_hoc(pris=[Choice("mean-blur")], layer="blocks.2")
    recipes |= {f"recipe {name}": recipe_files.find(name, registry) for name in ("fast", "default")}
    scorers = {name: Scorer(wanted, device=device, registry=registry) for name, wanted in recipes.items()}
    scorers |= {
        f"recipe {name}, {what}": Scorer(name, device=device, registry=registry, **{setting: what})
        for name in ("fast", "default")
        for setting, what in (("runtime", "torch"), ("precision", "bfloat16"))
    }
    pixels = torch.cat([read(array).pixels for array in arrays])
    seeds = [read(array).seed for array in arrays]
    generators = {pri: registry.part("pri", pri).create() for pri in PRIS}
    both = torch.cat([pixels, generators["mean-blur"].generate(pixels, seeds)])
    network: Network = registry.part("extractor", "efficientnet-lite0").create().open(torch.device(device))
    both_there = both.to(device)

    passes = [
        BarePass(network, both_there, batch, memory)
        for memory in (torch.channels_last, torch.contiguous_format)
        for batch in (1, 2, 4, 8)
    ]
    for bare in passes:
        bare()
    bare_times = {bare.name: min(seconds(bare) for _ in range(3)) / len(both) for bare in passes}
    best = min(passes, key=lambda bare: bare_times[bare.name])
    contestants: dict[str, Callable[[], Any]] = {
        **{name: lambda scorer=scorer: list(scorer.score_many(arrays)) for name, scorer in scorers.items()},
        "captum's LayerGradCam on inputs and PRIs": lambda: captum_loop(network, both_there),
        **peers(network, both_there, arrays),
        **{
            f"PRI {pri}": lambda generator=generator: [
                generator.generate(pixels[i : i + 1], seeds[i : i + 1]) for i in range(count)
            ]
            for pri, generator in generators.items()
        },
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    ratios: dict[str, list[float]] = {name: [] for name in contestants}
    for work in contestants.values():
        work()
    for _ in range(rounds):
        before = seconds(best)
        for name, work in contestants.items():
            taken = seconds(work)
            after = seconds(best)
            times[name].append(taken)
            ratios[name].append(taken / ((before + after) / 2))
            before = after
    png = sorted(PHOTOS.glob("*.png"))
    decoding = statistics.median(seconds(lambda: [read(path) for path in png]) / len(png) for _ in range(rounds))
    return {
        "images": count,
        "size": [WIDTH, HEIGHT],
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "bare_pass_seconds_an_image": bare_times,
        "best_bare_pass": best.name,
        "seconds_an_image": {name: statistics.median(values) / count for name, values in times.items()},
        "over_the_bare_pass": {name: statistics.median(values) for name, values in ratios.items()},
        "over_the_bare_pass_range": {name: [min(values), max(values)] for name, values in ratios.items()},
        "decoding_seconds_a_sample_photo": decoding,
    }


@click.command()
@click.option("--images", "count", default=8, show_default=True, help="How many images are scored.")
@click.option("--rounds", default=7, show_default=True, help="How often the contestants take turns.")
@click.option("--device", type=click.Choice(["cpu", "cuda", "mps"]), default="cpu", show_default=True, help="Where.")
@click.option("--processor-time", is_flag=True, help="Measure processor time, not wall time.")
@output_option
def main(count: int, rounds: int, device: str, processor_time: bool, output: Path | None) -> None:
    """Print what scoring costs beside the bare forward pass."""
    global clock
    clock = time.process_time if processor_time else time.perf_counter
    found = measure(count, rounds, device)
    click.echo(
        f"{count} photos of {WIDTH}x{HEIGHT}, {found['device']}, {found['threads']} threads, torch {found['torch']}"
    )
    click.echo("bare forward pass of EfficientNet-Lite0, seconds an image:")
    for name, value in sorted(found["bare_pass_seconds_an_image"].items(), key=lambda item: item[1]):
        click.echo(f"  {name:<46} {value:8.4f}")
    click.echo(f"over the best bare pass ({found['best_bare_pass']}) on the inputs and PRIs:")
    for name, value in found["over_the_bare_pass"].items():
        low, high = found["over_the_bare_pass_range"][name]
        each = found["seconds_an_image"][name]
        click.echo(f"  {name:<46} {value:8.3f}  ({low:.3f} to {high:.3f}; {each:.4f} s an image)")
    click.echo(f"  decoding a sample photo (PNG): {found['decoding_seconds_a_sample_photo']:.4f} s")
    write(json.dumps(found, indent=2) + "\n", output)


if __name__ == "__main__":
    main()
