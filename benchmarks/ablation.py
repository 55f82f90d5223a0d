"""What each part of a recipe for unknown distortions brings: one part changed at a time.

    python benchmarks/ablation.py DATASET PATH [--part weights ...] [--output ablation.md]

DATASET and PATH hold people's ratings. Every variant is fitted and reported with one content left out, the type not
given: nothing of a content has a part in its scores. All variants are measured in one pass over the images. ``--part``
measures only the variants of some parts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import click
import numpy as np
import torch
from common import Given, on_rated_set, output_option, write
from numpy.typing import NDArray

from veiqa_core import images
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.devices import Device
from veiqa_core.errors import VeiqaError
from veiqa_core.evaluation.agreement import plcc, srocc
from veiqa_core.evaluation.splits import Protocol, by_content
from veiqa_core.extension.registry import Part, Registry
from veiqa_core.measuring.branches.plan import distinct
from veiqa_core.measuring.executors.executor import Executor
from veiqa_core.measuring.meter import Meter
from veiqa_core.measuring.networks import open_network
from veiqa_core.measuring.quantity import Control, Quantity, Similarity
from veiqa_core.measuring.table import Measurements
from veiqa_core.recipes.files import read
from veiqa_core.recipes.resolution import resolve_all
from veiqa_core.results.progress import progress
from veiqa_core.scoring.mapping import fitted_prediction

HERE = Path(__file__).parent
TYPES = ("GB", "WN", "JPEG", "JP2K")
LITE = "veiqa:efficientnet-lite0"
TUNED = "veiqa:efficientnet-lite0-quality"
QUALITY = 0  # the logit
NO_COMPARISON = "no comparison"
PARTS = ("PRI", "layer", "explainer", "size", "weights", "no network", NO_COMPARISON)
Values = NDArray[np.float64]

BASE = tomllib.loads((HERE / "ablation.toml").read_text())
BRANCH = BASE["branch"][0]


@attrs.frozen
class Variant:
    """A recipe with one part changed.

    Attributes:
        part: what was changed.
        description: how.
        changes: of the recipe's branch, as recipes write them.
        more: a further branch beside it, changed likewise.
        control: measured in place of the branches' similarities.
    """

    part: str
    description: str
    changes: dict[str, Any]
    more: dict[str, Any] | None = None
    control: str | None = None


def variants() -> Iterator[Variant]:
    """What is compared; the first is what the others change."""
    yield Variant("", "three PRIs, five layers, activation norms, native size", {})
    for name, pri in zip(("mean blur", "white noise", "JPEG2000"), BRANCH["pri"], strict=True):
        yield Variant("PRI", f"{name} alone", {"pri": pri})
    yield Variant("PRI", "eleven, as `default`", {"pri": _eleven()})
    for layer in ("bn1", *(f"blocks.{stage}" for stage in range(7)), "bn2"):
        yield Variant("layer", f"`{layer}` alone", {"layer": layer})
    for explainer in ("gradcam", "gradcam++", "hirescam"):
        yield Variant("explainer", explainer, {"explainer": f"veiqa:{explainer}"})
        yield Variant(
            "explainer", f"{explainer} at the last layer", {"explainer": f"veiqa:{explainer}", "layer": "bn2"}
        )
    yield Variant("explainer", "activation norms and gradcam", {"explainer": [BRANCH["explainer"], "veiqa:gradcam"]})
    yield Variant("size", "images resized to 224x224", {"extractor": {"name": LITE, "resize": 224}})
    yield Variant("weights", "random", {"extractor": {"name": LITE, "weights": "random:0"}})
    yield Variant("weights", "fine-tuned", {"extractor": TUNED})
    yield Variant("weights", "ImageNet's and fine-tuned", {"extractor": [LITE, TUNED]})
    of_quality = {"extractor": TUNED, "explainer": {"name": "veiqa:gradcam", "target": QUALITY}}
    yield Variant("weights", "fine-tuned, gradcam of the quality logit", of_quality)
    cam = {"explainer": {"name": "veiqa:cam", "target": QUALITY}, "layer": "bn2", "scale": "none"}
    drop = {"extractor": TUNED, "metric": "veiqa:ad", **cam}
    yield Variant("weights", "fine-tuned, cam of the quality logit, average difference", drop)
    yield Variant("weights", "fine-tuned, activation norms and that", {"extractor": TUNED}, more=drop)
    yield Variant("no network", "the metrics on the pixels of image and PRI", {"layer": "blocks.0"}, control="pixels")
    alone = {"pri": "veiqa:mean-blur", "metric": "veiqa:nae"}
    yield Variant(NO_COMPARISON, "the mean of the image's own VEIs", alone, control="vei-mean")
    yield Variant(NO_COMPARISON, "the same, fine-tuned", {**alone, "extractor": TUNED}, control="vei-mean")


def _eleven() -> list[Any]:
    """The PRIs of the bank."""
    pris: list[Any] = tomllib.loads((HERE / "bank.toml").read_text())["branch"][0]["pri"]
    return pris


def quantities(variant: Variant, registry: Registry) -> tuple[list[Quantity], Part | None]:
    """What is measured for a variant, and the mapper of its recipe."""
    changed = (variant.changes,) if variant.more is None else (variant.changes, variant.more)
    table = {**BASE, "branch": [{**BRANCH, **changes} for changes in changed]}
    resolved = resolve_all(read(table, "ablation", variant.description), registry).recipes[None]
    control = None if variant.control is None else registry.part("control", variant.control)
    if control is None:
        return list(map(Similarity, resolved.branches)), resolved.mapper
    return [Control(branch, control) for branch in resolved.branches], resolved.mapper


def measured(rated: RatedSet, executor: Executor, wanted: Sequence[Quantity]) -> Measurements:
    """Every quantity of every image."""
    table, columns = rated.measurements(wanted), range(len(wanted))
    table.fill(executor, dict.fromkeys(range(len(table)), columns), progress("measuring"))
    problem = next((why for row in range(len(table)) if (why := table.problem(row, columns))), None)
    if problem is not None:
        raise VeiqaError(problem)
    return table


def left_out(part: Part, x: Values, rated: RatedSet, quality: Values) -> Values:
    """Scores of a mapper fitted without the image's content."""
    predicted = np.full(len(x), np.nan)
    for split in by_content(Protocol("loco"), [item.content for item in rated.images]):
        predicted[split.test] = fitted_prediction(part, x[split.train], quality[split.train], x[split.test]).score
    return predicted


