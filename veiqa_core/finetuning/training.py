"""Training: epochs of samples, a checkpoint after each, and the weights that do best on held-out photos.

The network gets a head of 1 + T logits, the quality's and one a type, the types' first being photos as they are. The
loss is the binary cross-entropy of the quality's logit with the sample's quality, and the cross-entropy of the types.
Batch normalisation keeps the statistics of the weights that were begun with, so a batch's size changes no image's maps.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from .. import images
from ..contracts import Network, TunableExtractor
from ..datasets.distort import Distortion
from ..datasets.photos import find_photos
from ..datasets.pseudo_ratings import PseudoRating
from ..errors import ImageError, UsageError, VeiqaError
from ..evaluation.agreement import srocc
from ..extension.registry import Part
from ..files.writing import check_folder, write_text, write_whole
from ..isolation.attempts import attempt, or_usage_error
from .samples import QUALITY, Key, Samples

WEIGHTS, CHECKPOINT, LOG = "weights.safetensors", "checkpoint.pt", "log.json"

_WARM_UP = 0.05  # of all steps
_HEAD_RATE = 10.0  # times the rate of the rest, for a head that begins at zero
_DECAY = 0.01

Track = Callable[[Iterable[Any], int], Iterable[Any]]


@attrs.frozen(kw_only=True)
class Schedule:
    """How it is trained.

    Attributes:
        epochs: rounds over the photos.
        samples: pieces of each photo in an epoch.
        batch: pieces a step.
        side: of a piece, in pixels.
        rate: the largest learning rate (AdamW; warm-up, then a cosine to zero).
        held_out: the share of photos that are not trained on, by which the weights are chosen.
        seed: of all that is drawn.

    Raises:
        UsageError: a number is out of its range.
    """

    epochs: int = 10
    samples: int = 8
    batch: int = 16
    side: int = 224
    rate: float = 3e-4
    held_out: float = 0.2
    seed: int = 0

    def __attrs_post_init__(self) -> None:
        for name, at_least in (("epochs", 1), ("samples", 1), ("batch", 1), ("side", 32), ("seed", 0)):
            if getattr(self, name) < at_least:
                raise UsageError(f"{name} must be at least {at_least}, not {getattr(self, name)}")
        if not 0 < self.rate <= 1:
            raise UsageError(f"rate must lie between 0 and 1, not {self.rate:g}")
        if not 0 < self.held_out < 1:
            raise UsageError(f"held-out must lie between 0 and 1, not {self.held_out:g}")


@attrs.frozen(kw_only=True)
class Epoch:
    """What came of an epoch.

    Attributes:
        number: from 1.
        loss: mean over the epoch's samples.
        held_out_loss: mean over held-out samples, after it.
        types_predicted: the share of held-out samples whose type has the highest logit.
        ranked: mean over types of the SROCC of quality logit and quality, pristine pieces included.
        ranked_together: that of all types together.
        kept: whether these are the best weights so far.
    """

    number: int
    loss: float
    held_out_loss: float
    types_predicted: float
    ranked: float
    ranked_together: float
    kept: bool


class Finetuning:
    """Fine-tunes an extractor's network on a folder of pristine photos.

    In the folder ``out`` :data:`WEIGHTS` are the best so far, which any recipe can use as the extractor's ``weights``;
    with :data:`CHECKPOINT` the same run goes on where it was stopped, to the same bits on the same device with the same
    number of threads; :data:`LOG` says what was done.

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
        done: the epochs that a checkpoint already holds.

    Raises:
        UsageError: the extractor cannot be fine-tuned or opened, there are too few photos, or ``out`` cannot be written
            or holds another run or other files of these names.
    """

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
        self.schedule, self._device, self._workers, self._out = schedule, device, workers, out
        kinds = tuple(dict.fromkeys(distortions))
        check_folder(out)
        self.notes: list[str] = []
        found = find_photos(photos, self.notes.append)
        self._network = _opened(extractor, device, 2 + len(kinds))  # the quality, no distortion, and each
        if schedule.side < self._network.min_size and self._network.resize is None:
            raise UsageError(f"{self._network.name} needs pieces of {self._network.min_size} pixels or more a side")
        files, self.left_out = usable(found, schedule.side)
        self.trained_on, self.held_out = parted(files, schedule)
        rating = None if make_rating is None else make_rating()
        if rating is not None and not rating.bounded:
            raise UsageError(f"{rating.source} has no worst or no best value: bring it to a scale with --calibrate")
        self.samples = Samples(files, kinds, side=schedule.side, seed=schedule.seed, rating=rating)
        self._about = {
            "extractor": extractor.identity,
            "begun with": self._network.weights_digest,
            "logits": [QUALITY, *self.samples.types],
            "distortions": [[step.ref + " " + step.version for step in kind.steps] for kind in kinds],
            "quality": "severity" if rating is None else rating.identity,
            "schedule": attrs.asdict(schedule),
            "trained on": {name: _digest(files[name]) for name in self.trained_on},
            "held out": {name: _digest(files[name]) for name in self.held_out},
        }
        self._optimizer = torch.optim.AdamW(
            self._parameter_groups(), lr=schedule.rate, weight_decay=_DECAY, foreach=False
        )
        self.done: list[Epoch] = []
        self._resume()

    @property
    def weights(self) -> Path:
        """Where the weights are."""
        return self._out / WEIGHTS

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return math.ceil(len(self.trained_on) * self.schedule.samples / self.schedule.batch)

    def run(self, track: Track = lambda items, total: items) -> Iterator[Epoch]:
        """Train what remains, and give every epoch once its checkpoint is written.

        Raises:
            VeiqaError: the loss is not finite, a photo cannot be used, or a file cannot be written.
        """
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            for number in range(len(self.done) + 1, self.schedule.epochs + 1):
                loss = self._train(number, track)
                epoch = self._evaluated(number, loss)
                self.done.append(epoch)
                self._write(epoch)
                yield epoch

    def _train(self, number: int, track: Track) -> float:
        keys = self.samples.epoch(self.trained_on, number, self.schedule.samples)
        total, step = 0.0, (number - 1) * self.steps
        for pixels, quality, kind in track(self._loaded(keys), self.steps):
            self._set_rate(step)
            self._optimizer.zero_grad()
            loss = _losses(self._network(pixels), quality, kind).mean()
            value = loss.item()
            if not math.isfinite(value):
                raise VeiqaError(f"epoch {number}: the loss is not finite; a lower --rate than {self.schedule.rate:g}")
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            total += value * len(pixels)
            step += 1
        return total / len(keys)

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
            kept=all(held_out_loss < epoch.held_out_loss for epoch in self.done),
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

    def _set_rate(self, step: int) -> None:
        every = self.steps * self.schedule.epochs
        warm = max(1, round(_WARM_UP * every))
        share = (step + 1) / warm if step < warm else (1 + math.cos(math.pi * (step - warm) / (every - warm))) / 2
        for group, times in zip(self._optimizer.param_groups, (1.0, _HEAD_RATE), strict=True):
            group["lr"] = self.schedule.rate * times * share

    def _parameter_groups(self) -> list[dict[str, Any]]:
        """All but the head, and the head, which is all zeros and has as many rows as there are logits."""
        parts: tuple[list[Tensor], list[Tensor]] = ([], [])
        for parameter in self._network.module.parameters():
            parts[len(parameter) == 1 + len(self.samples.types) and not bool(parameter.any())].append(parameter)
        return [{"params": part} for part in parts]

    def _write(self, epoch: Epoch) -> None:
        module = self._network.module
        if epoch.kept:
            tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
            notes = {"veiqa": json.dumps(self._about, sort_keys=True)}
            write_whole(self.weights, lambda stream: stream.write(safetensors.torch.save(tensors, notes)))
        log = {**self._about, "epochs": [attrs.asdict(done) for done in self.done]}
        write_text(json.dumps(log, indent=2) + "\n", self._out / LOG)
        kept = {
            "about": json.dumps(self._about, sort_keys=True),
            "epochs": [attrs.asdict(done) for done in self.done],
            "module": module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        write_whole(self._out / CHECKPOINT, lambda stream: torch.save(kept, stream))

    def _resume(self) -> None:
        path = self._out / CHECKPOINT
        if not path.exists():
            self._check_own()
            return
        try:
            kept = torch.load(io.BytesIO(path.read_bytes()), map_location=self._device, weights_only=True)
            about, epochs, module, optimizer = (kept[name] for name in ("about", "epochs", "module", "optimizer"))
            described = json.loads(about)
        except Exception as error:  # whatever a torn file makes of unpickling
            raise UsageError(f"{path}: is damaged; name another folder, or delete it to begin anew") from error
        if about != json.dumps(self._about, sort_keys=True):
            different = _different(described, self._about)
            raise UsageError(f"{self._out}: holds a run with another {different}; name another folder")
        self._check_own()
        self._network.module.load_state_dict(module)
        self._optimizer.load_state_dict(optimizer)
        self.done = [Epoch(**epoch) for epoch in epochs]

    def _check_own(self) -> None:
        """What this run will write again must be its own."""
        for name, run_of in ((WEIGHTS, _about_weights), (LOG, _about_log)):
            place = self._out / name
            if os.path.lexists(place) and run_of(place) != json.dumps(self._about, sort_keys=True):
                raise UsageError(f"{place}: is there already, and not of this run; name another folder")


def _about_weights(path: Path) -> str | None:
    """Of which run weights are; None where they do not say."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            return dict(file.metadata() or {}).get("veiqa")
    except (safetensors.SafetensorError, OSError):
        return None


def _about_log(path: Path) -> str | None:
    """Of which run a log is; None where it does not say."""
    try:
        log = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(log, dict):
        return None
    log.pop("epochs", None)
    return json.dumps(log, sort_keys=True)


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


def parted(photos: Mapping[str, Path], schedule: Schedule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The photos to train on, and those held out: by a draw of the names.

    Raises:
        UsageError: there are fewer than two.
    """
    if len(photos) < 2:
        raise UsageError(f"at least 2 photos of {schedule.side} pixels a side are needed, not {len(photos)}")
    drawn = sorted(photos, key=lambda name: hashlib.sha256(f"{schedule.seed} {name}".encode()).digest())
    count = min(max(1, round(schedule.held_out * len(drawn))), len(drawn) - 1)
    return tuple(sorted(drawn[count:])), tuple(sorted(drawn[:count]))


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


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _different(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What differs, in a word or two."""
    name = next(name for name in wanted if kept.get(name) != wanted[name])
    return "set of photos" if name in ("trained on", "held out") else name
