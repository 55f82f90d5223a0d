"""What the deep methods share: a network that scores pieces of an image, its weights from a file, and its training.

Weights are read from the safetensors files that ``veiqa finetune`` writes. An image is scored on its own, a fixed
number of its pieces at a time, so that it has the same bits in any batch.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar, Protocol

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from veiqa_core.api import ImageError, WeightsError
from veiqa_core.contracts import canonical

from .model_files import packaged

SIDE = 32  # of a piece
_AT_ONCE = 64  # pieces


class ModelParams(Protocol):
    """Parameters that name a file."""

    @property
    def model(self) -> str:
        """The file; empty for none."""
        ...


class Pooled(nn.Module, ABC):
    """A network of pieces, and how an image's score is made of them."""

    schedule: ClassVar[Mapping[str, int | float]]
    """What training takes where nothing else is given."""

    side = SIDE

    @property
    def module(self) -> nn.Module:
        """The network itself."""
        return self

    @abstractmethod
    def prepared(self, image: Tensor) -> Tensor:
        """What pieces are cut of, ``[C, H, W]`` float32, of an image ``[3, H, W]`` in [0, 1]."""

    @abstractmethod
    def judged(self, pieces: Tensor) -> Tensor:
        """What the network says of pieces ``[M, C, side, side]``: qualities and, maybe, weights, ``[M, K]``."""

    @abstractmethod
    def pooled(self, judged: Tensor) -> Tensor:
        """The scores ``[N]`` of images of what was said of their pieces ``[N, S, K]``."""

    @abstractmethod
    def losses(self, pieces: Tensor, quality: Tensor) -> Tensor:
        """The loss ``[N]`` of each image whose pieces are ``[N, S, C, side, side]``."""

    def scores(self, pieces: Tensor) -> Tensor:
        """The scores ``[N]`` of images of which there are pieces ``[N, S, C, side, side]``."""
        return self.pooled(self._judged(pieces))

    def _judged(self, pieces: Tensor) -> Tensor:
        """Of pieces ``[N, S, ...]`` ``[N, S, K]``."""
        judged = self.judged(pieces.flatten(0, 1))
        return judged.view(*pieces.shape[:2], judged.shape[1])


class DeepMethod:
    """A method of a trained network; subclasses say which."""

    name: ClassVar[str]
    network: ClassVar[type[Pooled]]
    trained: ClassVar[bool] = False
    """Whether trained weights come with VEIQA."""

    def __init__(self, params: ModelParams) -> None:
        if not (params.model or self.trained):
            how = f"'veiqa finetune DATASET PATH --method {self.name} --output DIR' trains them"
            raise WeightsError(f"{self.name} needs trained weights: -p method.model=FILE; {how}")
        with nullcontext(Path(params.model)) if params.model else packaged(self.name, ".safetensors") as path:
            self._network, self.digest, self.seen_ids = _read(self.network, path, self.name)
        self._network.eval().requires_grad_(False)

    @classmethod
    def for_training(cls, params: ModelParams) -> Pooled:
        """The network with initial weights, or those of the model.

        Raises:
            WeightsError: the model cannot be used.
        """
        return _read(cls.network, Path(params.model), cls.name)[0] if params.model else cls.network()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The one output."""
        return (self.name,)

    def measure(self, images: Tensor) -> Tensor:
        """Scores float64 ``[N, 1]`` of a batch ``[N, 3, H, W]``; higher is better.

        Raises:
            ImageError: a side is below 32.
        """
        height, width = images.shape[-2:]
        if min(height, width) < SIDE:
            raise ImageError(f"the image has {width}x{height} pixels; at least {SIDE} a side are needed")
        with torch.no_grad():
            return torch.stack([self._score(canonical(image)) for image in images]).double()[:, None]

    def _score(self, image: Tensor) -> Tensor:
        pieces = tiles(self._network.prepared(image))
        judged = [self._network.judged(part) for part in torch.split(pieces, _AT_ONCE)]
        return self._network.pooled(torch.cat(judged)[None])[0]


def tiles(image: Tensor) -> Tensor:
    """Pieces ``[P, C, side, side]`` of ``[C, H, W]``, side by side from the top left; what is left over is not seen."""
    rows = image.unfold(1, SIDE, SIDE).unfold(2, SIDE, SIDE)
    return canonical(rows.permute(1, 2, 0, 3, 4).flatten(0, 1))


def _read(network: type[Pooled], path: Path, name: str) -> tuple[Pooled, str, frozenset[str]]:
    """A network with the weights in a file, the file's digest, and what it says it was trained on.

    Raises:
        WeightsError: the file cannot be read, or holds weights of something else.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read the model file {path}: {error.strerror or error}") from error
    try:
        state = safetensors.torch.load(content)
        about = _metadata(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{path} is damaged or no safetensors file; give one that veiqa finetune wrote") from error
    with torch.device("meta"):
        made = network()
    wanted = {key: tensor.shape for key, tensor in made.state_dict().items()}
    if wanted != {key: tensor.shape for key, tensor in state.items()}:
        raise WeightsError(f"{path} holds weights of another network than {name}'s; train one with --method {name}")
    state = {key: tensor.float() for key, tensor in state.items()}
    if not all(bool(tensor.isfinite().all()) for tensor in state.values()):
        raise WeightsError(f"{path} holds weights that are not finite numbers; take the file anew")
    made.load_state_dict({key: canonical(tensor) for key, tensor in state.items()}, assign=True)
    return made, f"sha256:{hashlib.sha256(content).hexdigest()}", about


def _metadata(content: bytes) -> frozenset[str]:
    """By what the images that weights were trained on are known again; nothing where the file does not say."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    notes = json.loads(header.get("__metadata__", {}).get("veiqa", "{}"))
    found = notes.get("seen_ids", []) if isinstance(notes, dict) else []
    return frozenset(item for item in found if isinstance(item, str)) if isinstance(found, list) else frozenset()
