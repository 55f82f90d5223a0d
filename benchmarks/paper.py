"""The paper's recipes on rated images, in the layout of its tables 3 and 5, beside its own figures.

    python benchmarks/paper.py DATASET PATH [--rebuilt-live] > docs/results-paper.md

DATASET and PATH as for ``veiqa evaluate``; the set must hold GB, WN, JPEG and JP2K. Each image is measured once at the
paper's input size and once at its native size, under all seven metrics; every table is taken from that.
"""

from __future__ import annotations

import platform
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import click
import numpy as np
from common import Given, on_rated_set, output_option, write
from numpy.typing import NDArray

from veiqa_core.contracts import FloatArray
from veiqa_core.errors import UsageError, VeiqaError
from veiqa_core.evaluation.columns import Predictions
from veiqa_core.evaluation.evaluate import Evaluation, evaluate
from veiqa_core.evaluation.figures import Figures
from veiqa_core.evaluation.measured import MeasuredSet
from veiqa_core.evaluation.resampling import SAMPLED_FIGURES, Counts, bootstrap
from veiqa_core.evaluation.splits import Protocol
from veiqa_core.extension.registry import Registry
from veiqa_core.recipes.files import find
from veiqa_core.recipes.recipe import Choice, Recipe, RecipeSet
from veiqa_core.recipes.resolution import resolve_all

TYPES = ("GB", "WN", "JPEG", "JP2K")
METRICS = ("psnr", "gmsd", "ncc", "fsim", "nae", "vsi", "ssim")
SETS = {"paper": "at 224x224", "paper-native": "at native size"}
SAMPLES, SEED = 1000, 0

# Ahmed et al., IJEECS 36(3), 2024: table 3, LIVE, Inception-ResNet-v2 and PSNR; table 5, LIVE, mean PLCC of the types
PAPER_3 = {
    "plcc": (0.972, 0.891, 0.987, 0.939),
    "srocc": (0.919, 0.992, 0.974, 0.955),
    "rmse": (8.062, 6.849, 6.037, 7.946),
}
PAPER_5 = {
    "psnr": 0.9323,
    "gmsd": 0.7538,
    "ncc": 0.9425,
    "fsim": 0.89355,
    "nae": 0.9301,
    "vsi": 0.8454,
    "ssim": 0.8275,
}
FROZEN, LOCO = Protocol("frozen", seed=SEED), Protocol("loco", seed=SEED)


def with_metrics(shipped: RecipeSet, metrics: tuple[str, ...]) -> RecipeSet:
    """The set with a branch for each metric in place of its one; several branches have no mapper."""

    def changed(recipe: Recipe) -> Recipe:
        branches = tuple(attrs.evolve(recipe.branches[0], metric=Choice(metric)) for metric in metrics)
        return attrs.evolve(recipe, branches=branches, mapper=recipe.mapper if len(metrics) == 1 else None)

    recipes = {kind: changed(recipe) for kind, recipe in shipped.recipes.items()}
    return RecipeSet("-".join((shipped.name, *metrics)), recipes)


def mean_plcc(evaluation: Evaluation, choose: Callable[[Predictions], NDArray[np.float64]]) -> str:
    """Mean PLCC over the types with its bootstrap interval, drawn by content over all types together."""
    part = Predictions.pooled(evaluation.predictions)
    scores, kinds = choose(part), np.array(part.types)

    def mean(counts: Counts) -> Mapping[str, FloatArray]:
        each = [SAMPLED_FIGURES["plcc"](scores[at], part.quality[at], counts[:, at]) for at in by_kind]
        return {"mean": np.mean(each, axis=0)}

    by_kind = [np.flatnonzero(kinds == kind) for kind in TYPES]
    (value,) = mean(np.ones((1, len(scores))))["mean"]
    interval = bootstrap(mean, part.clusters, times=SAMPLES, seed=SEED)["mean"]
    return shown(None if np.isnan(value) else value, interval, 3)


def shown(value: float | None, interval: tuple[float, float] | None, places: int) -> str:
    """A figure with its interval."""
    if value is None:
        return "-"
    ends = "" if interval is None else f" ({interval[0]:.{places}f} to {interval[1]:.{places}f})"
    return f"{value:.{places}f}{ends}"


