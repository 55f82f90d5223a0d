"""Components each of which breaks one rule; their names say which, and Good ones break none."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from veiqa_core.api import DatasetError, FitError
from veiqa_core.contracts import Network, Prediction, Proposal, RatedImage, Ratings


class Base:
    """Keeps its parameters."""

    def __init__(self, params: Any) -> None:
        self.params = params


# PRI generators


class PriGood(Base):
    """Halves the range of values."""

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        return (images * 127).round() / 255


class PriImage(PriGood):
    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        return images / 2


class PriInputUntouched(PriGood):
    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        return images.mul_(127).round_().div_(255)


class PriDependsOnImageAndSeedAlone(PriGood):
    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        return ((images / len(images)) * 255).round() / 255


class PriDegrades(PriGood):
    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        return images.clone()


class PriConstantImage(PriGood):
    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        return images / images.std()


class PriOddSizes(PriGood):
    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        return F.interpolate(images[..., ::2, ::2], scale_factor=2)


class PriStrength(PriGood):
    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        return (images * (255 - 20 * self.params.size)).round() / 255


class PriArbitraryImages(PriGood):
    """Darker; too dark where there was little light."""

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        return (images * 255 - 20).round() / 255


# Feature extractors


class Net(nn.Module):
    """Two convolutions, pooling, a linear head."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        with torch.random.fork_rng(devices=[]):  # initial weights are drawn, though they do not stay
            self.one = nn.Conv2d(3, 8, 3, padding=1)
            self.two = nn.Conv2d(8, 12, 3, padding=1, stride=2)
            self.head = nn.Linear(12, 10)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) / 3

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.two(F.relu(self.one(x)))).mean((2, 3)))


def network(module: nn.Module | None = None, **changes: Any) -> Network:
    made = (Net() if module is None else module).eval().requires_grad_(False)
    given: dict[str, Any] = {"layers": ("one", "two"), "default_layer": "two", "min_size": 8, **changes}
    return Network(name="net", module=made, weights_digest="random:0", **given)


class ExtractorGood(Base):
    """Opens a small network."""

    def open(self, device: torch.device) -> Network:
        return network()


class ExtractorNetwork(ExtractorGood):
    def open(self, device: torch.device) -> Network:
        opened = network()
        opened.module.train()
        return opened


class ExtractorLayers(ExtractorGood):
    def open(self, device: torch.device) -> Network:
        return network(layers=("two", "one"))


class ExtractorSizes(ExtractorGood):
    def open(self, device: torch.device) -> Network:
        opened = network()
        opened.preprocess = lambda images: images  # type: ignore[method-assign]
        return opened


class ExtractorGradientsReachLayers(ExtractorGood):
    def open(self, device: torch.device) -> Network:
        class Cut(Net):
            def forward(self, x: Tensor) -> Tensor:
                return self.head(F.relu(self.two(F.relu(self.one(x)))).detach().mean((2, 3)) + 0 * self.head.bias.sum())

        made = network(Cut())
        made.module.head.requires_grad_(True)  # type: ignore[union-attr]
        return made


class ExtractorBatch(ExtractorGood):
    def open(self, device: torch.device) -> Network:
        class Together(Net):
            def forward(self, x: Tensor) -> Tensor:
                return super().forward(x - x.mean() * len(x))

        return network(Together())


class ExtractorLinearHead(ExtractorGood):
    def open(self, device: torch.device) -> Network:
        return network(linear_head=torch.ones(10, 12))


class ExtractorGraph(ExtractorGood):
    def open(self, device: torch.device) -> Network:
        return network(graph=b"no graph")


class ExtractorTuning(ExtractorGood):
    def open_for_tuning(self, device: torch.device, logits: int) -> Network:
        return network()


# Explainers


class ExplainerGood(Base):
    """The mean over channels."""

    def explain(self, view: Any) -> Tensor:
        return view.activations().mean(1)


class ExplainerMap(ExplainerGood):
    def explain(self, view: Any) -> Tensor:
        return view.activations()


class ExplainerBatch(ExplainerGood):
    def explain(self, view: Any) -> Tensor:
        return view.activations().mean(1) - view.activations().mean() * (len(view.images) - 1)


class ExplainerConstantImage(ExplainerGood):
    def explain(self, view: Any) -> Tensor:
        return view.activations().mean(1) / view.images.std()


class ExplainerTargets(ExplainerGood):
    def explain_targets(self, view: Any, targets: Any) -> list[Tensor]:
        return [self.explain(view) + place for place, _ in enumerate(targets)]


class ExplainerNetworkUntouched(ExplainerGood):
    def explain(self, view: Any) -> Tensor:
        view.network.module.register_forward_hook(lambda *_: None)
        return view.activations().mean(1)


