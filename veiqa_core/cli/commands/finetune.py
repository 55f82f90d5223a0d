"""``veiqa finetune``: adapt an extractor's network to quality on pristine photos, or train a method's on ratings."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import attrs
import click

from ...errors import UsageError
from ...functions.datasets import dataset_part
from ...functions.settings import Settings
from ...functions.workers import set_up
from ...results.progress import progress
from ..common import registry, resumable
from ..numbers import Number, Whole
from ..options.completion import component_names
from ..options.grouped import groups, option
from ..options.pseudo_rating import PseudoRatingOptions
from ..options.recipe import SettingOptions, device_option
from ..options.schedule import ScheduleOptions
from ..paths import PATH
from ..printing import line, note, say

if TYPE_CHECKING:
    from ...extension.registry import Registry
    from ...finetuning import Epoch, Finetuning, MethodTraining, RatedEpoch
    from ...finetuning.run import Epoch as AnyEpoch
    from ...finetuning.run import Training

_EXTRACTOR = "efficientnet-lite0"
E = TypeVar("E", bound="AnyEpoch")


@attrs.frozen
class SubjectOptions:
    """What is trained, and on which images.

    Raises:
        UsageError: what is given does not go together.
    """

    extractor: str | None = option(
        "--extractor",
        shell_complete=component_names("extractor"),
        metavar="E",
        help=f"Feature extractor, on PHOTOS. Default: {_EXTRACTOR}.",
    )
    method: str | None = option(
        "--method", shell_complete=component_names("method"), metavar="N", help="Method, on DATASET PATH in its place."
    )
    distortions: tuple[str, ...] = option(
        "--distortion",
        multiple=True,
        metavar="TYPE",
        help="What photos are degraded by, as for 'datasets make', by default GB WN JPEG JP2K; of a method, only rated "
        "images of this type; repeatable.",
    )
    score_range: tuple[float, float] | None = option(
        "--range",
        type=Number(),
        nargs=2,
        metavar="LOW HIGH",
        help="The range of the scores, for a dataset that does not declare it: csv.",
    )
    workers: int = option(
        "--workers", type=Whole(min=0), default=0, show_default=True, help="More processes make pieces of photos."
    )

    def __attrs_post_init__(self) -> None:
        if self.method is None and self.score_range is not None:
            raise UsageError("--range is of rated images: --method names what learns from them")
        if self.method is not None and self.extractor is not None:
            raise UsageError("--extractor and --method exclude each other")
        if self.method is not None and self.workers:
            raise UsageError("--workers make pieces of photos: leave it out beside --method")


@click.command()
@click.argument("source", nargs=-1, required=True, type=PATH, metavar="PHOTOS | DATASET PATH")
@click.option(
    "--output",
    type=PATH,
    metavar="DIR",
    required=True,
    help="Where weights, checkpoint and log go; the same command goes on from the last whole epoch.",
)
@groups(subject=SubjectOptions, rating=PseudoRatingOptions, schedule=ScheduleOptions)
@click.option("--threads", type=Whole(min=1), metavar="N", help="Default: as PyTorch chooses.")
@groups(parameters=SettingOptions)
@device_option
def finetune(
    source: tuple[Path, ...],
    output: Path,
    subject: SubjectOptions,
    rating: PseudoRatingOptions,
    schedule: ScheduleOptions,
    threads: int | None,
    parameters: SettingOptions,
    device: str,
) -> None:
    """Fine-tune a feature extractor to image quality on pristine photos, or train a method on rated images.

    Pieces of the photos in the folder PHOTOS are augmented and degraded on the fly; the network learns the quality (its
    logit 0) and the type (the others). The quality is the severity, or what --metric and --calibrate say in people's
    place. Any recipe can use the weights; with -p explainer.target=0 the VEIs explain quality.

    With --method, a method's network learns the ratings of DATASET in the folder PATH. It takes the weights with
    -p method.model=FILE. A share of the contents is held out; images that the dataset labels 'test' take no part.
    """
    found = registry()
    request = _Request(found, Settings(found, parameters.settings), output, subject, rating, schedule, threads, device)
    if subject.method is None:
        if len(source) != 1:
            raise UsageError("say PHOTOS, one folder of pristine photos; or DATASET PATH with --method")
        request.tune(source[0])
        return
    if len(source) != 2:
        raise UsageError(f"--method {subject.method} learns from rated images: say DATASET PATH, such as csv ratings")
    if rating.given or schedule.crop is not None:
        raise UsageError("--metric, --calibrate and --crop are of photos: leave them out beside --method")
    request.train(subject.method, str(source[0]), source[1])


@attrs.frozen
class _Request:
    """What was asked for, but for the images."""

    found: Registry
    wanted: Settings
    output: Path
    subject: SubjectOptions
    rating: PseudoRatingOptions
    schedule: ScheduleOptions
    threads: int | None
    device: str

    def tune(self, photos: Path) -> None:
        """Fine-tune an extractor's network on pristine photos."""
        name = self.subject.extractor or _EXTRACTOR
        choice = self.wanted.choice("extractor", name)
        self.wanted.check_all_used()
        from ...datasets import distort
        from ...datasets.synthetic import DEFAULT_DISTORTIONS, DEFAULT_METRIC
        from ...devices import Device
        from ...finetuning import Finetuning

        planned = self.schedule.schedule()
        rating, found = self.rating, self.found
        make_rating = rating.maker(found, DEFAULT_METRIC) if rating.given else None  # takes long where it calibrates
        set_up(self.threads)
        tuning = Finetuning(
            found.part("extractor", choice.name, choice.params),
            photos,
            [distort.find(kind, found) for kind in self.subject.distortions or DEFAULT_DISTORTIONS],
            self.output,
            schedule=planned,
            make_rating=make_rating,
            device=Device.find(self.device).torch,
            workers=self.subject.workers,
        )
        _announce(tuning)
        best = _run(tuning, _report)
        line(f"Weights of epoch {best} in {tuning.weights}. Use them: --extractor {name} -p")
        line(f"  {shlex.quote(f'extractor.weights={tuning.weights}')}, and -p explainer.target=0 to explain quality")

    def train(self, method: str, dataset: str, root: Path) -> None:
        """Train a method's network on rated images."""
        choice = self.wanted.choice("method", method)
        images = dataset_part(self.found, self.wanted, dataset, self.subject.score_range)
        self.wanted.check_all_used()
        from ...datasets.rated_set import load
        from ...devices import Device
        from ...finetuning import MethodTraining
        from ...finetuning.rated import opened

        part = self.found.part("method", choice.name, choice.params)
        rated = load(images, root, self.subject.distortions)
        set_up(self.threads)
        network = opened(part, self.schedule.seed)
        planned = self.schedule.schedule({**network.schedule, "side": network.side})
        training = MethodTraining(
            part, network, rated, self.output, schedule=planned, device=Device.find(self.device).torch
        )
        for remark in rated.remarks:
            note(remark)
        _announce_rated(training)
        best = _run(training, _report_rated)
        line(f"Weights of epoch {best} in {training.weights}. Use them: --method {method} -p")
        line(f"  {shlex.quote(f'method.model={training.weights}')}")


def _run(training: Training[E], report: Callable[[E], None]) -> int:
    """Train what remains, a line an epoch; the best epoch's number."""
    with resumable("the same command goes on from the last whole epoch"):
        for epoch in training.run(lambda items, total: progress(f"epoch {len(training.done) + 1}")(items, total)):
            report(epoch)
    return min(training.done, key=lambda epoch: epoch.held_out_loss).number


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


def _announce_rated(training: MethodTraining) -> None:
    learned, held_out = (f"{len(names)} images" for names in (training.trained_on, training.held_out))
    of, out = training.contents
    left = f"; {training.left_out} labelled 'test' left out" if training.left_out else ""
    line(f"{learned} of {of} contents to learn from, {held_out} of {out} held out{left}")
    line("epoch    loss   held-out   SROCC")
    for epoch in training.done:
        _report_rated(epoch)


def _report_rated(epoch: RatedEpoch) -> None:
    line(f"{epoch.number:5}  {epoch.loss:.4f}     {epoch.held_out_loss:.4f}   {epoch.ranked:.3f}")
