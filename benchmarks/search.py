"""What a search costs beside the same combinations one by one, with two workers, and when repeated.

    python benchmarks/search.py [--images N] [--repeated N] [--singles N] [--output FILE]

The space has the shape of the paper's, 4 PRIs x 3 networks x 3 explainers x 7 metrics = 252: EfficientNet-Lite0 with
its weights, two networks with random ones; occlusion covers 9x9 places. Images are 256x256 cuts of the sample photos.

One by one means a Scorer for each combination; only some of them are run, on one image, and their mean is taken for all
(each explainer by itself, as they differ most). Opening networks is not counted on either side. Workers are
measured without occlusion, to end in reasonable time. The repeat of a search, on few images, finds every value in its
store; choosing and writing are done again.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import PIL.Image
import torch
from common import output_option, write

from veiqa_core import Scorer
from veiqa_core.datasets.rated_set import RatedSet, load
from veiqa_core.devices import Device
from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_core.measuring.executors.executor import Executor, InProcess, Task
from veiqa_core.measuring.executors.pool import ProcessPool
from veiqa_core.measuring.meter import Meter
from veiqa_core.recipes.recipe import Recipe
from veiqa_core.report.search.folder import write as write_search
from veiqa_core.searching import census, networks
from veiqa_core.searching.candidates import Candidate, branches_of, expand, extractors, quantities_of
from veiqa_core.searching.choice import SearchSettings
from veiqa_core.searching.context import SearchContext
from veiqa_core.searching.objective import Objective
from veiqa_core.searching.search import search
from veiqa_core.searching.space import loads
from veiqa_core.store import Store

PHOTOS = Path(__file__).resolve().parents[1] / "docs" / "images"
SIDE, WINDOW, STRIDE = 256, 64, 24
PLACES = ((SIDE - WINDOW) // STRIDE + 1) ** 2
CPU = Device()

SPACE = f"""
name = "the paper's shape"
pri = ["mean-blur", "white-noise", "jpeg", "jpeg2000"]
extractor = [
    "efficientnet-lite0",
    {{ name = "timm", model = ["resnet18", "mobilenetv2_100"], weights = "random:0" }},
]
explainer = ["gradcam", "gradcam++", {{ name = "occlusion", window = {WINDOW}, stride = {STRIDE} }}]
metric = ["psnr", "ssim", "gmsd", "fsim", "vsi", "ncc", "nae"]
"""


def write_set(folder: Path, images: int) -> RatedSet:
    """Cuts of the photos, each blurred by another amount, with scores made from it."""
    rng = np.random.default_rng(0)
    photos = sorted(PHOTOS.glob("*.png"))
    rows = ["image,reference,distortion,score,score_type"]
    for number in range(images):
        with PIL.Image.open(photos[number % len(photos)]) as photo:
            left, top = (int(rng.integers(0, size - SIDE)) for size in photo.size)
            cut = photo.convert("RGB").crop((left, top, left + SIDE, top + SIDE))
        level = number % 4
        small = cut.resize((SIDE // (level + 1),) * 2)
        small.resize((SIDE, SIDE)).save(folder / f"{number}.png")
        cut.save(folder / f"ref{number}.png")
        rows.append(f"{number}.png,ref{number}.png,GB,{20 * level + rng.uniform(0, 9):.2f},dmos")
    (folder / "scores.csv").write_text("\n".join(rows) + "\n")
    return load(installed().part("dataset", "csv"), folder)


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def single(candidate: Candidate) -> Scorer:
    """A scorer of one combination."""
    return Scorer(Recipe("single", (branches_of([candidate])[0].written,)), device="cpu")


def one_by_one(candidates: list[Candidate], image: Any, count: int) -> dict[str, float]:
    """Seconds that all combinations would take on an image, each by itself, from some of them."""
    total = 0.0
    explainers = list(dict.fromkeys(str(c.coordinates["explainer"]) for c in candidates))
    for explainer in explainers:
        same = [c for c in candidates if c.coordinates["explainer"] == explainer]
        sample = [same[i] for i in np.linspace(0, len(same) - 1, max(1, count // len(explainers))).astype(int)]
        taken = []
        for candidate in sample:
            scorer = single(candidate)
            scorer.score(image.pixels[0])
            taken.append(seconds(lambda scorer=scorer: scorer.score(image.pixels[0])))  # type: ignore[misc]
        total += float(np.mean(taken)) * len(same)
    return {"seconds": total, "measured": count}


def passes(candidates: list[Candidate], opened: Any) -> dict[str, dict[str, int]]:
    """Passes through networks on an image, shared and one by one."""

    def total(parts: list[list[Candidate]]) -> dict[str, int]:
        counted = [census.count(part, opened, 1, {}) for part in parts]
        return {
            "forward": sum(c.forward for c in counted),
            "backward": sum(c.backward for c in counted),
            "sweeps": sum(sum(c.sweeps.values()) for c in counted),
        }

    return {"shared": total([candidates]), "one by one": total([[candidate] for candidate in candidates])}


def run(executor: Executor, rated: RatedSet) -> None:
    """Measure all quantities of all images."""
    everything = tuple(range(len(executor.meter.quantities)))
    for done in executor.run(Task(item.image, everything) for item in rated.images):
        assert done.error is None


def workers(meter: Meter, rated: RatedSet) -> dict[str, float]:
    """The efficiency of two processes over one, begun and warm."""
    times = {}
    for count in (1, 2, 1, 2):
        with ProcessPool(meter, rated.root, count) as executor:
            run(executor, rated)
            times[count] = min(times.get(count, np.inf), seconds(lambda executor=executor: run(executor, rated)))
    return {"one": times[1], "two": times[2], "efficiency": times[1] / (2 * times[2])}


def repeats(candidates: list[Candidate], rated: RatedSet, opened: Any, folder: Path) -> dict[str, float]:
    """A whole search with an empty store, and again."""
    registry = installed()
    logistic, ridge = (registry.part("mapper", name) for name in ("logistic5", "ridge"))
    settings = SearchSettings(registry.part("strategy", "exhaustive"), Objective("srocc", logistic), ridge)

    def run() -> None:
        with Store(folder / "store.sqlite") as store:
            context = SearchContext(registry, CPU, dict(opened), store, lambda meter: InProcess(meter, rated.root))
            outcome = search("paper's shape", candidates, rated, settings, context, lambda items, total: iter(items))
            write_search(outcome, folder)

    cold, warm = seconds(run), seconds(run)
    return {"cold": cold, "warm": warm, "share": warm / cold}


@click.command()
@click.option("--images", default=12, show_default=True, help="Images that workers measure.")
@click.option("--repeated", default=4, show_default=True, help="Images of the search that is repeated.")
@click.option("--singles", default=21, show_default=True, help="Combinations that are run one by one.")
@output_option
def main(images: int, repeated: int, singles: int, output: Path | None) -> None:
    """Measure, and print ratios."""
    registry = installed()
    space = loads(SPACE, "here", "paper's shape")
    opened = networks.opened(extractors(space, registry), CPU)
    candidates = expand(space, registry, opened)
    light = [candidate for candidate in candidates if candidate.coordinates["explainer"] != "occlusion"]
    quantities = quantities_of(candidates)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "set").mkdir()
        (folder / "few").mkdir()
        rated, few = write_set(folder / "set", images), write_set(folder / "few", repeated)
        meter = Meter(quantities, CPU, None, dict(opened))
        everything = range(len(quantities))
        image = read(rated.root / rated.images[0].image)
        meter.compute(image, range(1))
        shared = seconds(lambda: meter.compute(image, everything))
        alone = one_by_one(candidates, image, singles)
        found = {
            "combinations": len(candidates),
            "threads": torch.get_num_threads(),
            "occlusion windows": PLACES,
            "passes": passes(candidates, opened),
            "an image": {"shared": shared, "one by one": alone, "ratio": alone["seconds"] / shared},
            "workers": workers(Meter([c.quantity for c in light], CPU, None, dict(opened)), rated),
            "repeat": {"images": repeated, **repeats(candidates, few, opened, folder)},
        }
    text = json.dumps(found, indent=2)
    click.echo(text)
    write(text + "\n", output)


if __name__ == "__main__":
    main()
