"""Training of a method's network on pieces of rated images.

A step takes a batch of images, so many pieces of each, drawn anew in every epoch. The quality is the rating as a share
of its range, 1 being the best. A share of the contents is held out; their pieces are the same after every epoch.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor

from ..contracts import PieceNetwork, RatedImage, TrainableMethod, canonical
from ..datasets.rated_set import RatedSet
from ..errors import ImageError, UsageError
from ..evaluation.agreement import srocc
from ..extension.registry import Part
from ..files.writing import check_folder
from ..isolation.attempts import attempt, or_usage_error
from . import run
from .run import Schedule, Training, parted

LEFT_OUT = "test"
"""Images that a dataset labels so take no part."""

_HELD_OUT_PIECES = 32
_KEPT = 2**30  # bytes of prepared images that stay in memory


@attrs.frozen(kw_only=True)
class RatedEpoch(run.Epoch):
    """What came of an epoch.

    Attributes:
        ranked: SROCC of the held-out images' scores and ratings.
    """

    ranked: float


class MethodTraining(Training[RatedEpoch]):
    """Trains a method's network on a folder of rated images.

    The weights are what the method takes as its model. Their metadata holds by what the images and contents that it
    was trained and chosen on are known again.

    Args:
        method: which one; where its parameters name a model, training begins there.
        network: what :func:`opened` gave of it.
        rated: images that name their contents; those labelled :data:`LEFT_OUT` take no part.
        out: made where needed.

    Attributes:
        trained_on, held_out: the images by name.
        contents: how many of them, trained on and held out.
        left_out: how many images take no part, as the dataset says.

    Raises:
        UsageError: contents are missing or too few, an image is too small or cannot be read, or ``out`` cannot be
            written or holds another run or other files of these names.
    """

    epoch_type = RatedEpoch

    def __init__(
        self,
        method: Part,
        network: PieceNetwork,
        rated: RatedSet,
        out: Path,
        *,
        schedule: Schedule,
        device: torch.device,
    ) -> None:
        check_folder(out)
        used = [item for item in rated.images if item.split != LEFT_OUT]
        self.left_out = len(rated.images) - len(used)
        by_content = _by_content(used, rated.root)
        sides = parted(by_content, schedule)
        self.contents = (len(sides[0]), len(sides[1]))
        self.trained_on, self.held_out = (
            tuple(item.image for content in side for item in by_content[content]) for side in sides
        )
        low, high = rated.ratings.quality_range
        self._quality = {item.image: (rated.ratings.quality(item) - low) / (high - low) for item in used}
        self._pieces = Pieces(network, rated, schedule)
        digests = self._pieces.checked(used)
        self._network = network
        about = {
            "method": method.identity,
            "version": method.registered.component.version,
            "dataset": rated.name,
            "range": [low, high],
            "schedule": attrs.asdict(schedule),
            "trained on": {name: digests[name] for name in self.trained_on},
            "held out": {name: digests[name] for name in self.held_out},
            "seen_ids": sorted(_seen_ids(rated, used, digests)),
        }
        super().__init__(
            network.module.to(device),
            out,
            schedule,
            device,
            groups=[{"params": list(network.module.parameters())}],
            multiples=(1.0,),
            decay=0.0,
            about=about,
        )

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return math.ceil(len(self.trained_on) / self.schedule.batch)

    def _batches(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        order = _random(self.schedule.seed, "order", number).permutation(len(self.trained_on))
        self._network.module.train()
        yield from self._loaded([self.trained_on[place] for place in order], number, self.schedule.samples)

    def _losses(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self._network.losses(*batch)

    def _evaluated(self, number: int, loss: float) -> RatedEpoch:
        self._network.module.eval()
        losses, scores, qualities = [], [], []
        with torch.no_grad():
            for pieces, quality in self._loaded(self.held_out, 0, _HELD_OUT_PIECES):
                losses.append(self._network.losses(pieces, quality))
                scores.append(self._network.scores(pieces))
                qualities.append(quality)
        made, wanted = (torch.cat(parts).double().cpu().numpy() for parts in (scores, qualities))
        held_out_loss = float(torch.cat(losses).mean())
        return RatedEpoch(
            number=number,
            loss=loss,
            held_out_loss=held_out_loss,
            ranked=srocc(made, wanted) or 0.0,
            kept=self.best_so_far(held_out_loss),
        )

    def _loaded(self, names: Sequence[str], epoch: int, count: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of pieces and the qualities of their images, on the device."""
        for start in range(0, len(names), self.schedule.batch):
            chosen = names[start : start + self.schedule.batch]
            pieces = torch.stack([self._pieces.drawn(name, epoch, count) for name in chosen])
            quality = torch.tensor([self._quality[name] for name in chosen], dtype=torch.float32)
            yield pieces.to(self._device), quality.to(self._device)


