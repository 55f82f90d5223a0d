"""Fine-tuning of an extractor's network on pristine photos.

The network gets a head of 1 + T logits, the quality's and one a type, the types' first being photos as they are. The
loss is the binary cross-entropy of the quality's logit with the sample's quality, and the cross-entropy of the types.
Batch normalisation keeps the statistics of the weights that were begun with, so a batch's size changes no image's maps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from .. import images
from ..contracts import Network, TunableExtractor
from ..datasets.distort import Distortion
from ..datasets.photos import find_photos
from ..datasets.pseudo_ratings import PseudoRating
from ..errors import ImageError, UsageError
from ..evaluation.agreement import srocc
from ..extension.registry import Part
from ..files.writing import check_folder
from ..isolation.attempts import attempt, or_usage_error
from . import run
from .run import Schedule, Training, digest_of
from .samples import QUALITY, Key, Samples

_HEAD_RATE = 10.0  # times the rate of the rest, for a head that begins at zero
_DECAY = 0.01


@attrs.frozen(kw_only=True)
class Epoch(run.Epoch):
    """What came of an epoch.

    Attributes:
        types_predicted: the share of held-out samples whose type has the highest logit.
        ranked: mean over types of the SROCC of quality logit and quality, pristine pieces included.
        ranked_together: that of all types together.
    """

    types_predicted: float
    ranked: float
    ranked_together: float


class Finetuning(Training[Epoch]):
    """Fine-tunes an extractor's network on a folder of pristine photos.

    The weights are what any recipe can use as the extractor's ``weights``.

    Args:
        extractor: which network; its ``weights`` are where training begins.
        photos: the folder; those smaller than a piece are left out.
        distortions: what the photos are degraded by, each up to its strongest.
        out: made where needed.
        make_rating: makes the rating of :class:`.samples.Samples`, once all else has been looked at.
        workers: processes that make samples, beside this one; results do not depend on them.

    Attributes:
        trained_on, held_out: the photos by name.
        left_out: the photos that are too small or cannot be read, with the reason.
        notes: what else a reader should know of the photos.

    Raises:
        UsageError: the extractor cannot be fine-tuned or opened, there are too few photos, or ``out`` cannot be written
            or holds another run or other files of these names.
    """

    epoch_type = Epoch

    def __init__(
        self,
        extractor: Part,
        photos: Path,
        distortions: Iterable[Distortion],
        out: Path,
        *,
        schedule: Schedule,
        device: torch.device,
        make_rating: Callable[[], PseudoRating] | None = None,
        workers: int = 0,
    ) -> None:
        self._workers = workers
        kinds = tuple(dict.fromkeys(distortions))
        check_folder(out)
        self.notes: list[str] = []
        found = find_photos(photos, self.notes.append)
        self._network = _opened(extractor, device, 2 + len(kinds))  # the quality, no distortion, and each
        if schedule.side < self._network.min_size and self._network.resize is None:
            raise UsageError(f"{self._network.name} needs pieces of {self._network.min_size} pixels or more a side")
        files, self.left_out = usable(found, schedule.side)
        if len(files) < 2:
            raise UsageError(f"at least 2 photos of {schedule.side} pixels a side are needed, not {len(files)}")
        self.trained_on, self.held_out = run.parted(files, schedule)
        rating = None if make_rating is None else make_rating()
        if rating is not None and not rating.bounded:
            raise UsageError(f"{rating.source} has no worst or no best value: bring it to a scale with --calibrate")
        self.samples = Samples(files, kinds, side=schedule.side, seed=schedule.seed, rating=rating)
        about = {
            "extractor": extractor.identity,
            "version": extractor.registered.component.version,
            "begun with": self._network.weights_digest,
            "logits": [QUALITY, *self.samples.types],
            "distortions": [[step.ref + " " + step.version for step in kind.steps] for kind in kinds],
            "quality": "severity" if rating is None else rating.identity,
            "schedule": attrs.asdict(schedule),
            "trained on": {name: digest_of(files[name]) for name in self.trained_on},
            "held out": {name: digest_of(files[name]) for name in self.held_out},
        }
        super().__init__(
            self._network.module,
            out,
            schedule,
            device,
            groups=self._parameter_groups(),
            multiples=(1.0, _HEAD_RATE),
            decay=_DECAY,
            about=about,
        )

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return math.ceil(len(self.trained_on) * self.schedule.samples / self.schedule.batch)

    def _batches(self, number: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        return self._loaded(self.samples.epoch(self.trained_on, number, self.schedule.samples))

    def _losses(self, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        pixels, quality, kind = batch
        return _losses(self._network(pixels), quality, kind)

    def _evaluated(self, number: int, loss: float) -> Epoch:
        logits, qualities, kinds, losses = [], [], [], []
        with torch.no_grad():
            for pixels, quality, kind in self._loaded(self.samples.held_out(self.held_out)):
                logits.append(self._network(pixels))
                losses.append(_losses(logits[-1], quality, kind))
                qualities.append(quality)
                kinds.append(kind)
        made, quality, kind = (torch.cat(parts).cpu() for parts in (logits, qualities, kinds))
        ranked = [
            srocc(made[chosen, 0].double().numpy(), quality[chosen].double().numpy()) or 0.0
            for index in range(1, len(self.samples.types))
            if len(chosen := ((kind == index) | (kind == 0)).nonzero()[:, 0])
        ]
        held_out_loss = float(torch.cat(losses).mean())
        return Epoch(
            number=number,
            loss=loss,
            held_out_loss=held_out_loss,
            types_predicted=float((made[:, 1:].argmax(1) == kind).double().mean()),
            ranked=sum(ranked) / len(ranked),
            ranked_together=srocc(made[:, 0].double().numpy(), quality.double().numpy()) or 0.0,
            kept=self.best_so_far(held_out_loss),
        )

    def _loaded(self, keys: list[Key]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Batches of samples on the device."""
        size = self.schedule.batch
        batches = [keys[start : start + size] for start in range(0, len(keys), size)]
        context = "spawn" if self._workers else None
        loader: Any = DataLoader(
            self.samples,
            batch_sampler=batches,
            num_workers=self._workers,
            multiprocessing_context=context,
            collate_fn=_batch,
        )
        for pixels, quality, kind in loader:
            yield pixels.to(self._device), quality.to(self._device), kind.to(self._device)

    def _parameter_groups(self) -> list[dict[str, Any]]:
        """All but the head, and the head, which is all zeros and has as many rows as there are logits."""
        parts: tuple[list[Tensor], list[Tensor]] = ([], [])
        for parameter in self._network.module.parameters():
            parts[len(parameter) == 1 + len(self.samples.types) and not bool(parameter.any())].append(parameter)
        return [{"params": part} for part in parts]