def row(variant: Variant, passes: str, predicted: Values, rated: RatedSet, quality: Values) -> str:
    """A line of the table."""
    kinds = np.array([str(item.distortion) for item in rated.images])
    by_type = [srocc(predicted[kinds == kind], quality[kinds == kind]) for kind in TYPES if (kinds == kind).any()]
    figures = [*by_type, srocc(predicted, quality), plcc(predicted, quality)]
    reported = " | ".join("" if figure is None else f"{figure:.3f}" for figure in figures)
    return f"| {variant.part} | {variant.description} | {passes} | {reported} |"


def own_verdict(registry: Registry, rated: RatedSet, device: Device) -> Values:
    """The quality logit of the fine-tuned network, with no PRI and no VEI."""
    network = open_network(registry.part("extractor", TUNED), device)
    with torch.no_grad():
        said = [
            float(network(images.read(rated.root / item.image).pixels.to(device.torch))[0, QUALITY])
            for item in progress("the network's own verdict")(rated.images)
        ]
    return np.array(said)


@click.command()
@on_rated_set
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True)
@output_option
def main(given: Given, parts: tuple[str, ...], output: Path | None) -> None:
    """Measure all variants and print their table."""
    registry, rated = given.registry, given.rated
    quality = np.array([rated.ratings.quality(item) for item in rated.images])
    chosen = [(variant, *quantities(variant, registry)) for variant in variants() if not parts or variant.part in parts]
    everything = distinct(quantity for _, wanted, _ in chosen for quantity in wanted)
    with given.opened() as kept:
        meter = Meter(everything, given.device, kept)
        with given.executor(meter, rated.root) as executor:
            table = measured(rated, executor, everything)
    lines = [
        f"| part | changed to | passes | {' | '.join(TYPES)} | overall | PLCC |",
        "|---|---|---|" + "---|" * (len(TYPES) + 2),
    ]
    click.echo("\n".join(lines))
    for variant, wanted, mapper in chosen:
        assert mapper is not None
        x = table.values[:, [everything.index(quantity) for quantity in wanted]]
        lines.append(row(variant, _passes(variant, wanted), left_out(mapper, x, rated, quality), rated, quality))
        click.echo(lines[-1])
    if not parts or NO_COMPARISON in parts:
        verdict = Variant(NO_COMPARISON, "the fine-tuned network's own quality logit, nothing fitted", {})
        lines.append(row(verdict, "1", own_verdict(registry, rated, given.device), rated, quality))
        click.echo(lines[-1])
    write("\n".join(lines) + "\n", output)


def _passes(variant: Variant, wanted: Sequence[Quantity]) -> str:
    """Forward passes an image, and whether there are backward ones."""
    if variant.control == "pixels":
        return "0"
    networks = len(distinct(quantity.branch.extractor for quantity in wanted))
    compared = 0 if variant.control else len(distinct(quantity.branch.pri for quantity in wanted))
    backward = any("gradients" in quantity.branch.explainer.traits["uses"] for quantity in wanted)
    return f"{networks * (1 + compared)}{' + backward' if backward else ''}"


if __name__ == "__main__":
    main()