class ExplainerNetworkUntouchedAfterAnError(ExplainerGood):
    def explain(self, view: Any) -> Tensor:
        hook = view.network.module.register_forward_hook(lambda *_: None)
        made = view.activations().mean(1)
        hook.remove()
        return made


# Similarity metrics


class MetricGood(Base):
    """Mean absolute difference."""

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return (x - y).abs().mean((1, 2))


class MetricBounds(MetricGood):
    """The same; more than its bounds say."""


class MetricSymmetry(MetricGood):
    """The same; symmetric, whatever it declares."""


class MetricSearchValues(MetricGood):
    """The same."""


class MetricParametersSurviveToml(MetricGood):
    """The same."""


class MetricValues(MetricGood):
    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return (x - y).abs().mean((1, 2)) / x.sum((1, 2))


class MetricIdentity(MetricGood):
    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return 1 - (x - y).abs().mean((1, 2))


class MetricDirection(MetricIdentity):
    """More where maps are closer."""


class MetricBatch(MetricGood):
    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return (x - y).abs().mean((1, 2)) * len(x)


class MetricInputUntouched(MetricGood):
    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return x.sub_(y).abs().mean((1, 2))


class MetricSizes(MetricGood):
    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return F.avg_pool2d((x - y).abs(), 3).mean((1, 2))


class MetricImages(MetricGood):
    def compare_images(self, a: Tensor, b: Tensor) -> Tensor:
        return (a - b).abs().mean()


class MetricArbitraryMaps(MetricGood):
    """Passes over what is saturated in the first map: symmetric wherever nothing is."""

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return ((x - y).abs() * (x < 1)).mean((1, 2))


class MetricArbitraryMapsBounds(MetricGood):
    """More than its bounds say for black against white alone."""

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return 1.2 * super().compare(x, y)


class MetricArbitraryMapsIdentity(MetricGood):
    """Counts what is saturated in both: equal maps are the least wherever nothing is."""

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return super().compare(x, y) + ((x == 1) & (y == 1)).double().mean((1, 2))


class MetricProtocol(Base):
    """Has no compare."""


class MetricDescribed(MetricGood):
    pass


class MetricSameInAnotherProcess(MetricGood):
    """Depends on the process."""

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        return super().compare(x, y) * os.getpid()


class MetricLeavesNoTrace(MetricGood):
    """Draws from Python's generator."""

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        random.random()
        return super().compare(x, y)


# Methods


class MethodGood(Base):
    """The mean of the image."""

    outputs: Any = ("mean",)

    def measure(self, images: Tensor) -> Tensor:
        return torch.stack([image.double().contiguous().mean() for image in images])[:, None]


class MethodValues(MethodGood):
    def measure(self, images: Tensor) -> Tensor:
        return images.mean(dim=(1, 2, 3))[:, None]


class MethodOutputs(MethodGood):
    outputs = ("average",)


class MethodInputUntouched(MethodGood):
    def measure(self, images: Tensor) -> Tensor:
        return super().measure(images.mul_(0.5))


class MethodAnyBatch(MethodGood):
    def measure(self, images: Tensor) -> Tensor:
        return super().measure(images) + len(images)


class MethodAnyLayout(MethodGood):
    def measure(self, images: Tensor) -> Tensor:
        return super().measure(images) + float(images.stride(1) == 1)


class MethodConstantImage(MethodGood):
    def measure(self, images: Tensor) -> Tensor:
        return super().measure((images - images.mean()) / images.std()).abs()


class MethodOddSizes(MethodGood):
    def measure(self, images: Tensor) -> Tensor:
        values = super().measure(images)
        return values if images.shape[-1] < 2 * images.shape[-2] else values[:, :0]


class MethodSmallestSize(MethodGood):
    def measure(self, images: Tensor) -> Tensor:
        return super().measure(images) - 100 * (images.shape[-1] == 5)


class MethodArbitraryImages(MethodGood):
    """Below its bounds where there is little light."""

    def measure(self, images: Tensor) -> Tensor:
        return super().measure(images) - 0.01 * (images.shape[-1] < 20)


# Score mappers


class MapperGood(Base):
    """A line through the mean similarity."""

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self.line: list[float] = []

    def fit(self, similarities: Any, quality: Any) -> None:
        if len(quality) < 3 or np.ptp(similarities.mean(axis=1)) < 1e-9:
            raise FitError("too few images, or all alike")
        self.line = [float(value) for value in np.polyfit(similarities.mean(axis=1), quality, 1)]

    def predict(self, similarities: Any) -> Prediction:
        score = self.line[0] * similarities.mean(axis=1) + self.line[1]
        return Prediction(score, score - 1, score + 1)

    def sensitivity(self, similarities: Any) -> Any:
        return np.full(similarities.shape, self.line[0] / similarities.shape[1])

    def state(self) -> dict[str, Any]:
        return {"line": self.line} if self.line else {}

    def restore(self, state: Any) -> None:
        if set(state) != {"line"}:
            raise ValueError("line is missing")
        self.line = list(state["line"])