def usable(photos: Mapping[str, Path], side: int) -> tuple[dict[str, Path], dict[str, str]]:
    """The photos of which a piece can be taken, and why not of the others."""
    files, problems = {}, {}
    for name, path in photos.items():
        try:
            width, height = images.read(path).size  # whole, so that none stops a run that has begun
        except ImageError as error:
            problems[name] = str(error)
            continue
        if min(width, height) < side:
            problems[name] = f"{path}: {width}x{height} pixels are fewer than the {side} of a piece"
        else:
            files[name] = path
    return files, problems


def _opened(extractor: Part, device: torch.device, logits: int) -> Network:
    made = or_usage_error(attempt(extractor, extractor.create))
    if not isinstance(made, TunableExtractor):
        raise UsageError(f"{extractor.registered.origin} cannot be fine-tuned: it has no open_for_tuning")
    network: Network = or_usage_error(attempt(extractor, lambda: made.open_for_tuning(device, logits)))
    return network


def _losses(logits: Tensor, quality: Tensor, kind: Tensor) -> Tensor:
    """The loss ``[N]`` of each sample."""
    of_quality = F.binary_cross_entropy_with_logits(logits[:, 0], quality, reduction="none")
    return of_quality + F.cross_entropy(logits[:, 1:], kind, reduction="none")


def _batch(samples: list[tuple[Tensor, float, int]]) -> tuple[Tensor, Tensor, Tensor]:
    pixels, quality, kind = zip(*samples, strict=True)
    return torch.stack(pixels), torch.tensor(quality), torch.tensor(kind)