class Pieces:
    """Pieces of rated images, as a network takes them; those of the first images stay in memory."""

    def __init__(self, network: PieceNetwork, rated: RatedSet, schedule: Schedule) -> None:
        self._network, self._rated, self._schedule = network, rated, schedule
        self._kept: dict[str, Tensor] = {}
        self._room = _KEPT

    def checked(self, items: Sequence[RatedImage]) -> dict[str, str]:
        """The digest of each image's pixels by name.

        Raises:
            UsageError: an image cannot be read, or is smaller than a piece.
        """
        return {item.image: self._checked(item.image) for item in items}

    def drawn(self, name: str, epoch: int, count: int) -> Tensor:
        """So many pieces ``[count, C, side, side]`` of an image; where they lie is decided by the epoch and the seed.

        Raises:
            ImageError: the image cannot be read any more.
        """
        prepared = self._kept[name] if name in self._kept else self._prepared(self._rated.read(name).pixels[0])
        random, side = _random(self._schedule.seed, name, epoch), self._schedule.side
        rows, columns = (random.integers(length - side + 1, size=count) for length in prepared.shape[1:])
        places = zip(rows.tolist(), columns.tolist(), strict=True)
        return torch.stack([prepared[:, row : row + side, column : column + side] for row, column in places])

    def _checked(self, name: str) -> str:
        try:
            image = self._rated.read(name)
        except ImageError as error:
            raise UsageError(str(error)) from error
        side = self._schedule.side
        if min(image.size) < side:
            width, height = image.size
            raise UsageError(f"{self._rated.root / name}: {width}x{height} pixels are fewer than the {side} of a piece")
        if self._room > 0:
            self._kept[name] = self._prepared(image.pixels[0])
            self._room -= self._kept[name].nbytes
        return image.digest

    def _prepared(self, image: Tensor) -> Tensor:
        return canonical(self._network.prepared(image))


def opened(method: Part, seed: int) -> PieceNetwork:
    """The network of a method, to be trained; where no model is given, with weights that the seed decides.

    Raises:
        UsageError: the method cannot be trained, or its model cannot be used.
    """
    factory = or_usage_error(attempt(method, method.registered.load))
    if not (isinstance(factory, type) and issubclass(factory, TrainableMethod)):
        raise UsageError(f"{method.origin} cannot be trained: it has no for_training")

    def work() -> PieceNetwork:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return factory.for_training(method.params)

    network: PieceNetwork = or_usage_error(attempt(method, work))
    if not isinstance(network, PieceNetwork):
        raise UsageError(f"{method.origin} gives a {type(network).__name__} where a PieceNetwork is due")
    return network


def _by_content(items: Sequence[RatedImage], root: Path) -> Mapping[str, list[RatedImage]]:
    """The images of each content, in order.

    Raises:
        UsageError: an image names no content, or there are fewer than two contents.
    """
    found: dict[str, list[RatedImage]] = {}
    for item in items:
        if item.content is None:
            raise UsageError(f"{root}: {item.image} names no reference; training holds contents out, and needs them")
        found.setdefault(item.content, []).append(item)
    if len(found) < 2:
        raise UsageError(f"{root}: images of at least 2 contents are needed, not {len(found)}")
    return found


def _seen_ids(rated: RatedSet, items: Sequence[RatedImage], digests: Mapping[str, str]) -> Iterator[str]:
    """By what the images are known again: identifiers of contents and pixels, and hints of how they look."""
    found = {f"sha256:{digests[item.image]}" for item in items}
    found |= {content for item in items if (content := rated.content_of(item)) is not None}
    yield from found.union(*(rated.hints_of(item) for item in items))


def _random(*about: Any) -> np.random.Generator:
    return np.random.default_rng(list(hashlib.sha256(repr(about).encode()).digest()))