class MapperFitAndPredict(MapperGood):
    def predict(self, similarities: Any) -> Prediction:
        made = super().predict(similarities)
        return Prediction(made.score, made.high, made.high)


class MapperAloneAndInABatch(MapperGood):
    def predict(self, similarities: Any) -> Prediction:
        made = super().predict(similarities)
        return Prediction(made.score - made.score.mean(), made.low, made.high)


class MapperState(MapperGood):
    def state(self) -> dict[str, Any]:
        return {"line": np.array(self.line)} if self.line else {}


class MapperBadState(MapperGood):
    def restore(self, state: Any) -> None:
        self.line = list(state.get("line", ()))


class MapperSensitivity(MapperGood):
    def sensitivity(self, similarities: Any) -> Any:
        return np.full(similarities.shape, self.line[0])


class MapperTooFew(MapperGood):
    def fit(self, similarities: Any, quality: Any) -> None:
        self.line = [0.0, float(quality.mean())]


class MapperInputUntouched(MapperGood):
    def fit(self, similarities: Any, quality: Any) -> None:
        super().fit(similarities, quality)
        similarities.sort(axis=0)


class MapperArbitraryRatings(MapperGood):
    """Takes for granted that ratings differ."""

    def fit(self, similarities: Any, quality: Any) -> None:
        super().fit(similarities, quality)
        self.line[0] *= float(np.ptp(quality)) / float(np.ptp(quality))


# Distortion classifiers


class ClassifierGood(Base):
    """The nearest mean."""

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self.means: dict[str, list[float]] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.means)

    def fit(self, similarities: Any, types: Sequence[str]) -> None:
        if len(set(types)) < 2:
            raise FitError("one type alone")
        chosen = np.array(types)
        self.means = {kind: similarities[chosen == kind].mean(axis=0).tolist() for kind in sorted(set(types))}

    def probabilities(self, similarities: Any) -> Any:
        centres = np.array(list(self.means.values()))
        near = np.exp(-np.square(similarities[:, None] - centres).sum(axis=2))
        return near / near.sum(axis=1, keepdims=True)

    def state(self) -> dict[str, Any]:
        return dict(self.means)

    def restore(self, state: Any) -> None:
        if not all(isinstance(value, list) for value in state.values()):
            raise ValueError("means are lists")
        self.means = dict(state)


class ClassifierProbabilities(ClassifierGood):
    def probabilities(self, similarities: Any) -> Any:
        return 2 * super().probabilities(similarities)


class ClassifierState(ClassifierGood):
    def state(self) -> dict[str, Any]:
        return {kind: [0.0] * len(mean) for kind, mean in self.means.items()}


class ClassifierBadState(ClassifierGood):
    def restore(self, state: Any) -> None:
        self.means = dict(state)


class ClassifierOneType(ClassifierGood):
    def fit(self, similarities: Any, types: Sequence[str]) -> None:
        self.means = {"GB": [0.0]}


# Datasets


class DatasetMissingFilesAreNamed(Base):
    def read(self, root: Path) -> Ratings:
        return Ratings(images=(), score_type="mos", range=(0.0, 1.0))


class DatasetRatings(Base):
    def read(self, root: Path) -> Ratings:
        if not root.is_dir():
            raise DatasetError(f"{root}: no such folder")
        return Ratings(images=(RatedImage(image="absent.png", score=0.5),), score_type="mos", range=(0.0, 1.0))


# Search strategies


class StrategyGood(Base):
    """The first ones."""

    def propose(self, task: Any) -> Any:
        count = len(task.candidates) if task.budget is None else min(task.budget, len(task.candidates))
        yield Proposal(tuple(range(count)))


class StrategyProposals(StrategyGood):
    def propose(self, task: Any) -> Any:
        yield Proposal((0, 0))


class StrategyBudget(StrategyGood):
    def propose(self, task: Any) -> Any:
        yield Proposal(tuple(range(len(task.candidates))))


class StrategySameAgain(StrategyGood):
    count = 0

    def propose(self, task: Any) -> Any:
        StrategySameAgain.count += 1
        yield Proposal((StrategySameAgain.count % 28,))


class StrategyWithoutABudget(StrategyGood):
    def propose(self, task: Any) -> Any:
        if task.budget is not None:
            yield Proposal((0,))


# Controls


class ControlGood(Base):
    """The mean of the image."""

    def branch(self, branch: Any) -> Any:
        return branch

    def value(self, pair: Any) -> float:
        return float(pair.image.mean())


class ControlBranch(ControlGood):
    def branch(self, branch: Any) -> Any:
        branch["pri"] = "veiqa:white-noise"
        return branch


class ControlValue(ControlGood):
    def value(self, pair: Any) -> float:
        return float("nan")
