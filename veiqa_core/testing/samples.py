"""What components are tried on: the same images, maps and numbers every time; and how each kind is tried.

A probe runs a component once on the samples and gives its output as bytes, so that two runs can be compared.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contracts import FloatArray, Network, Pair, SearchTask, Target, View
from ..errors import DatasetError, IncompatibleError, WeightsError
from ..extension.registry import installed
from ..measuring.branches.views import PassView
from ..measuring.runtimes.eager import TorchPass
from ..recipes.recipe import Branch
from .kit import CheckFailed, NotHere, Subject

CPU = torch.device("cpu")


def images(count: int = 3, height: int = 72, width: int = 88, seed: int = 1) -> Tensor:
    """Images ``[count, 3, height, width]`` of 8-bit values: waves with noise, so that every PRI changes them."""
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    phase = torch.rand(count, 3, 1, 1, generator=generator) * 6
    waves = 0.5 + 0.25 * torch.sin(x / 3 + phase) * torch.cos(y / 5 - phase)
    noise = 0.2 * (torch.rand(count, 3, height, width, generator=generator) - 0.5)
    return ((waves + noise).clamp(0, 1) * 255).round() / 255


def least_side(of: Subject) -> int:
    """The smallest side of an image that a method takes."""
    side: int = of.traits["min_size"]
    return side


def method_images(of: Subject, count: int = 3, height: int = 72, width: int = 88) -> Tensor:
    """:func:`images` of sides that a method takes."""
    least = least_side(of)
    return images(count, max(height, least), max(width, least))


def maps(side: int, count: int = 6, seed: int = 2) -> tuple[Tensor, Tensor]:
    """Two batches of maps ``[count, side + 3, side + 9]`` float64 in [0, 1]: even, sparse and peaked ones."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.rand(2, count, side + 3, side + 9, dtype=torch.float64, generator=generator)
    x[1::3], y[1::3] = x[1::3] ** 6, y[1::3] ** 6
    x[2::3] = torch.where(x[2::3] > 0.9, x[2::3], 0.0)
    y[2::3] = torch.where(y[2::3] > 0.9, y[2::3], 0.0)
    return x, y


def rated(count: int, branches: int, seed: int = 3) -> tuple[FloatArray, FloatArray]:
    """Similarities ``[count, branches]``, and quality that falls with them."""
    rng = np.random.default_rng(seed)
    similarities = rng.uniform(10, 50, (count, branches))
    return similarities, 90 - similarities.mean(axis=1) + rng.normal(0, 1, count)


@functools.cache
def networks() -> Mapping[str, Network]:
    """Small untrained networks that explainers are tried on."""
    wanted = {"an EfficientNet": "test_efficientnet", "a residual network": "test_resnet"}
    return {
        label: installed().part("extractor", "veiqa:timm", {"model": model, "weights": "random:0"}).create().open(CPU)
        for label, model in wanted.items()
    }


def served(of: Subject) -> dict[str, Network]:
    """Those networks that an explainer does not refuse."""
    explainer, found, refused = of.make(), {}, []
    for label, network in networks().items():
        try:
            if hasattr(explainer, "check"):
                explainer.check(network, network.default_layer)
        except IncompatibleError as error:
            refused.append(str(error))
            continue
        found[label] = network
    if not found:
        raise CheckFailed(f"refuses every network that it is tried on: {refused[0]}")
    return found


def view(of: Subject, network: Network, batch: Tensor, target: Target | None = None) -> View:
    """What an explainer sees of a batch; of a target, or of the top class."""
    uses, layer = of.traits["uses"], network.default_layer
    image_pass = TorchPass(network, batch, activations=[layer], gradients=[layer], pixels="input_gradients" in uses)
    return PassView(image_pass, layer, target or image_pass.choose_target("top"), uses)


@functools.lru_cache(maxsize=1)  # the checks of one component follow each other
def opened(of: Subject) -> Network:
    """An extractor's network: with its own weights, or where these are not here with random ones if it takes them."""
    return open_anew(of)


