"""``veiqa finetune``: adapt an extractor's network to image quality, on pristine photos."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...functions.settings import Settings
from ...functions.workers import set_up
from ...results.progress import progress
from ..common import registry, resumable
from ..numbers import Number, Whole
from ..options.completion import component_names
from ..options.grouped import groups, option
from ..options.pseudo_rating import PseudoRatingOptions
from ..options.recipe import SettingOptions, device_option
from ..paths import PATH
from ..printing import line, note, say

if TYPE_CHECKING:
    from ...finetuning import Epoch, Finetuning, Schedule


@attrs.frozen
class ScheduleOptions:
    """How long, on what pieces, and how fast the network learns."""

    epochs: int = option("--epochs", type=Whole(), default=10, show_default=True, help="Rounds over the photos.")
    samples: int = option(
        "--samples", type=Whole(), default=8, show_default=True, help="Pieces of each photo in an epoch."
    )
    crop: int = option(
        "--crop", type=Whole(), default=224, show_default=True, metavar="PIXELS", help="Side of a piece."
    )
    batch: int = option("--batch", type=Whole(), default=16, show_default=True, help="Pieces a step.")
    rate: float = option("--rate", type=Number(), default=3e-4, show_default=True, help="Largest learning rate.")
    held_out: float = option(
        "--held-out",
        type=Number(),
        default=0.2,
        show_default=True,
        help="Share of photos by which the weights are chosen.",
    )
    seed: int = option("--seed", type=Whole(), default=0, show_default=True, help="Of all that is drawn.")

    def schedule(self) -> Schedule:
        """The schedule that is meant.

        Raises:
            UsageError: a number is out of range.
        """
        from ...finetuning import Schedule

        return Schedule(
            epochs=self.epochs,
            samples=self.samples,
            batch=self.batch,
            side=self.crop,
            rate=self.rate,
            held_out=self.held_out,
            seed=self.seed,
        )


@click.command()
@click.argument("photos", type=PATH, metavar="PHOTOS")
@click.option(
    "--output",
    type=PATH,
    metavar="DIR",
    required=True,
    help="Where weights, checkpoint and log go; the same command goes on from the last whole epoch.",
)
@click.option(
    "--extractor",
    shell_complete=component_names("extractor"),
    default="efficientnet-lite0",
    show_default=True,
    metavar="E",
    help="Feature extractor.",
)
@click.option(
    "--distortion",
    "distortions",
    multiple=True,
    metavar="TYPE",
    help="As for 'datasets make'; repeatable. Default: GB WN JPEG JP2K.",
)
@groups(rating=PseudoRatingOptions, schedule=ScheduleOptions)
@click.option("--workers", type=Whole(min=0), default=0, show_default=True, help="More processes make pieces.")
@click.option("--threads", type=Whole(min=1), metavar="N", help="Default: as PyTorch chooses.")
@groups(parameters=SettingOptions)
@device_option
def finetune(
    photos: Path,
    output: Path,
    extractor: str,
    distortions: tuple[str, ...],
    rating: PseudoRatingOptions,
    schedule: ScheduleOptions,
    workers: int,
    threads: int | None,
    parameters: SettingOptions,
    device: str,
) -> None:
    """Fine-tune a feature extractor to image quality on the pristine photos in the folder PHOTOS.

    Pieces of the photos are augmented and degraded on the fly; the network learns the quality (its logit 0) and the
    type (the others). The quality is the severity, or what --metric and --calibrate say in people's place. Any recipe
    can use the weights; with -p explainer.target=0 the VEIs explain quality.
    """
    found = registry()
    wanted = Settings(found, parameters.settings)
    choice = wanted.choice("extractor", extractor)
    wanted.check_all_used()
    from ...datasets import distort
    from ...datasets.synthetic import DEFAULT_DISTORTIONS, DEFAULT_METRIC
    from ...devices import Device
    from ...finetuning import Finetuning

    planned = schedule.schedule()
    make_rating = rating.maker(found, DEFAULT_METRIC) if rating.given else None  # takes long where it calibrates
    set_up(threads)
    tuning = Finetuning(
        found.part("extractor", choice.name, choice.params),
        photos,
        [distort.find(name, found) for name in distortions or DEFAULT_DISTORTIONS],
        output,
        schedule=planned,
        make_rating=make_rating,
        device=Device.find(device).torch,
        workers=workers,
    )
    _announce(tuning)
    with resumable("the same command goes on from the last whole epoch"):
        for epoch in tuning.run(lambda items, total: progress(f"epoch {len(tuning.done) + 1}")(items, total)):
            _report(epoch)
    best = min(tuning.done, key=lambda epoch: epoch.held_out_loss)
    line(f"Weights of epoch {best.number} in {tuning.weights}. Use them: --extractor {extractor} -p")
    line(f"  {shlex.quote(f'extractor.weights={tuning.weights}')}, and -p explainer.target=0 to explain quality")


def _announce(tuning: Finetuning) -> None:
    for remark in tuning.notes:
        note(remark)
    for problem in tuning.left_out.values():
        say(f"warning: {problem}; left out")
    parts = f"{len(tuning.trained_on)} photos to learn from, {len(tuning.held_out)} held out"
    line(f"{parts}; types: {', '.join(tuning.samples.types)}")
    line("epoch   loss   held-out   types right  SROCC by type  of all types")
    for epoch in tuning.done:
        _report(epoch)


def _report(epoch: Epoch) -> None:
    losses = f"{epoch.number:5}  {epoch.loss:.3f}      {epoch.held_out_loss:.3f}"
    types = f"{100 * epoch.types_predicted:3.0f} %"
    line(f"{losses}        {types}            {epoch.ranked:.3f}        {epoch.ranked_together:.3f}")
