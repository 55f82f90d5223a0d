"""One component of each kind, as a third party writes them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from veiqa_core.api import DatasetError, NoParams
from veiqa_core.contracts import (
    FloatArray,
    KnownValue,
    Network,
    Pair,
    Prediction,
    Proposal,
    RatedImage,
    Ratings,
    SearchTask,
    View,
)

from .plugin import ContrastParams, GradientNormParams


class LowContrast:
    """Pulls every pixel towards mid-grey."""

    def __init__(self, params: ContrastParams) -> None:
        self.params = params

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """The PRIs, rounded to 8 bits."""
        return (((images - 0.5) * self.params.factor + 0.5) * 255).round() / 255


class _EdgeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        edge = torch.tensor([[-1.0, 0.0, 1.0]] * 3)
        bank = torch.stack([edge, edge.T, -edge, -edge.T])
        self.edges = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)
        self.edges.weight.data = bank[:, None].repeat(1, 3, 1, 1) / 9
        self.act = nn.ReLU()
        self.head = nn.Linear(4, 3, bias=False)
        self.head.weight.data = torch.eye(3, 4)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.act(self.edges(images)).mean(dim=(2, 3)))


class Edges:
    """Opens the fixed network."""

    def __init__(self, params: NoParams) -> None:
        self.params = params

    def open(self, device: torch.device) -> Network:
        """The network; it needs no weights from anywhere."""
        module = _EdgeNet().to(device).eval().requires_grad_(False)
        return Network(
            name="edges",
            module=module,
            layers=("edges", "act"),
            default_layer="act",
            weights_digest="fixed",
            min_size=4,
            linear_head=module.head.weight,
        )


class GradientNorm:
    """How steeply the target depends on each position."""

    def __init__(self, params: GradientNormParams) -> None:
        self.params = params

    def explain(self, view: View) -> Tensor:
        """The map ``[N, h, w]``."""
        return torch.linalg.vector_norm(view.gradients(), dim=1)


class MeanAbsoluteError:
    """Mean absolute error of two maps."""

    def __init__(self, params: NoParams) -> None:
        self.params = params

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """Error ``[N]``, zero at identity."""
        return (x - y).abs().mean(dim=(1, 2))

    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        """Error ``[N]`` over all channels."""
        return (a - b).abs().mean(dim=(1, 2, 3))


def known_errors() -> Iterator[KnownValue]:
    """Black against white."""
    black, white = torch.zeros(1, 4, 4), torch.ones(1, 4, 4)
    yield KnownValue(
        subject="black, white",
        expected=1.0,
        measure=lambda: MeanAbsoluteError(NoParams()).compare(black, white).item(),
        tolerance=0.0,
        origin="closed form",
        convention="mean over all pixels",
    )


class Median:
    """Minus the median of the similarities."""

    def __init__(self, params: NoParams) -> None:
        self.params = params

    def fit(self, similarities: FloatArray, quality: FloatArray) -> None:
        """Nothing to fit."""

    def predict(self, similarities: FloatArray) -> Prediction:
        """Score without an interval."""
        score = -np.median(similarities, axis=1)
        unknown = np.full_like(score, np.nan)
        return Prediction(score, unknown, unknown)

    def sensitivity(self, similarities: FloatArray) -> FloatArray:
        """One for the middle similarity, shared where there are two."""
        order = np.argsort(np.argsort(similarities, axis=1), axis=1)
        count = similarities.shape[1]
        middle = {(count - 1) // 2, count // 2}
        return np.where(np.isin(order, list(middle)), -1.0 / len(middle), 0.0)

    def state(self) -> Mapping[str, Any]:
        """Empty: nothing is fitted."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to take back."""


class NearestMean:
    """Each type's probability falls with the distance from its mean similarities."""

    def __init__(self, params: NoParams) -> None:
        self.means: dict[str, list[float]] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        """The types seen."""
        return tuple(self.means)

    def fit(self, similarities: FloatArray, types: Sequence[str]) -> None:
        """Take the means."""
        labels = np.array(types)
        self.means = {str(kind): similarities[labels == kind].mean(axis=0).tolist() for kind in np.unique(labels)}

    def probabilities(self, similarities: FloatArray) -> FloatArray:
        """Shares of ``exp(-distance)``."""
        near = [np.exp(-np.abs(similarities - mean).mean(axis=1)) + 1e-300 for mean in self.means.values()]
        return np.stack(near, axis=1) / np.sum(near, axis=0)[:, None]

    def state(self) -> Mapping[str, Any]:
        """The means."""
        return dict(self.means)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the means back."""
        self.means = dict(state)


class ScoredNames:
    """Reads a folder of images named CONTENT_SCORE.png."""

    def __init__(self, params: NoParams) -> None:
        self.params = params

    def read(self, root: Path) -> Ratings:
        """The images of the folder."""
        parts = [(path.name, *path.stem.rsplit("_", 1)) for path in sorted(root.glob("*_*.png"))]
        if not parts:
            raise DatasetError(f"{root}: holds no image named CONTENT_SCORE.png")
        images = tuple(
            RatedImage(
                image=name, content=content, score=float(score), distortion="GB" if float(score) < 50 else "none"
            )
            for name, content, score in parts
        )
        return Ratings(images=images, score_type="mos", range=(0, 100))


class First:
    """Proposes the first candidates of the space."""

    def __init__(self, params: NoParams) -> None:
        self.params = params

    def propose(self, task: SearchTask) -> Generator[Proposal, Mapping[int, float], None]:
        """One proposal, on all images."""
        yield Proposal(tuple(range(min(task.budget or 0, len(task.candidates)))))


class VeiMaximum:
    """The largest value of the image's VEI, which says what its magnitude alone is worth."""

    def __init__(self, params: NoParams) -> None:
        self.params = params

    def branch(self, branch: Mapping[str, Any]) -> Mapping[str, Any]:
        """The branch itself."""
        return branch

    def value(self, pair: Pair) -> float:
        """The maximum."""
        return float(pair.image_vei.max())