def table_3(evaluations: Mapping[str, Mapping[str, Evaluation]]) -> Iterator[str]:
    """PLCC, SROCC and RMSE by type: the paper's, ours in its way, ours held-out."""
    yield "| figure | | GB | WN | JPEG | JP2K |"
    yield "|---|---|---|---|---|---|"
    for name, values in PAPER_3.items():
        yield f"| {name.upper()} | paper, in-sample | {' | '.join(f'{value:.3f}' for value in values)} |"
        for size, by_protocol in evaluations.items():
            for protocol, evaluation in by_protocol.items():
                cells = (_cell(evaluation.by_distortion[kind], name) for kind in TYPES)
                yield f"| {name.upper()} | VEIQA {SETS[size]}, {protocol} | {' | '.join(cells)} |"


def _cell(figures: Figures, name: str) -> str:
    return shown(figures.values[name], figures.intervals[name], 2 if name == "rmse" else 3)


def table_5(evaluations: Mapping[str, Mapping[str, Mapping[str, Evaluation]]]) -> Iterator[str]:
    """Mean PLCC of the four types by metric."""
    columns = [f"VEIQA {SETS[size]}, {protocol}" for size in evaluations for protocol in ("in-sample", "held-out")]
    yield f"| measure | paper, in-sample | {' | '.join(columns)} |"
    yield f"|---|---|{'---|' * len(columns)}"
    for metric, paper in PAPER_5.items():
        cells = []
        for by_metric in evaluations.values():
            cells.append(mean_plcc(by_metric[metric]["in-sample"], lambda part: part.mapped_by_type["logistic5"]))
            cells.append(mean_plcc(by_metric[metric]["held-out"], lambda part: part.raw.score))
        yield f"| {metric.upper()} | {paper:g} | {' | '.join(cells)} |"


def evaluations(measured: MeasuredSet, shipped: RecipeSet, registry: Registry) -> dict[str, dict[str, Evaluation]]:
    """By metric, in-sample as in the paper and held-out."""
    found = {}
    for metric in METRICS:
        single = attrs.evolve(measured, recipes=resolve_all(with_metrics(shipped, (metric,)), registry))
        protocols = {"in-sample": FROZEN, "held-out": LOCO}
        found[metric] = {name: evaluate(single, protocol, registry) for name, protocol in protocols.items()}
    return found


def page(
    found: Mapping[str, dict[str, dict[str, Evaluation]]], measured: MeasuredSet, command: str, origin: str
) -> str:
    """The whole page in Markdown."""
    rated, table = measured.rated, measured.table
    versions = {name: measured.versions[name] for name in ("veiqa", "torch", "numpy", "pillow", "device", "threads")}
    counts = ", ".join(f"{kind} {table.distortions.count(kind)}" for kind in TYPES)
    contents = len(set(table.contents))
    lines = [
        "# The paper's recipes, measured",
        "",
        f"Made by `{command}`; nothing below is written by hand.",
        "",
        *wrapped(INTRODUCTION.format(count=len(table), counts=counts, contents=contents, dataset=rated.name)),
        *(wrapped(origin) if origin else ()),
        *wrapped(PROTOCOLS),
        *wrapped(_gaps(found)),
        "## Table 3: by distortion type, PSNR",
        "",
        *table_3({size: by_metric["psnr"] for size, by_metric in found.items()}),
        "",
        "## Table 5: PLCC by similarity measure, mean of the four types",
        "",
        *table_5(found),
        "",
        READING,
        "",
        *wrapped(
            f"Versions: {', '.join(f'{name} {value}' for name, value in versions.items())}, {platform.machine()}; "
            f"weights {', '.join(f'{name} {value[:19]}' for name, value in measured.versions['weights'].items())}."
        ),
    ]
    return "\n".join(lines).rstrip() + "\n"


def wrapped(text: str) -> Iterator[str]:
    """Paragraphs in lines of the repository's width, an empty one after each."""
    for paragraph in text.strip().split("\n\n"):
        yield from textwrap.wrap(" ".join(paragraph.split()), 120)
        yield ""


