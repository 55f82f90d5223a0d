"""What every training has: epochs, a checkpoint after each, and the weights that do best on what is held out.

A run that was stopped goes on from its last whole epoch to the same bits, on the same device with the same number of
threads. A folder holds one run.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import attrs
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from ..errors import UsageError, VeiqaError
from ..files.writing import write_text, write_whole

WEIGHTS, CHECKPOINT, LOG = "weights.safetensors", "checkpoint.pt", "log.json"

_WARM_UP = 0.05  # of all steps

Track = Callable[[Iterable[Any], int], Iterable[Any]]


@attrs.frozen(kw_only=True)
class Schedule:
    """How it is trained.

    Attributes:
        epochs: rounds over the images.
        samples: pieces of each image in an epoch.
        batch: what a step takes: pieces of photos, or rated images with all their pieces.
        side: of a piece, in pixels.
        rate: the largest learning rate (AdamW; warm-up, then a cosine to zero).
        held_out: the share of photos or contents that are not trained on, by which the weights are chosen.
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
        held_out_loss: mean over what is held out, after it.
        kept: whether these are the best weights so far.
    """

    number: int
    loss: float
    held_out_loss: float
    kept: bool


E = TypeVar("E", bound=Epoch)


class Training(ABC, Generic[E]):
    """A network's training in a folder.

    In the folder :data:`WEIGHTS` are the best so far; with :data:`CHECKPOINT` the same run goes on where it was
    stopped; :data:`LOG` says what was done.

    Args:
        module: the network, on its device.
        groups: its parameters as the optimiser takes them.
        multiples: of the schedule's rate, one a group.
        decay: of weights (AdamW's).
        about: all that decides what comes of it, as plain values; it is kept in the weights' metadata.

    Attributes:
        done: the epochs that are done, those that a checkpoint holds included.

    Raises:
        UsageError: the folder holds another run, or other files of these names.
    """

    epoch_type: ClassVar[type[Any]]

    def __init__(
        self,
        module: nn.Module,
        out: Path,
        schedule: Schedule,
        device: torch.device,
        *,
        groups: list[dict[str, Any]],
        multiples: tuple[float, ...],
        decay: float,
        about: Mapping[str, Any],
    ) -> None:
        self.schedule, self._module, self._out, self._device = schedule, module, out, device
        self._multiples, self._about = multiples, about
        self._optimizer = torch.optim.AdamW(groups, lr=schedule.rate, weight_decay=decay, foreach=False)
        self.done: list[E] = []
        self._resume()

    @property
    def weights(self) -> Path:
        """Where the weights are."""
        return self._out / WEIGHTS

    @property
    @abstractmethod
    def steps(self) -> int:
        """Steps of an epoch."""

    @abstractmethod
    def _batches(self, number: int) -> Iterator[Any]:
        """What an epoch's steps take, on the device."""

    @abstractmethod
    def _losses(self, batch: Any) -> Tensor:
        """The loss ``[N]`` of each sample of a batch."""

    @abstractmethod
    def _evaluated(self, number: int, loss: float) -> E:
        """What came of an epoch."""

    def run(self, track: Track = lambda items, total: items) -> Iterator[E]:
        """Train what remains, and give every epoch once its checkpoint is written.

        Raises:
            VeiqaError: the loss is not finite, an image cannot be used, or a file cannot be written.
        """
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            for number in range(len(self.done) + 1, self.schedule.epochs + 1):
                with self._randomness(number):
                    loss = self._train(number, track)
                epoch = self._evaluated(number, loss)
                self.done.append(epoch)
                self._write(epoch)
                yield epoch

    def best_so_far(self, held_out_loss: float) -> bool:
        """Whether no epoch before was as good."""
        return all(held_out_loss < epoch.held_out_loss for epoch in self.done)

    @contextmanager
    def _randomness(self, number: int) -> Iterator[None]:
        """What layers draw in an epoch, such as dropout, is decided by the seed and the epoch's number alone."""
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            drawn = hashlib.sha256(f"{self.schedule.seed} {number}".encode()).digest()
            torch.manual_seed(int.from_bytes(drawn[:7], "little"))
            yield

    def _train(self, number: int, track: Track) -> float:
        total, count, step = 0.0, 0, (number - 1) * self.steps
        for batch in track(self._batches(number), self.steps):
            self._set_rate(step)
            self._optimizer.zero_grad()
            losses = self._losses(batch)
            loss = losses.mean()
            value = loss.item()
            if not math.isfinite(value):
                raise VeiqaError(f"epoch {number}: the loss is not finite; a lower --rate than {self.schedule.rate:g}")
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            total += value * len(losses)
            count += len(losses)
            step += 1
        return total / count

    def _set_rate(self, step: int) -> None:
        every = self.steps * self.schedule.epochs
        warm = max(1, round(_WARM_UP * every))
        share = (step + 1) / warm if step < warm else (1 + math.cos(math.pi * (step - warm) / (every - warm))) / 2
        for group, times in zip(self._optimizer.param_groups, self._multiples, strict=True):
            group["lr"] = self.schedule.rate * times * share

    def _write(self, epoch: E) -> None:
        if epoch.kept:
            tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self._module.state_dict().items()}
            notes = {"veiqa": json.dumps(self._about, sort_keys=True)}
            write_whole(self.weights, lambda stream: stream.write(safetensors.torch.save(tensors, notes)))
        log = {**self._about, "epochs": [attrs.asdict(done) for done in self.done]}
        write_text(json.dumps(log, indent=2) + "\n", self._out / LOG)
        kept = {
            "about": json.dumps(self._about, sort_keys=True),
            "epochs": [attrs.asdict(done) for done in self.done],
            "module": self._module.state_dict(),
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
        self._module.load_state_dict(module)
        self._optimizer.load_state_dict(optimizer)
        self.done = [self.epoch_type(**epoch) for epoch in epochs]

    def _check_own(self) -> None:
        """What this run will write again must be its own."""
        for name, run_of in ((WEIGHTS, _about_weights), (LOG, _about_log)):
            place = self._out / name
            if os.path.lexists(place) and run_of(place) != json.dumps(self._about, sort_keys=True):
                raise UsageError(f"{place}: is there already, and not of this run; name another folder")


def parted(names: Iterable[str], schedule: Schedule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Two or more names in two parts, to train on and held out: by a draw of each name."""
    drawn = sorted(names, key=lambda name: hashlib.sha256(f"{schedule.seed} {name}".encode()).digest())
    count = min(max(1, round(schedule.held_out * len(drawn))), len(drawn) - 1)
    return tuple(sorted(drawn[count:])), tuple(sorted(drawn[:count]))


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


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


def _different(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What differs, in a word or two."""
    name = next((name for name in wanted if kept.get(name) != wanted[name]), "description")
    return "set of images" if name in ("trained on", "held out", "seen_ids") else name