def open_anew(of: Subject) -> Network:
    """The same, without what another check may have left."""
    try:
        network: Network = of.make().open(CPU)
    except WeightsError as missing:
        if not hasattr(of.part.params, "weights"):
            raise
        try:
            network = of.make(weights="random:0").open(CPU)
        except Exception:  # its own rule for the parameter, or anything else
            raise NotHere(str(missing)) from missing
    return network


def pair() -> Pair:
    """An image and its PRI with maps, for controls."""
    image, pri = images(2)[:, None]
    return Pair(image, pri, image[:, 0], pri[:, 0], 0.5, lambda x, y: float((x - y).abs().mean()))


def proposals(strategy: Any, task: SearchTask) -> list[Any]:
    """All proposals, each answered with figures that favour the last candidates; every fifth fails."""
    made, dialogue, answer = [], strategy.propose(task), None
    while True:
        try:
            made.append(next(dialogue) if answer is None else dialogue.send(answer))
        except StopIteration:
            return made
        answer = {index: index / 10 for index in made[-1].candidates if index % 5}


def task(budget: int | None = 7, folder: Path | None = None) -> SearchTask:
    """A search of 28 candidates."""
    candidates = [{"pri": f"p{i % 4}", "metric": f"m{i // 4}"} for i in range(28)]
    return SearchTask(candidates, budget, 2**40 + 1, folder)


def probe(of: Subject) -> bytes:
    """The component's output on the samples, as bytes."""
    return _PROBES[of.kind](of)


def _pri(of: Subject) -> bytes:
    return bytes(of.make().generate(images(), [5, 6, 7]).numpy().tobytes())


def _extractor(of: Subject) -> bytes:
    network = open_anew(of)
    side = max(64, network.min_size)
    with torch.no_grad():
        return bytes(network(images(1, side, side + 8)).numpy().tobytes())


def _explainer(of: Subject) -> bytes:
    return b"".join(
        of.make().explain(view(of, network, images(1))).detach().numpy().tobytes() for network in served(of).values()
    )


def _metric(of: Subject) -> bytes:
    return bytes(of.make().compare(*maps(of.traits.get("min_size", 4))).numpy().tobytes())


def _method(of: Subject) -> bytes:
    return bytes(of.make().measure(method_images(of)).numpy().tobytes())


def _mapper(of: Subject) -> bytes:
    similarities, quality = rated(60, branches(of))
    mapper = of.make()
    mapper.fit(similarities, quality)
    predicted = mapper.predict(similarities)
    return bytes(predicted.score.tobytes() + predicted.low.tobytes() + predicted.high.tobytes())


def branches(of: Subject) -> int:
    """How many branches a mapper is tried with."""
    return 1 if of.traits["branches"] == "one" else 3


def _classifier(of: Subject) -> bytes:
    classifier = of.make()
    similarities, types = typed()
    classifier.fit(similarities, types)
    return bytes(classifier.probabilities(similarities).tobytes())


def typed(count: int = 90) -> tuple[FloatArray, list[str]]:
    """Similarities ``[count, 3]`` of three types, each with one branch that reveals it."""
    rng = np.random.default_rng(4)
    kinds = [("GB", "WN", "JPEG")[index % 3] for index in range(count)]
    similarities = rng.normal(0, 1, (count, 3)) + 6 * np.eye(3)[np.arange(count) % 3]
    return similarities, kinds


def _dataset(of: Subject) -> bytes:
    if of.data is not None:
        return repr(of.make().read(of.data)).encode()
    try:
        of.make().read(Path("a folder that is not there"))
    except DatasetError as error:
        return str(error).encode()
    return b""


def _strategy(of: Subject) -> bytes:
    return repr(proposals(of.make(), task())).encode()


def _control(of: Subject) -> bytes:
    table = of.make().branch(Branch.read({"pri": "veiqa:jpeg"}, "probe").write())
    return repr((dict(table), of.make().value(pair()))).encode()


_PROBES: Mapping[str, Callable[[Subject], bytes]] = {
    "pri": _pri,
    "extractor": _extractor,
    "explainer": _explainer,
    "metric": _metric,
    "method": _method,
    "mapper": _mapper,
    "classifier": _classifier,
    "dataset": _dataset,
    "strategy": _strategy,
    "control": _control,
}