def _gaps(found: Mapping[str, dict[str, dict[str, Evaluation]]]) -> str:
    """The sentence that says how they differ, in numbers."""

    def plccs(size: str, protocol: str) -> str:
        evaluation = found[size]["psnr"][protocol]
        return ", ".join(f"{kind} {evaluation.by_distortion[kind].values['plcc'] or 0:.3f}" for kind in TYPES)

    paper = ", ".join(f"{kind} {value:.3f}" for kind, value in zip(TYPES, PAPER_3["plcc"], strict=True))
    return (
        f"**How they differ, plainly: with this network we do not reproduce the paper's figures.** Its PLCC on LIVE is "
        f"{paper}. The same recipe on EfficientNet-Lite0 gives {plccs('paper', 'in-sample')} at 224x224, and "
        f"{plccs('paper-native', 'in-sample')} at native size, both fitted and tested on the same images as there; "
        f"with the tested content left out, {plccs('paper-native', 'held-out')} at native size."
    )


INTRODUCTION = """\
The paper's recipes (`paper`, `paper-native`): for each distortion type its own PRI (JPEG's for JPEG2000 too), Grad-CAM
at the last layer, a similarity measure, a logistic of five parameters. The network is EfficientNet-Lite0 with ImageNet
weights, where the paper used VGG16, DarkNet19 and Inception-ResNet-v2 adapted to its databases' distortion types.

The images are {count} ({counts}) of {contents} contents, read as `{dataset}`.
"""
REBUILT = """\
They are from the LIVE Image Quality Assessment Database, release 2, with its official DMOS, rebuilt from 20 of its 29
references by the released parameters: JPEG and blur come out identical or nearly so, white noise is another sample of
the released strength, and JPEG2000 has the released rate but another encoder. So they are not the paper's 634 images
either. The database is by H. R. Sheikh, Z. Wang, L. Cormack and A. C. Bovik, "LIVE Image Quality Assessment Database
Release 2", Laboratory for Image and Video Engineering, The University of Texas at Austin; it is not part of this
repository.
"""
PROTOCOLS = """\
*In-sample*: the logistic is fitted to the images that it is tested on, as the paper does; SROCC is that of the
similarities themselves. *Held-out*: the logistic is fitted with the tested content left out, predictions pooled, and
SROCC is that of the predictions. In parentheses 95 % bootstrap intervals by content.
"""
READING = """\
- Correlations keep their sign: below zero the ranking runs against the method's idea, that an image close to its PRI is
  bad. The JPEG PRI on JPEG2000 images does that here.
- In the paper's tables WN has a PLCC of .891 beside an SROCC of .992, and its text gives .972 where they print .987;
  they are quoted as printed.
- Pooled held-out predictions of a recipe that knows little are drawn below zero, since each is near the mean of the
  other contents.
- At 224x224 the last layer has 7x7 values, which SSIM, FSIM and VSI see enlarged (see [components](components.md)).
"""


@click.command()
@on_rated_set
@click.option("--rebuilt-live", "rebuilt", is_flag=True, help="Say that the set was rebuilt from LIVE's references.")
@output_option
def main(given: Given, rebuilt: bool, output: Path | None) -> None:
    """Measure the paper's recipes and print the page."""
    rated = attrs.evolve(given.rated, ratings=given.rated.ratings.only(TYPES))
    found: dict[str, Any] = {}
    for name in SETS:
        shipped = find(name, given.registry)
        assert isinstance(shipped, RecipeSet)
        (measured,) = given.measured([rated], resolve_all(with_metrics(shipped, METRICS), given.registry))
        if measured.failed:
            raise UsageError(f"{len(measured.failed)} images failed; the first: {next(iter(measured.failed.values()))}")
        found[name] = evaluations(measured, shipped, given.registry)
    flag = " --rebuilt-live" if rebuilt else ""
    command = f"python benchmarks/paper.py {rated.name} PATH{flag} > docs/results-paper.md"
    text = page(found, measured, command, REBUILT if rebuilt else "")
    click.echo(text)
    write(text, output)


if __name__ == "__main__":
    try:
        main()
    except VeiqaError as error:
        sys.exit(f"Error: {error}")
